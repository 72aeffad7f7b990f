"""The audit log: everything that has to be in it is, with who, when, before and after, and nothing ever leaves it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger import Ledger, open_ledger, people, repricing
from llmtrack.ledger.maintenance import Keep, erase, retain
from llmtrack.ledger.price_book import add_price, list_prices, retire_price
from llmtrack.pricing import BookEntry, Cost
from llmtrack.serving.identity import NotAllowed, TokenScope, make_token, sign_out, signed_in_viewer
from llmtrack.settings import Settings
from tests.ledger.making import HOUR, NOON, generation, said

ROOT = Path(__file__).parents[2]
PRICE = BookEntry("price", "ollama", "*", 0, rates={"input": Decimal("0.10"), "output": Decimal("0.30")})
UNPRICED: dict[str, Any] = {"provider": "ollama", "request_model": "llama3", "response_model": "llama3"}


@pytest.fixture
def ledger() -> Ledger:
    return open_ledger()


def enter(ledger: Ledger, name: str) -> Any:
    claims = {"is_logged_in": True, "iss": "https://id", "sub": name, "iat": int(time.time()) - 5}
    settings = Settings(sign_in="oidc", allowed_domains=("x",))
    return signed_in_viewer(ledger, {**claims, "email": f"{name}@{name[-1]}", "email_verified": True}, settings)


def alice(ledger: Ledger) -> people.PersonRecord:
    enter(ledger, "alix")
    (record,) = people.people(ledger)
    return record


def refused(ledger: Ledger) -> None:
    with pytest.raises(NotAllowed):
        enter(ledger, "eve")


def team(ledger: Ledger) -> int:
    return people.add_team(ledger, "blue", by="root")


def change_membership(ledger: Ledger) -> None:
    blue, person = team(ledger), alice(ledger).id
    people.set_member(ledger, blue, person, "member", by="root")
    people.set_member(ledger, blue, person, "lead", by="root")


def change_role(ledger: Ledger) -> None:
    person = alice(ledger).id
    people.set_role(ledger, person, "admin", by="root")
    people.set_role(ledger, person, None, by="root")


def use_token(ledger: Ledger) -> None:
    token = make_token(ledger, enter(ledger, "alix"), "script", [TokenScope.RECORD], days=None)
    people.revoke_token(ledger, token[:13], by="root")


def price(ledger: Ledger) -> None:
    ledger.write([generation(**UNPRICED, cost=Cost("unpriced", reason="no_price"))])
    add_price(ledger, PRICE, by="root")
    number = repricing.apply(ledger, by="root").number
    repricing.undo(ledger, number, by="root")
    retire_price(ledger, list_prices(ledger)[0].entry.id, by="root")


def remove(ledger: Ledger) -> None:
    ledger.write([generation(input=said("long ago"))])
    retain(ledger, Keep(text_days=1), now=NOON + 1000 * HOUR)


def forget(ledger: Ledger) -> None:
    ledger.write([generation(user_id="bob")])
    erase(ledger, "bob", by="root")


def merge(ledger: Ledger) -> None:
    ledger.write([generation(user_id=name) for name in ("old", "new")])
    people.merge(ledger, "old", "new", by="root")
    people.undo_merge(ledger, "old", by="root")


def invite(ledger: Ledger) -> None:
    people.invite(ledger, "g@x", role="admin", by="root")
    people.withdraw_invitation(ledger, "g@x", by="root")


def export(ledger: Ledger) -> None:
    ledger.write([generation()])
    assert CliRunner().invoke(main, ["export", "-", "--where", "user=alice"]).exit_code == 0
    assert CliRunner().invoke(main, ["export", "-", "--metric", "cost"]).exit_code == 0


def shut_out(ledger: Ledger) -> None:
    person = alice(ledger).id
    people.set_disabled(ledger, person, True, by="root")
    people.set_disabled(ledger, person, False, by="root")


# What is done, and the entries that come of it in their order: by whom, what, on whom, before and after.
ME, ROOT_, HERE = "alix@x", "root", "the terminal's user"
DONE: dict[str, tuple[Callable[[Ledger], object], list[tuple[str, str, str | None, Any, Any]]]] = {
    "signing in": (alice, [(ME, "sign in", ME, None, None)]),
    "signing out": (
        lambda ledger: sign_out(ledger, enter(ledger, "alix")),
        [(ME, "sign in", ME, None, None), (ME, "sign out", ME, None, None)],
    ),
    "a refusal": (refused, [("eve@e", "sign in refused", "eve@e", None, None)]),
    "a role": (
        change_role,
        [(ME, "sign in", ME, None, None), (ROOT_, "role", ME, None, "admin"), (ROOT_, "role", ME, "admin", None)],
    ),
    "shutting out": (
        shut_out,
        [(ME, "sign in", ME, None, None), (ROOT_, "disable", ME, None, None), (ROOT_, "enable", ME, None, None)],
    ),
    "an invitation": (
        invite, [(ROOT_, "invite", "g@x", None, None), (ROOT_, "withdraw invitation", "g@x", None, None)],
    ),
    "a team": (
        lambda ledger: people.remove_team(ledger, team(ledger), by="root"),
        [(ROOT_, "team add", "blue", None, None), (ROOT_, "team remove", "blue", None, None)],
    ),
    "a membership": (
        change_membership,
        [
            (ROOT_, "team add", "blue", None, None), (ME, "sign in", ME, None, None),
            (ROOT_, "team member", ME, None, "member"), (ROOT_, "team member", ME, "member", "lead"),
        ],
    ),
    "a token": (
        use_token,
        [(ME, "sign in", ME, None, None), (ME, "token add", "llmt_", None, None),
         (ROOT_, "token revoke", "llmt_", None, None)],
    ),
    "a price, and pricing unpriced calls": (
        price,
        [
            (ROOT_, "price.add", "1", None, None), (ROOT_, "price.apply", "1", None, None),
            (ROOT_, "price.undo", "1", None, None), (ROOT_, "price.retire", "1", None, None),
        ],
    ),
    "retention": (remove, [("retention", "remove", None, None, None)]),
    "an erasure": (forget, [(ROOT_, "erase user", "erased-", None, None)]),
    "merging user ids": (
        merge, [(ROOT_, "merge user id", "old", None, "new"), (ROOT_, "undo merge of user id", "old", "new", None)],
    ),
    "exports of others' data": (
        export, [(HERE, "export", "generations", None, None), (HERE, "export", "answer", None, None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DONE)
def test_what_was_done_is_in_the_log_with_who_on_whom_before_and_after(
    ledger: Ledger, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", HERE)
    began = time.time_ns() // 1000
    work, expected = DONE[what]
    work(ledger)
    log = list(reversed(people.audit_log(ledger)))
    assert len(log) == len(expected), log
    for entry, (actor, action, subject, before, after) in zip(log, expected, strict=True):
        assert (entry.actor, entry.action) == (actor, action)
        assert entry.subject == subject or (entry.subject and entry.subject.startswith(subject or "?"))
        assert (entry.detail.get("before"), entry.detail.get("after")) == (before, after)
        assert began <= entry.at <= time.time_ns() // 1000
        assert entry in people.audit_log(ledger, people.AuditFilter(since=began, action=action, who=actor))
    assert people.audit_log(ledger, people.AuditFilter(until=began)) == []


def test_the_app_appends_to_the_log_and_only_an_erasure_changes_what_is_in_it() -> None:
    changing = re.compile(r"(UPDATE|DELETE FROM) audit\b|(update|delete)\(AUDIT\)")
    sources = [path for room in ("llmtrack", "pages") for path in (ROOT / room).rglob("*.py")]
    changed_in = {path.name for path in sources if changing.search(path.read_text(encoding="utf-8"))}
    assert changed_in == {"erasure.py"}
