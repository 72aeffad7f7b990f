"""Counters of periods long over are removed once a day; what still counts stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from llmtrack.ledger.limit_book import limit_use, set_limit
from llmtrack.ledger.limits import EACH, Entry, Limit, Wish, period_of
from llmtrack.ledger.maintenance import prune_daily
from llmtrack.ledger.records import CallHold, Generation
from llmtrack.pricing import Cost, Usage

BOTH = pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)
TODAY = datetime(2026, 11, 30, 5, 37, 20, tzinfo=UTC)
NOW = int(TODAY.timestamp()) * 1_000_000
DAY = 86_400_000_000
AGES = (0, 1, 3, 39, 41, 101, 401)
"""Days before now at which a call was made."""


@pytest.fixture(autouse=True)
def on_one_day() -> Iterator[None]:
    """On another a week or month more may be over, and a minute passes while other tests run."""
    with time_machine.travel(TODAY, tick=False):
        yield


def call(at: int, held: int | None = None, limit: int = 0) -> Generation:
    return Generation(
        id=at << 12, started_at=at, provider="openai", operation="chat", status="ok", request_model="gpt-4o",
        user_id="alice", usage=Usage(100, 20), cost=Cost("exact", 450_000),
        hold=None if held is None else CallHold(held, {limit: 120}),
    )  # fmt: skip


@pytest.fixture
def periods(ledger):
    """For each limit by its period, how many counters there are."""
    limits = {
        period: set_limit(ledger, Limit(0, "user", "tokens", period, 10**9, EACH), by="admin").id
        for period in ("minute", "hour", "day", "week", "month", "total")
    }
    ledger.write([call(NOW - age * DAY) for age in AGES])

    def count() -> dict[str, int]:
        with ledger.reading() as connection:
            rows = connection.exec_driver_sql("SELECT limit_id, count(*) FROM limit_counter GROUP BY limit_id")
            counts = dict(row for row in rows)
        return {period: counts.get(limit, 0) for period, limit in limits.items()}

    return count


@BOTH
def test_counters_stay_for_as_long_as_their_period_may_be_asked_for(ledger, periods) -> None:
    before = periods()
    assert before["minute"] == before["day"] == len(AGES)
    assert prune_daily(ledger, NOW) is not None
    after = periods()
    # Of minutes and hours those of today and yesterday, of days those of 39 days ago, too, of weeks not that of 101.
    assert (after["minute"], after["hour"], after["day"], after["total"]) == (2, 2, 4, 1)
    assert before["week"] - after["week"] == 2
    assert before["month"] - after["month"] == 1
    assert next(use for use in limit_use(ledger) if use.limit.period == "minute").spent == 120


@BOTH
def test_it_happens_once_a_day_and_never_without_limits(ledger, ledger_url) -> None:
    assert prune_daily(ledger, NOW) is None
    set_limit(ledger, Limit(0, "user", "tokens", "minute", 10**9, EACH), by="admin")
    assert prune_daily(ledger, NOW) == 0
    assert prune_daily(ledger, NOW + DAY - 1) is None
    assert prune_daily(ledger, NOW + DAY) == 0


def test_the_end_of_a_hold_is_forgotten_only_with_the_hold(ledger) -> None:
    """A process that died between booking a call and removing its hold leaves both."""
    limit = set_limit(ledger, Limit(0, "user", "tokens", "total", 1_000, EACH), by="admin")
    entry = Entry(limit.id, "alice", period_of(limit, NOW)[0], 900, 1_000)
    assert ledger.holds.admit([Wish(5, NOW, (entry,), "{}")], 1) == [()]
    release, ledger.holds.release = ledger.holds.release, lambda calls: None  # type: ignore[method-assign]
    ledger.write([call(NOW, held=5, limit=limit.id)])
    ledger.holds.release = release  # type: ignore[method-assign]
    assert ledger.holds.open_calls() == []
    assert prune_daily(ledger, NOW + 3 * DAY) == 1
    assert ledger.holds.open_calls() == []
    assert [(use.spent, use.held) for use in limit_use(ledger)] == [(120, 0)]
