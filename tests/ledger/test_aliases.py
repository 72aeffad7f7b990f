"""User ids merged into another: questions answer as if their calls had been recorded under it, and nothing is rewritten."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from llmtrack.ledger import Ledger, LedgerError, open_ledger, people
from llmtrack.ledger.lists import generations, users
from llmtrack.ledger.maintenance import Keep, erase, retain, verify
from llmtrack.ledger.metrics import Filter, ask
from llmtrack.ledger.records import Generation, Identity
from tests.ledger.making import HOUR, NOON, generation, random_generation

DAY = 24 * HOUR
NUMBERS = [
    "cost", "unpriced", "messages", "total_tokens", "users", "traces", "sessions", "duration_p95", "cost_per_user",
    "cost_per_user_p95", "error_rate",
]  # fmt: skip
QUESTIONS: list[tuple[list[str], Any]] = [
    ([], {}),
    (["user"], {}),
    (["day"], {}),
    (["day", "user"], {}),
    (["user", "model"], {"status": "ok"}),
    (["hour"], {"user": "alice"}),
    (["model"], {"user": "bob"}),
    (["provider"], {"user": ["bob", None]}),
    (["user"], [Filter("user", ("alice",), negated=True)]),
    (["user.plan"], {}),
    (["user"], {"user.plan": "pro"}),
    (["group"], {"property.plan": "pro", "user": "alice"}),
]


def records(count: int = 150) -> list[Generation]:
    chance = random.Random(13)
    return [random_generation(chance, NOON, NOON + 5 * DAY) for _ in range(count)]


@pytest.fixture
def as_if(tmp_path: Path) -> Ledger:
    """A ledger in which bob's calls were alice's from the beginning."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'as_if.db'}")
    rows = records()
    ledger.write([dataclasses.replace(row, user_id="alice") if row.user_id == "bob" else row for row in rows])
    ledger.write([Identity("alice", {"plan": "pro"}, NOON), Identity("carol", {"plan": "free"}, NOON)])
    return ledger


@pytest.fixture
def merged(ledger: Ledger) -> Ledger:
    """The same calls as they were made, after bob was merged into alice."""
    ledger.write(records())
    ledger.write(
        [Identity(name, {"plan": plan}, NOON) for name, plan in (("alice", "pro"), ("bob", "x"), ("carol", "free"))]
    )
    people.merge(ledger, "bob", "alice", by="root")
    return ledger


def of_alice(where: Any) -> Any:
    """The same filter where there is no bob."""
    if isinstance(where, dict) and where.get("user") == "bob":
        return {"user": "alice"}
    return (
        {"user": ["alice", None]} if isinstance(where, dict) and "user" in where and where["user"] != "alice" else where
    )


def answer(ledger: Ledger, by: list[str], where: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in ask(ledger, NUMBERS, by, where=where, timezone="UTC", max_rows=None)]


def rows_of(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Everything that is kept about calls, and every total of users."""
    with ledger.reading() as connection:
        tables = ("generation", "rollup_day_user", "trace", "session", "app_user")
        return [
            tuple(row) for name in tables for row in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1, 2")
        ]


@pytest.mark.slow
def test_every_question_answers_as_if_the_calls_had_been_the_other_users(merged: Ledger, as_if: Ledger) -> None:
    for by, where in QUESTIONS:
        assert answer(merged, by, where) == answer(as_if, by, of_alice(where)), (by, where)
    listed = [dataclasses.replace(row, first_seen=None) for row in users(merged, timezone="UTC").rows]
    assert listed == [dataclasses.replace(row, first_seen=None) for row in users(as_if, timezone="UTC").rows]
    calls = [row.at for row in generations(merged, where={"user": "alice"}, limit=200)]
    assert calls == [row.at for row in generations(as_if, where={"user": "alice"}, limit=200)]


@pytest.mark.slow
def test_merging_and_undoing_it_rewrites_nothing_and_undoing_restores_every_answer(ledger: Ledger) -> None:
    ledger.write(records())
    before = [answer(ledger, by, where) for by, where in QUESTIONS]
    stored = rows_of(ledger)
    people.merge(ledger, "bob", "alice", by="root")
    assert rows_of(ledger) == stored
    assert [answer(ledger, by, where) for by, where in QUESTIONS] != before
    people.undo_merge(ledger, "bob", by="root")
    assert [answer(ledger, by, where) for by, where in QUESTIONS] == before
    log = [(entry.actor, entry.action, entry.subject, entry.detail) for entry in people.audit_log(ledger)]
    assert log == [
        ("root", "undo merge of user id", "bob", {"before": "alice", "after": None}),
        ("root", "merge user id", "bob", {"before": None, "after": "alice"}),
    ]


@pytest.mark.slow
def test_sealed_totals_stay_as_written_and_are_merged_in_the_answers(merged: Ledger, as_if: Ledger) -> None:
    for ledger in (merged, as_if):
        assert retain(ledger, Keep(row_days=1), now=NOON + 30 * DAY).rows == 150
    assert verify(merged).right
    by = ["user"]
    numbers = ["cost", "generations", "messages", "input_tokens", "users"]
    assert [dict(row) for row in ask(merged, numbers, by)] == [dict(row) for row in ask(as_if, numbers, by)]


@pytest.mark.slow
def test_a_chain_of_merges_counts_for_its_end_and_can_be_undone_in_the_middle(ledger: Ledger) -> None:
    ledger.write([generation(user_id=name) for name in ("first", "second", "third")])
    people.merge(ledger, "first", "second", by="root")
    people.merge(ledger, "second", "third", by="root")

    def counted() -> dict[str, int]:
        return {row["user"]: row["generations"] for row in ask(ledger, "generations", "user")}

    assert counted() == {"third": 3}
    people.undo_merge(ledger, "second", by="root")
    assert counted() == {"second": 2, "third": 1}
    assert [(one.alias, one.user_id) for one in people.aliases(ledger)] == [("first", "second")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alias", "user_id", "reason"),
    [
        ("alice", "alice", "cannot be merged into itself"),
        ("nobody", "alice", "Nothing was recorded under the user id 'nobody'"),
        ("alice", "nobody", "Nothing was recorded under the user id 'nobody'"),
        ("bob", "carol", "'bob' is merged into another user id already"),
        ("alice", "bob", "'bob' is merged into 'alice': undo that first"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused_with_the_way_out(
    ledger: Ledger, alias: str, user_id: str, reason: str
) -> None:
    ledger.write([generation(user_id=name) for name in ("alice", "bob", "carol")])
    people.merge(ledger, "bob", "alice", by="root")
    for refused in (people.check_merge, lambda *names: people.merge(*names, by="root")):
        with pytest.raises(LedgerError, match=reason):
            refused(ledger, alias, user_id)
    with pytest.raises(LedgerError, match="'carol' is merged into nobody"):
        people.undo_merge(ledger, "carol", by="root")


def test_without_a_merge_no_question_reads_the_aliases(ledger: Ledger) -> None:
    ledger.write([generation()])
    ask(ledger, "cost", "user")  # which reads names and aliases for the first time
    statements: list[str] = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    ask(ledger, ["cost", "users"], "user", where={"user": "alice"})
    assert [statement for statement in statements if "user_alias" in statement] == []


@pytest.mark.slow
def test_erasing_a_user_forgets_every_id_merged_with_theirs(ledger: Ledger) -> None:
    ledger.write([generation(user_id=name) for name in ("old@x", "new@x", "bob")])
    people.merge(ledger, "old@x", "new@x", by="root")
    erased = erase(ledger, "old@x", by="root")
    assert len(erased.names) == 2
    counted = {row["user"]: row["generations"] for row in ask(ledger, "generations", "user")}
    assert counted == {"bob": 1, erased.names[0]: 1, erased.names[1]: 1}
    assert people.aliases(ledger) == []
    assert "old@x" not in str(people.audit_log(ledger))
    assert "new@x" not in str(people.audit_log(ledger))
    ledger.write([generation(user_id=name) for name in ("old@x", "new@x")])  # from a journal, sent before
    assert {row["user"] for row in ask(ledger, "generations", "user")} == {"bob", *erased.names}
