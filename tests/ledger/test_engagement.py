"""Who was there when, and who came back, against a plain count over all records."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger
from llmtrack.ledger.engagement import (
    MOST_PERIODS,
    active_users,
    activity,
    calls_per_user,
    cohorts,
    known_people,
    lost_users,
    new_users,
    people_behind,
    presence,
    returned_by,
    returning_users,
    revenues,
    within,
)
from llmtrack.ledger.metrics import TooManyRows
from llmtrack.ledger.people import merge
from llmtrack.ledger.records import Generation, Identity
from tests.ledger import oracle

WHERES: tuple[dict[str, Any], ...] = (
    {}, {"feature": "chat"}, {"model": ["gpt-1", "claude-1"]}, {"property.plan": "pro"}, {"user.plan": "pro"},
    {"group": None, "status": "ok"}, {"weekday": [1, 2]}, {"user": ["alice", "dave", "nobody"]},
)  # fmt: skip


def many(seed: int) -> list[Generation]:
    """Records of forty users, most of them there in some weeks only."""
    draw = random.Random(seed)
    records = oracle.records(seed, 400)
    for record in records:
        if record.user_id is not None:
            record.user_id = draw.choice((record.user_id, f"u{draw.randrange(36)}"))
    return records


def names(ledger: Ledger, numbers: list[int]) -> set[str]:
    return {one.user for one in people_behind(ledger, numbers)}


def let_through(records: list[Generation], where: dict[str, Any], timezone: str) -> list[Generation]:
    def passes(row: Generation) -> bool:
        for name, value in where.items():
            values = value if isinstance(value, list) else [value]
            if not oracle.passes(row, name, values, False, "is", timezone):
                return False
        return row.user_id is not None

    return [row for row in records if passes(row)]


@pytest.mark.slow
def test_active_new_returning_and_lost_users_are_those_that_the_records_have(ledger: Ledger) -> None:
    records = many(3)
    ledger.write([*(Identity(user, known, 1) for user, known in oracle.ATTRIBUTES.items()), *records])
    for timezone in ("UTC", "Europe/Berlin", "Asia/Kathmandu"):
        for where in WHERES:
            check_weeks(ledger, records, where, timezone)


def check_weeks(ledger: Ledger, records: list[Generation], where: dict[str, Any], timezone: str) -> None:
    """Five whole weeks, with records before and after them."""
    first, last = date(2026, 3, 9), date(2026, 4, 12)
    found = presence(
        ledger, "week", since=first, until=last + timedelta(days=1), timezone=timezone, where=where, max_rows=None
    )
    assert [period.first_day for period in found.periods] == [first + timedelta(days=7 * n) for n in range(5)]
    weeks: dict[str, set[date]] = {}
    for row in let_through(records, where, timezone):
        weeks.setdefault(row.user_id or "", set()).add(oracle.bucket(row, "week", timezone, 1))  # type: ignore[arg-type]
    for number, period in enumerate(found.periods):
        week = period.first_day
        active = {user for user, seen in weeks.items() if week in seen}
        new = {user for user in active if min(weeks[user]) == week}
        before = {user for user, seen in weeks.items() if week - timedelta(days=7) in seen}
        assert names(ledger, active_users(found, number)) == active
        assert names(ledger, new_users(found, number)) == new
        assert names(ledger, returning_users(found, number)) == active - new
        assert names(ledger, lost_users(found, number)) == (before - active if number else set())
        counts = activity(found)[number]
        assert (counts.active, counts.new, counts.returning) == (len(active), len(new), len(active - new))
        assert counts.lost == (len(before - active) if number else None)
    for number, cohort in enumerate(cohorts(found)):
        start = first + timedelta(days=7 * number)
        members = {user for user, seen in weeks.items() if min(seen) == start}
        assert names(ledger, list(cohort.users)) == members
        for later, back in enumerate(cohort.back):
            wanted = start + timedelta(days=7 * later)
            assert names(ledger, list(back)) == {user for user in members if wanted in weeks[user]}


@pytest.mark.slow
def test_days_and_months_are_told_too(ledger: Ledger) -> None:
    records = many(5)
    ledger.write(records)
    for grain in ("day", "month"):
        found = presence(ledger, grain, since=oracle.BEGIN, until=oracle.BEGIN + timedelta(days=40), timezone="UTC")
        for number, period in enumerate(found.periods):
            expected = {r.user_id for r in records if oracle.bucket(r, grain, "UTC", 1) == period.first_day}
            assert names(ledger, active_users(found, number)) == expected - {None}, period


def test_several_ids_of_one_person_are_one_user(ledger: Ledger) -> None:
    ledger.write([_at(3, "ann"), _at(11, "ann@work")])
    merge(ledger, "ann@work", "ann", by="admin")
    found = presence(ledger, "week", since=date(2026, 3, 2), until=date(2026, 3, 16))
    first, second = activity(found)
    assert (first.active, first.new, second.active, second.new, second.returning) == (1, 1, 1, 0, 1)


@pytest.mark.slow
def test_what_no_rollup_knows_is_not_read_beyond_what_is_allowed(ledger: Ledger) -> None:
    ledger.write(many(6))
    with pytest.raises(TooManyRows):
        presence(
            ledger, "week", since=oracle.BEGIN, until=oracle.BEGIN + timedelta(days=40), timezone="UTC",
            where={"property.plan": "pro"}, max_rows=20,
        )  # fmt: skip


def test_more_periods_than_fit_are_refused_with_the_way_out(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match=f"more than the {MOST_PERIODS} that can be told at once; choose a shorter"):
        presence(ledger, "day", since=date(2026, 1, 1), until=date(2026, 6, 1), timezone="UTC")


@pytest.mark.slow
def test_an_empty_ledger_has_nobody(ledger: Ledger) -> None:
    found = presence(ledger, "week", since=date(2026, 3, 2), until=date(2026, 3, 16), timezone="UTC")
    assert [counts.active for counts in activity(found)] == [0, 0]
    assert [cohort.share(0) for cohort in cohorts(found)] == [None, None]


@pytest.mark.slow
@pytest.mark.parametrize("where", [{}, {"feature": "chat"}], ids=str)
def test_calls_per_user_are_counted_as_the_records_have_them(ledger: Ledger, where: dict[str, Any]) -> None:
    records = many(7)
    ledger.write(records)
    found = calls_per_user(ledger, timezone="Europe/Berlin", where=where)
    expected = Counter(row.user_id for row in let_through(records, where, "UTC"))
    assert {one.user: one.calls for one in people_behind(ledger, list(found), dict(found))} == expected


def test_known_people_are_those_somebody_told_of(ledger: Ledger) -> None:
    ledger.write([_at(3, "ann"), _at(4, "bob")])
    assert known_people(ledger) is None, "calls alone say nothing about how many people there are"
    ledger.write([Identity("ann", {"plan": "pro"}, 1), Identity("carol", {}, 1)])
    known = known_people(ledger)
    assert known is not None
    assert known.count == 2
    assert names(ledger, list(known.users)) == {"ann", "carol"}


def _at(day: int, user: str) -> Generation:
    (record,) = oracle.records(1, 1)
    at = oracle.micros(datetime(2026, 3, day, 12, tzinfo=UTC))
    record.id, record.started_at, record.user_id, record.trace_id, record.session_id = new_id(at), at, user, None, None
    return record


@pytest.mark.slow
@pytest.mark.parametrize("where", WHERES, ids=str)
def test_who_came_back_by_use_and_by_waiting_is_what_the_records_have(ledger: Ledger, where: dict[str, Any]) -> None:
    records = many(5)
    ledger.write([*(Identity(user, known, 1) for user, known in oracle.ATTRIBUTES.items()), *records])
    since, middle, until = (oracle.BEGIN + timedelta(days=days) for days in (2, 20, 38))
    passing = let_through(records, where, "UTC")

    def between(low: datetime, high: datetime) -> dict[str, list[Generation]]:
        users: dict[str, list[Generation]] = {}
        for row in passing:
            if oracle.micros(low) <= row.started_at < oracle.micros(high):
                users.setdefault(row.user_id or "", []).append(row)
        return users

    before, after = between(since, middle), between(middle, until)
    waited = {
        user: sum(times) / len(times) / 1e6
        for user, own in before.items()
        if (times := [row.duration for row in own if row.status in oracle.ANSWERED and row.duration is not None])
    }
    for of, values, edges in (
        ("calls", {user: float(len(own)) for user, own in before.items()}, [3, 6]),
        ("seconds", waited, [40.0, 55.0]),
    ):
        parts = returned_by(
            ledger, of, edges, since=since, middle=middle, until=until, where=where, max_rows=None,  # type: ignore[arg-type]
        )  # fmt: skip
        assert [(part.low, part.high) for part in parts] == [(None, edges[0]), (edges[0], edges[1]), (edges[1], None)]
        for part in parts:
            low, high = part.low or float("-inf"), part.high or float("inf")
            users = {user for user, value in values.items() if low <= value < high}
            assert names(ledger, list(part.users)) == users
            assert part.back == len(users & after.keys())


def test_revenue_is_what_identify_told_in_numbers(ledger: Ledger) -> None:
    ledger.write([
        Identity("ann", {"revenue": 20, "plan": "pro"}, 1), Identity("bob", {"revenue": "12.50"}, 1),
        Identity("cid", {"revenue": "a lot"}, 1), Identity("dan", {"plan": "free"}, 1),
        Identity("eve", {"revenue": True}, 1), Identity("fay", {"revenue": 0}, 1),
        Identity("ann@old", {"revenue": 7}, 1), Identity("gus@old", {"revenue": 9}, 1), Identity("gus", {}, 1),
    ])  # fmt: skip
    assert revenues(ledger) == {
        "ann": 20, "bob": Decimal("12.50"), "fay": 0, "ann@old": 7, "gus@old": 9,
    }  # fmt: skip
    merge(ledger, "ann@old", "ann", by="root")
    merge(ledger, "gus@old", "gus", by="root")
    assert revenues(ledger) == {"ann": 20, "bob": Decimal("12.50"), "fay": 0, "gus": 9}
    assert within(Decimal(20), 30) == 20
    assert within(Decimal(20), 7) == Decimal(20) * 7 / 30
