"""A message is the same wherever it is counted: in totals by user, in totals by anything else, and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.lists import users
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost
from tests.ledger import oracle

DAY = datetime(2026, 5, 4, tzinfo=UTC)
STATUSES = ("ok", "error", "cancelled", "abandoned", "incomplete", "refused", "pending")
OPERATIONS = ("chat", "text_completion", "embeddings", "image")
MESSAGES = 4
"""Of one chat call of each status those that ended `ok`, `cancelled`, `abandoned` or `incomplete` are messages."""


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """One call of every operation and status by each of two users, all on one UTC day."""
    opened = open_ledger(ledger_url)
    rows: list[Any] = []
    for user in ("alice", "bob"):
        for operation in OPERATIONS:
            for status in STATUSES:
                at = oracle.micros(DAY + timedelta(hours=12, minutes=len(rows)))
                rows.append(Generation(
                    id=new_id(at), started_at=at, provider="openai", operation=operation, status=status,
                    response_model="gpt-4o", user_id=user, feature="chat", group="red", region="us",
                    cost=Cost(status="exact", total=10, input=10),
                ))  # fmt: skip
    opened.write(rows)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("by", "table"),
    [
        ("user", "rollup_day_user"),
        ("model", "rollup_day"),
        ("feature", "rollup_feature_day"),
        ("group", "rollup_group_day"),
        (["user", "model"], "rollup_user_day"),
        ("region", "rows"),
    ],
)
def test_messages_are_the_same_from_every_table(ledger: Ledger, by: str | list[str], table: str) -> None:
    result = ask(ledger, "messages", by=by, since=DAY, until=DAY + timedelta(days=1), timezone="UTC")
    assert f"{table};" in f"{result.explain};", "each case reads another table"
    by_user = "user" in by
    assert [row["messages"] for row in result] == ([MESSAGES] * 2 if by_user else [2 * MESSAGES])
    assert result.totals["messages"] == 2 * MESSAGES


def test_the_list_of_users_counts_the_same_messages(ledger: Ledger) -> None:
    assert [(row.user, row.messages) for row in users(ledger)] == [("alice", MESSAGES), ("bob", MESSAGES)]


def test_every_status_and_operation_is_told_apart(ledger: Ledger) -> None:
    by_status = {row["status"]: row["messages"] for row in ask(ledger, "messages", by="status")}
    assert by_status == {
        "ok": 2, "error": 0, "cancelled": 2, "abandoned": 2, "incomplete": 2, "refused": 0, "pending": 0,
    }  # fmt: skip
    by_operation = {row["operation"]: row["messages"] for row in ask(ledger, "messages", by="operation")}
    assert by_operation == {"chat": 8, "text_completion": 0, "embeddings": 0, "image": 0}
