"""What dead processes held, taken in by two others at once."""

from __future__ import annotations

import json
import time

import pytest

from llmtrack.billing.limits import settle
from llmtrack.billing.limits.recovery import abandoned
from llmtrack.ledger.limit_book import limit_use, policy_of, set_limit
from llmtrack.ledger.limits import Entry, Holder, Limit, Wish, period_of
from llmtrack.ledger.records import CallHold, Generation
from llmtrack.pricing import Cost, Usage

BOTH = pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)
DOLLAR = 10**9


@pytest.fixture
def dead(ledger):
    """A process that is gone, and the call that it held a cent for."""
    limit = set_limit(ledger, Limit(0, "all", "cost", "day", DOLLAR, mode="worst_case"), by="admin")
    now = time.time_ns() // 1000
    holder = Holder(7, "elsewhere", 1, "/nowhere", now)
    ledger.holds.register(holder)
    entry = Entry(limit.id, "", period_of(limit, now)[0], 10_000_000, DOLLAR)
    about = {"user_id": "alice", "provider": "openai", "model": "gpt-4o", "operation": "chat"}
    assert ledger.holds.admit([Wish(11, now, (entry,), json.dumps(about))], holder.id) == [()]
    return holder


def statuses(ledger) -> list[str]:
    with ledger.reading() as connection:
        sql = "SELECT n.text FROM generation g JOIN name n ON n.id = g.status"
        return [row[0] for row in connection.exec_driver_sql(sql)]


@BOTH
def test_two_that_settle_the_same_dead_process_book_its_call_once(ledger, dead) -> None:
    (seen_by_the_slower,) = ledger.holds.open_calls(dead.id)
    assert settle(ledger, [dead]) == 1
    ledger.write([abandoned(seen_by_the_slower, policy_of(ledger))])
    assert statuses(ledger) == ["abandoned"]
    assert [(use.spent, use.held) for use in limit_use(ledger)] == [(10_000_000, 0)]


@BOTH
def test_a_call_that_was_booked_from_its_record_meanwhile_is_not_booked_as_abandoned(ledger, dead) -> None:
    (seen_by_the_slower,) = ledger.holds.open_calls(dead.id)
    (entry,) = seen_by_the_slower.entries
    ledger.write([
        Generation(
            id=1 << 40, started_at=seen_by_the_slower.started_at, provider="openai", operation="chat", status="ok",
            request_model="gpt-4o", usage=Usage(100, 20), cost=Cost("exact", 450_000),
            hold=CallHold(11, {entry.limit_id: entry.amount}),
        )
    ])  # fmt: skip
    ledger.write([abandoned(seen_by_the_slower, policy_of(ledger))])
    assert statuses(ledger) == ["ok"]
    assert [(use.spent, use.held) for use in limit_use(ledger)] == [(450_000, 0)]
