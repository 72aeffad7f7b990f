"""In which period of a limit a call counts, as a table: expectations are written down by hand, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from llmtrack.ledger.limits import EACH, Adjustment, Caller, Limit, Policy, period_of


def micros(text: str) -> int:
    at = datetime.fromisoformat(text)
    return (at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def limit(period: str, timezone: str = "UTC", anchor_day: int = 1, **more) -> Limit:
    return Limit(1, "user", "tokens", period, 1000, EACH, timezone=timezone, anchor_day=anchor_day, **more)


@pytest.mark.parametrize(
    ("period", "timezone", "anchor_day", "at", "since", "until"),
    [
        ("minute", "UTC", 1, "2026-11-29T21:51:59.999999", "2026-11-29T21:51", "2026-11-29T21:52"),
        ("minute", "Asia/Kathmandu", 1, "2026-11-29T21:51:00", "2026-11-29T21:51", "2026-11-29T21:52"),
        # +05:45: an hour of the clock there begins at a quarter past in UTC, a day at 18:15.
        ("hour", "Asia/Kathmandu", 1, "2026-11-29T21:10", "2026-11-29T20:15", "2026-11-29T21:15"),
        ("day", "Asia/Kathmandu", 1, "2026-11-29T18:14:59", "2026-11-28T18:15", "2026-11-29T18:15"),
        ("day", "Asia/Kathmandu", 1, "2026-11-29T18:15", "2026-11-29T18:15", "2026-11-30T18:15"),
        # A week begins on Monday; 30 November 2026 is one.
        ("week", "UTC", 1, "2026-11-29T23:59:59", "2026-11-23", "2026-11-30"),
        ("week", "UTC", 1, "2026-11-30", "2026-11-30", "2026-12-07"),
        ("month", "America/New_York", 1, "2026-12-01T04:59", "2026-11-01T04:00", "2026-12-01T05:00"),
        # The 31st in a month without one is its last day; 2028 is a leap year.
        ("cycle", "UTC", 31, "2026-02-27T23:59:59", "2026-01-31", "2026-02-28"),
        ("cycle", "UTC", 31, "2026-02-28", "2026-02-28", "2026-03-31"),
        ("cycle", "UTC", 31, "2028-02-28T12:00", "2028-01-31", "2028-02-29"),
        ("cycle", "UTC", 31, "2028-02-29", "2028-02-29", "2028-03-31"),
        ("cycle", "UTC", 29, "2026-02-28", "2026-02-28", "2026-03-29"),
        ("cycle", "UTC", 15, "2026-01-14T23:59:59", "2025-12-15", "2026-01-15"),
        # The clocks change on the anchor: in Berlin on 29 March 2026 at 02:00, which is 01:00 in UTC.
        ("cycle", "Europe/Berlin", 29, "2026-03-28T23:00", "2026-03-28T23:00", "2026-04-28T22:00"),
        ("cycle", "Europe/Berlin", 29, "2026-03-28T22:59:59", "2026-02-27T23:00", "2026-03-28T23:00"),
        # In Santiago midnight of 6 September 2026 does not exist: the day begins at 01:00, 04:00 in UTC.
        ("cycle", "America/Santiago", 6, "2026-09-06T04:00", "2026-09-06T04:00", "2026-10-06T03:00"),
        ("day", "Europe/Berlin", 1, "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours
    ],
)  # fmt: skip
def test_a_call_counts_in_the_period_of_its_zone_and_anchor(period, timezone, anchor_day, at, since, until) -> None:
    assert period_of(limit(period, timezone, anchor_day), micros(at)) == (micros(since), micros(until))


def test_a_total_has_no_end() -> None:
    assert period_of(limit("total"), micros("2026-11-29")) == (0, None)


def test_another_anchor_or_zone_gives_other_periods_of_the_same_moment() -> None:
    at = micros("2026-11-29T23:30")
    assert period_of(limit("cycle", anchor_day=1), at)[0] == micros("2026-11-01")
    assert period_of(limit("cycle", anchor_day=15), at)[0] == micros("2026-11-15")
    assert period_of(limit("cycle", "Europe/Berlin", 30), at)[0] == micros("2026-11-29T23:00")


def test_an_exception_takes_the_place_of_what_holds_for_each() -> None:
    everyone = Limit(1, "user", "cost", "month", 20, EACH)
    alice = Limit(2, "user", "cost", "month", 50, "alice")
    free = Limit(3, "user", "cost", "month", None, "bob")
    tokens = Limit(4, "user", "tokens", "minute", 1000, EACH)
    policy = Policy([everyone, alice, free, tokens])
    assert [pair.limit.id for pair in policy.applying(Caller("alice"))] == [2, 4]
    assert [pair.limit.id for pair in policy.applying(Caller("bob"))] == [4]
    assert policy.applying(Caller("carol")) == ((everyone, "carol"), (tokens, "carol"))
    assert policy.applying(Caller()) == ()


def test_a_model_is_meant_by_its_name_its_snapshots_and_globs() -> None:
    policy = Policy([Limit(1, "model", "cost", "day", 1, "gpt-4o"), Limit(2, "model", "tokens", "day", 1, "claude-*")])
    assert [pair.limit.id for pair in policy.applying(Caller(model="gpt-4o-2024-08-06"))] == [1]
    assert [pair.subject for pair in policy.applying(Caller(model="claude-opus-5"))] == ["claude-*"]
    assert policy.applying(Caller(model="gpt-4o-mini")) == ()


def test_a_raise_holds_until_its_end_and_for_whom_it_was_given() -> None:
    end = micros("2026-12-01")
    raised = limit("month", adjustments={"alice": Adjustment(5000, end), EACH: Adjustment(2000, end)})
    assert raised.cap("alice", end - 1) == 5000
    assert raised.cap("bob", end - 1) == 2000
    assert raised.cap("alice", end) == 1000
