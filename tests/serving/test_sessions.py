"""From claims to a person: who comes in, as whom, with which role, and for how long."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event

from llmtrack.ledger import Ledger, LedgerError, open_ledger, people
from llmtrack.ledger.maintenance.erasure import erase
from llmtrack.serving.identity import (
    NotAllowed,
    NotSignedIn,
    Viewer,
    caller,
    header_viewer,
    sign_out,
    signed_in_viewer,
)
from llmtrack.settings import Settings, get_settings
from tests.ledger.making import NOON, generation, said

ISSUER = "https://id.example.com"


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger."""
    return open_ledger()


@pytest.fixture
def each_ledger(ledger_url: str) -> Ledger:
    """An empty ledger, on each database: for what the databases could do differently."""
    return open_ledger(ledger_url)


def token(subject: str = "1", issued: float = -10, **claims: Any) -> dict[str, Any]:
    """An ID token's claims as Streamlit hands them over; `issued` is seconds from now."""
    mail = {"email": f"user{subject}@example.com", "email_verified": True}
    plain = {"is_logged_in": True, "iss": ISSUER, "sub": subject, "iat": int(time.time() + issued)}
    return {**plain, **mail, "name": f"User {subject}", **claims}


def enter(ledger: Ledger, claims: Mapping[str, Any], **settings: Any) -> Viewer:
    return signed_in_viewer(ledger, claims, Settings(sign_in="oidc", **settings))


def log(ledger: Ledger) -> list[tuple[str, str, str | None]]:
    return [(entry.actor, entry.action, entry.subject) for entry in people.audit_log(ledger)]


def test_somebody_new_comes_in_as_a_user_with_their_verified_address(ledger: Ledger) -> None:
    cookie = token("1", email="Alice@Example.com", name="Alice")
    me = enter(ledger, cookie)
    assert (me.id, me.name, me.role, me.is_admin, me.ids) == (
        "alice@example.com", "Alice", "user", False, ("alice@example.com",),
    )  # fmt: skip
    assert log(ledger) == [("alice@example.com", "sign in", "alice@example.com")]
    assert enter(ledger, cookie).person == me.person
    assert len(log(ledger)) == 1, "the same sign-in is recorded once"


@pytest.mark.parametrize("verified", [False, None, "false"])
def test_an_address_that_nobody_verified_is_not_recorded_as_the_user(ledger: Ledger, verified: object) -> None:
    assert enter(ledger, token("abc", email="root@example.com", email_verified=verified)).id == "abc"


def test_another_claim_can_be_the_user_id(ledger: Ledger) -> None:
    assert enter(ledger, token(preferred_username="al"), user_id_claim="preferred_username").id == "al"


def test_nobody_is_nobody(ledger: Ledger) -> None:
    for claims in ({}, {"is_logged_in": False}, {"is_logged_in": "yes", **token()} | {"is_logged_in": "yes"}):
        with pytest.raises(NotSignedIn, match="Sign in to use llmtrack"):
            enter(ledger, claims)
    with pytest.raises(NotAllowed, match="did not say who you are"):
        enter(ledger, token(sub=None))
    assert people.people(ledger) == []


def test_a_user_id_belongs_to_who_had_it_first_and_an_admin_is_told(ledger: Ledger) -> None:
    first = enter(ledger, token("1", email="a@x"))
    second = enter(ledger, token("2", email="a@x"))
    assert (first.id, second.id) == ("a@x", "a@x (2)")
    assert second.ids == ("a@x (2)",)
    assert enter(ledger, token("3", email="a@x")).id == "a@x (3)"
    conflicts = people.user_id_conflicts(ledger)
    assert [(one["claimed"], one["given"]) for one in conflicts] == [("a@x", "a@x (3)"), ("a@x", "a@x (2)")]
    assert enter(ledger, token("2", email="a@x", issued=-5)).id == "a@x (2)", "and so it stays"


def test_a_suffixed_id_is_none_that_calls_were_recorded_under(ledger: Ledger) -> None:
    ledger.write([generation(NOON, user_id="a@x (2)")])
    enter(ledger, token("1", email="a@x"))
    assert enter(ledger, token("2", email="a@x")).id == "a@x (3)"


def test_an_address_that_changed_is_theirs_beside_the_old_one(each_ledger: Ledger) -> None:
    ledger = each_ledger
    before = enter(ledger, token("1", email="old@x"))
    after = enter(ledger, token("1", email="new@x", issued=-5))
    assert (after.person, after.id, after.ids) == (before.person, "old@x", ("old@x", "new@x"))
    assert enter(ledger, token("2", email="new@x")).id == "new@x (2)"
    assert enter(ledger, token("3", email="old@x")).id == "old@x (2)"


def test_an_admin_is_who_the_settings_name_by_user_id_or_group(ledger: Ledger) -> None:
    assert enter(ledger, token("1", email="root@x"), admins="root@x").role == "admin"
    assert enter(ledger, token("2", groups=["staff", "it"]), admin_groups=("it",)).role == "admin"
    assert enter(ledger, token("3", email="root@x"), admins="root@x").role == "user", "the id was another's"
    assert enter(ledger, token("4", email="root@x", email_verified=False), admins="root@x").role == "user"


def test_a_role_that_an_admin_gave_holds_at_the_next_rerun_and_against_the_settings(ledger: Ledger) -> None:
    me = enter(ledger, token("1", email="a@x"))
    assert me.person is not None
    people.set_role(ledger, me.person, "admin", by="root")
    assert enter(ledger, token("1", email="a@x")).is_admin
    people.set_role(ledger, me.person, "user", by="root")
    assert not enter(ledger, token("1", email="a@x"), admins="a@x").is_admin
    changes = [entry.detail for entry in people.audit_log(ledger, people.AuditFilter(action="role"))]
    assert changes == [{"before": "admin", "after": "user"}, {"before": None, "after": "admin"}]


def test_who_is_not_on_the_list_stays_outside_and_is_noted_once(ledger: Ledger) -> None:
    lists = {"allowed_domains": "@firm.com", "allowed_users": "guest@x", "allowed_groups": "partners"}
    outside = token("1", email="eve@evil.com")
    for _ in range(3):
        with pytest.raises(NotAllowed, match="not among the people who may use this server"):
            enter(ledger, outside, **lists)
    with pytest.raises(NotAllowed):
        enter(ledger, token("2", email="eve@firm.com", email_verified=False), **lists)
    assert people.people(ledger) == []
    assert log(ledger) == [("2", "sign in refused", "2"), ("eve@evil.com", "sign in refused", "eve@evil.com")]
    assert enter(ledger, token("3", email="kim@Firm.com"), **lists).id == "kim@firm.com"
    assert enter(ledger, token("4", email="guest@x"), **lists).id == "guest@x"
    assert enter(ledger, token("5", groups=["partners"]), **lists).id == "user5@example.com"


def test_who_was_shut_out_is_out_at_the_next_rerun(ledger: Ledger) -> None:
    me = enter(ledger, token("1"))
    assert me.person is not None
    people.set_disabled(ledger, me.person, True, by="root")
    with pytest.raises(NotAllowed, match="shut this account out"):
        enter(ledger, token("1"))
    with pytest.raises(NotAllowed):
        enter(ledger, token("1", issued=0))
    people.set_disabled(ledger, me.person, False, by="root")
    assert enter(ledger, token("1")).person == me.person


def test_signing_out_ends_every_cookie_of_theirs_and_nobody_elses(each_ledger: Ledger) -> None:
    ledger = each_ledger
    mine, other_machine, another = token("1"), token("1", issued=-7200), token("2")
    me = enter(ledger, mine)
    enter(ledger, another)
    sign_out(ledger, me)
    for cookie in (mine, other_machine):
        with pytest.raises(NotSignedIn, match="This session was ended"):
            enter(ledger, cookie)
    assert enter(ledger, another).id == "user2@example.com"
    assert enter(ledger, token("1", issued=2)).person == me.person, "a new sign-in is another session"


def test_a_provider_whose_clock_is_ahead_does_not_keep_a_session_alive(ledger: Ledger) -> None:
    ahead = token("1", issued=120)
    sign_out(ledger, enter(ledger, ahead))
    with pytest.raises(NotSignedIn):
        enter(ledger, ahead)


def test_a_session_ends_some_hours_after_one_proved_who_one_is(ledger: Ledger) -> None:
    hour = 3600
    assert enter(ledger, token("1", issued=-11.9 * hour)).id
    with pytest.raises(NotSignedIn, match="more than 12 hours ago"):
        enter(ledger, token("1", issued=-12.1 * hour))
    old = int(time.time() - 3 * hour)
    with pytest.raises(NotSignedIn, match="more than 2 hours ago"):
        enter(ledger, token("1", auth_time=old), session_hours=2)
    expired = token("2", exp=int(time.time() - 60))
    assert enter(ledger, expired).id, "the ID token's own end counts at sign-in, which Streamlit checks"


def test_groups_make_members_and_an_admin_makes_leads(each_ledger: Ledger) -> None:
    ledger = each_ledger
    blue = people.add_team(ledger, "blue", from_group="g-blue", by="root")
    red = people.add_team(ledger, "red", by="root")
    me = enter(ledger, token("1", groups=["g-blue"]))
    assert (me.teams, me.leads, me.team, me.role) == (("blue",), (), "blue", "user")
    assert me.person is not None
    people.set_member(ledger, red, me.person, "lead", by="root")
    me = enter(ledger, token("1", groups=["g-blue"]))
    assert (me.teams, me.leads, me.role) == (("blue", "red"), ("red",), "lead")
    me = enter(ledger, token("1", groups=[], issued=-1))
    assert (me.teams, me.leads) == (("red",), ("red",)), "the group is gone, what an admin gave is not"
    assert [(team.name, team.members, team.leads) for team in people.teams(ledger)] == [
        ("blue", (), ()),
        ("red", (me.id,), (me.id,)),
    ]
    people.remove_team(ledger, red, by="root")
    people.remove_team(ledger, blue, by="root")
    assert enter(ledger, token("1", issued=-1)).teams == ()


def test_behind_a_proxy_a_person_is_who_its_header_names(ledger: Ledger) -> None:
    settings = Settings(sign_in="header", admin_groups=("it",))
    me = header_viewer(ledger, {"x-forwarded-email": "Alice@x", "X-Forwarded-Groups": "it, staff"}, settings)
    assert (me.id, me.role, me.expires) == ("alice@x", "admin", None)
    same = header_viewer(ledger, {"X-Forwarded-Email": "alice@x", "X-Forwarded-Groups": "staff"}, settings)
    assert (same.person, same.role) == (me.person, "user")
    with pytest.raises(NotSignedIn, match="did not say who you are"):
        header_viewer(ledger, {}, settings)


def test_a_person_of_another_provider_is_another_person(ledger: Ledger) -> None:
    here, there = enter(ledger, token("1")), enter(ledger, token("1", iss="https://other.example.com"))
    assert here.person != there.person
    assert there.id == "user1@example.com (2)"


def test_who_was_invited_comes_in_whatever_the_list_says_with_their_role_and_team(each_ledger: Ledger) -> None:
    ledger = each_ledger
    blue = people.add_team(ledger, "blue", by="root")
    people.invite(ledger, " Guest@Else.com ", role="admin", team=blue, by="root")
    lists = {"allowed_domains": "@firm.com"}
    with pytest.raises(NotAllowed):
        enter(ledger, token("1", email="other@else.com"), **lists)
    with pytest.raises(NotAllowed):
        enter(ledger, token("2", email="guest@else.com", email_verified=False), **lists)
    me = enter(ledger, token("3", email="guest@else.com"), **lists)
    assert (me.id, me.role, me.teams) == ("guest@else.com", "admin", ("blue",))
    assert enter(ledger, token("3", email="renamed@else.com"), **lists).person == me.person, "and at every rerun"
    with pytest.raises(NotAllowed):  # an invitation lets one person in, not everybody who gets the address after them
        enter(ledger, token("4", email="guest@else.com"), **lists)
    assert people.invitations(ledger) == []
    assert ("root", "invite", "guest@else.com") in log(ledger)


def test_an_invitation_is_taken_back_and_made_once(ledger: Ledger) -> None:
    enter(ledger, token("1", email="here@x"))
    people.invite(ledger, "guest@x", by="root")
    for address, reason in (("guest@x", "invited already"), ("here@x", "signed in already"), (" ", "has no address")):
        with pytest.raises(LedgerError, match=reason):
            people.invite(ledger, address, by="root")
    people.withdraw_invitation(ledger, "guest@x", by="root")
    with pytest.raises(LedgerError, match="is not invited"):
        people.withdraw_invitation(ledger, "guest@x", by="root")
    with pytest.raises(NotAllowed):
        enter(ledger, token("2", email="guest@x"), allowed_domains="firm.com")
    assert log(ledger)[1:3] == [("root", "withdraw invitation", "guest@x"), ("root", "invite", "guest@x")]


def test_an_id_merged_into_a_persons_is_theirs_and_nobody_else_can_claim_it(each_ledger: Ledger) -> None:
    ledger = each_ledger
    ledger.write([generation(NOON, user_id="old@x")])
    me = enter(ledger, token("1", email="new@x"))
    people.merge(ledger, "old@x", "new@x", by="root")
    assert enter(ledger, token("1", email="new@x")).ids == ("new@x", "old@x")
    assert enter(ledger, token("2", email="old@x")).id == "old@x (2)"
    people.undo_merge(ledger, "old@x", by="root")
    assert enter(ledger, token("1", email="new@x")).ids == me.ids == ("new@x",)


def test_an_id_of_somebody_who_signs_in_is_merged_only_while_they_are_shut_out(ledger: Ledger) -> None:
    before = enter(ledger, token("1", email="a@x"))
    after = enter(ledger, token("1", email="a@x", iss="https://new.example.com"))
    assert before.person is not None
    with pytest.raises(LedgerError, match="belongs to somebody who signs in"):
        people.merge(ledger, before.id, after.id, by="root")
    people.set_disabled(ledger, before.person, True, by="root")
    people.merge(ledger, before.id, after.id, by="root")
    assert enter(ledger, token("1", email="a@x", iss="https://new.example.com")).ids == ("a@x (2)", "a@x")
    with pytest.raises(LedgerError, match="undo that before letting them in again"):
        people.set_disabled(ledger, before.person, False, by="root")


def test_erasing_a_person_by_any_of_their_ids_forgets_them_all(each_ledger: Ledger) -> None:
    ledger = each_ledger
    enter(ledger, token("1", email="first@x"))
    enter(ledger, token("1", email="second@x", issued=-5))
    enter(ledger, token("2", email="first@x"))  # another person, who claims it too late
    ledger.write([generation(NOON, user_id=name, input=said(f"I am {name}")) for name in ("first@x", "old@x", "bob")])
    people.merge(ledger, "old@x", "first@x", by="root")
    erased = erase(ledger, "second@x", by="root")
    assert (erased.texts, len(erased.names)) == (2, 2)
    assert [person.user_id for person in people.people(ledger)] == ["first@x (2)"]
    entries = str(people.audit_log(ledger))
    assert [name for name in ("'first@x'", "second@x", "old@x") if name in entries] == []
    ledger.write([generation(NOON, user_id="second@x")])  # from a journal, sent before
    with ledger.reading() as connection:
        users = connection.exec_driver_sql("SELECT DISTINCT user_id FROM generations").scalars().all()
    assert set(users) == {"bob", *erased.names}


def test_who_was_erased_is_no_person_any_more(each_ledger: Ledger) -> None:
    ledger = each_ledger
    me = enter(ledger, token("1", email="a@x"))
    erase(ledger, "a@x", by="root")
    assert people.people(ledger) == []
    assert "a@x" not in str(people.audit_log(ledger))
    assert enter(ledger, token("1", email="a@x")).person != me.person


SECRET = "s" * 40


def cookies(claims: dict[str, Any]) -> dict[str, str]:
    """The cookies that Streamlit's own code sets for these claims."""
    from streamlit.auth_util import set_cookie_with_chunks
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    made: dict[str, str] = {}

    def sign(name: str, value: str) -> bytes:
        return create_signed_value(SECRET, name, value)

    def keep(name: str, value: str) -> None:
        made[name] = sign(name, value).decode()

    set_cookie_with_chunks(keep, sign, "_streamlit_user", claims, cookie_attr_size=80)
    return made


@pytest.mark.parametrize("groups", [1, 800])
def test_a_cookie_of_streamlits_is_read_as_streamlit_reads_it(monkeypatch: pytest.MonkeyPatch, groups: int) -> None:
    monkeypatch.setenv("LLMTRACK_SIGN_IN", "oidc")
    monkeypatch.setenv("LLMTRACK_COOKIE_SECRET", SECRET)
    get_settings.cache_clear()
    claims = token("1", groups=[f"group-{number * 7919}" for number in range(groups)])
    made = cookies(claims)
    assert len(made) > 1 or groups == 1
    assert caller(made, {}) == (ISSUER, "1")
    ledger = open_ledger()
    people.set_disabled(ledger, people.people(ledger)[0].id, True, by="root")
    assert caller(made, {}) is None


def test_a_cookie_that_is_forged_spoilt_or_for_another_name_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_SIGN_IN", "oidc")
    monkeypatch.setenv("LLMTRACK_COOKIE_SECRET", SECRET)
    get_settings.cache_clear()
    (value,) = cookies(token("1")).values()
    forged = URLSafeTimedSerializer("x" * 40, salt="_streamlit_user").dumps('{"is_logged_in": true}')
    elsewhere = URLSafeTimedSerializer(SECRET, salt="_other").dumps('{"is_logged_in": true}')
    middle = len(value) // 2
    tampered = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
    for bad in (forged, elsewhere, tampered, value[:-1], "", "chunks-9"):
        assert caller({"_streamlit_user": bad}, {}) is None, bad
    assert caller({}, {}) is None
    assert (
        caller({"_streamlit_user": URLSafeTimedSerializer(SECRET, salt="_streamlit_user").dumps("chunks-2")}, {})
        is None
    )


def test_a_rerun_asks_the_ledger_for_a_person_three_times_at_most(ledger: Ledger) -> None:
    cookie = token("1")
    enter(ledger, cookie)
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(ledger.engine, "before_cursor_execute", count)
    enter(ledger, cookie)
    event.remove(ledger.engine, "before_cursor_execute", count)
    assert len([statement for statement in statements if statement.startswith("SELECT")]) <= 3
