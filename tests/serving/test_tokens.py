"""Tokens for programs: what they open, for whom, and when they stop."""

from __future__ import annotations

import hashlib
import time

import pytest
import time_machine

from llmtrack.ledger import Ledger, LedgerError, open_ledger, people
from llmtrack.serving.identity import NotAllowed, TokenScope, Viewer, bearer_of, make_token, signed_in_viewer
from llmtrack.settings import Settings

OIDC = Settings(sign_in="oidc", admins=("root@x",))


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger."""
    return open_ledger()


def person(ledger: Ledger, user: str) -> Viewer:
    """Somebody who signed in."""
    claims = {"iss": "https://id", "sub": user, "email": f"{user}@x", "email_verified": True}
    return signed_in_viewer(ledger, {"is_logged_in": True, "iat": int(time.time()), **claims}, OIDC)


def test_a_token_is_shown_once_and_kept_as_a_digest(ledger: Ledger) -> None:
    me = person(ledger, "alice")
    token = make_token(ledger, me, "  my  script ", [TokenScope.USAGE_READ, TokenScope.RECORD], days=90)
    assert token.startswith("llmt_")
    assert len(token) == len("llmt_") + 43, "256 random bits"
    (record,) = people.tokens(ledger, person=me.person)
    assert (record.prefix, record.name, record.owner, record.scopes, record.last_used_at) == (
        token[:13], "my script", "alice@x", ("usage:read", "record"), None,
    )  # fmt: skip
    assert record.expires_at is not None
    assert abs(record.expires_at / 1e6 - time.time() - 90 * 86400) < 60
    with ledger.reading() as connection:
        row = connection.exec_driver_sql("SELECT * FROM api_token").mappings().one()
    assert row["digest"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(dict(row)) + str(people.audit_log(ledger))
    assert make_token(ledger, me, "other", [TokenScope.RECORD], days=None) != token


def test_a_token_opens_what_its_scopes_say_as_its_owner(ledger: Ledger) -> None:
    me = person(ledger, "alice")
    token = make_token(ledger, me, "script", [TokenScope.USAGE_READ], days=1)
    bearer = bearer_of(ledger, token, TokenScope.USAGE_READ, OIDC)
    assert bearer.viewer is not None
    assert (bearer.viewer.id, bearer.viewer.role) == ("alice@x", "user")
    assert people.tokens(ledger)[0].last_used_at is not None
    with pytest.raises(NotAllowed, match="lacks the scope gateway"):
        bearer_of(ledger, token, TokenScope.GATEWAY, OIDC)


@pytest.mark.parametrize("bad", ["", "llmt_", "llmt_" + "a" * 43])
def test_what_was_never_made_opens_nothing(ledger: Ledger, bad: str) -> None:
    with pytest.raises(NotAllowed, match="This token is not valid"):
        bearer_of(ledger, bad, TokenScope.USAGE_READ, OIDC)


def test_a_token_ends_when_it_expires_is_revoked_or_its_owner_is_shut_out(ledger: Ledger) -> None:
    me = person(ledger, "alice")
    assert me.person is not None
    short, long, third = (
        make_token(ledger, me, name, [TokenScope.RECORD], days=days)
        for name, days in (("a", 1), ("b", None), ("c", None))
    )
    with time_machine.travel(time.time() + 86401):
        with pytest.raises(NotAllowed):
            bearer_of(ledger, short, TokenScope.RECORD, OIDC)
        assert bearer_of(ledger, long, TokenScope.RECORD, OIDC)
    assert people.revoke_token(ledger, long[:13], by="root") == 1
    assert people.revoke_token(ledger, long[:13], by="root") == 0
    with pytest.raises(NotAllowed):
        bearer_of(ledger, long, TokenScope.RECORD, OIDC)
    people.set_disabled(ledger, me.person, True, by="root")
    with pytest.raises(NotAllowed):
        bearer_of(ledger, third, TokenScope.RECORD, OIDC)
    log = [(entry.actor, entry.action, entry.subject) for entry in people.audit_log(ledger)]
    assert log[:2] == [("root", "disable", "alice@x"), ("root", "token revoke", long[:13])]


def test_an_admins_token_reads_everything_only_while_they_are_one(ledger: Ledger) -> None:
    root = person(ledger, "root")
    assert root.person is not None
    token = make_token(ledger, root, "dashboard", [TokenScope.ADMIN_READ], days=None)
    assert bearer_of(ledger, token, TokenScope.ADMIN_READ, OIDC).viewer
    people.set_role(ledger, root.person, "user", by="other")
    with pytest.raises(NotAllowed, match="no admin any more"):
        bearer_of(ledger, token, TokenScope.ADMIN_READ, OIDC)


def test_teams_and_services_have_tokens_that_an_admin_makes(ledger: Ledger) -> None:
    root, alice = person(ledger, "root"), person(ledger, "alice")
    blue = people.add_team(ledger, "blue", by="root@x")
    of_team = make_token(ledger, root, "ci", [TokenScope.RECORD], days=None, team=blue)
    of_service = make_token(ledger, root, "nightly", [TokenScope.RECORD], days=None, service="etl")
    assert (bearer := bearer_of(ledger, of_team, TokenScope.RECORD, OIDC)).viewer is None
    assert (bearer.token.team, bearer.token.owner) == ("blue", None)
    assert bearer_of(ledger, of_service, TokenScope.RECORD, OIDC).token.service == "etl"
    for given in ({"team": blue}, {"service": "etl"}):
        with pytest.raises(LedgerError, match="Only an admin can make tokens of teams and services"):
            make_token(ledger, alice, "mine", [TokenScope.RECORD], days=None, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "scopes", "days", "said"),
    [
        (" ", [TokenScope.RECORD], 1, "has no name"),
        ("x", [], 1, "may do nothing"),
        ("x", [TokenScope.RECORD], 0, "cannot be valid for 0 days"),
        ("x", [TokenScope.ADMIN_READ], 1, "Only an admin"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_with_the_way_out(
    ledger: Ledger, name: str, scopes: list[TokenScope], days: int, said: str
) -> None:
    with pytest.raises(LedgerError, match=said):
        make_token(ledger, person(ledger, "alice"), name, scopes, days=days)


def test_one_person_cannot_revoke_anothers_token(ledger: Ledger) -> None:
    alice, bob = person(ledger, "alice"), person(ledger, "bob")
    token = make_token(ledger, alice, "script", [TokenScope.RECORD], days=None)
    with pytest.raises(LedgerError, match="There is no token"):
        people.revoke_token(ledger, token[:13], by=bob.id, person=bob.person)
    assert bearer_of(ledger, token, TokenScope.RECORD, OIDC)
