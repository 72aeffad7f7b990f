"""Billing cycles begin and end when people say they do, whatever month, clocks or settings do to them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.billing.cycles import Cycle, Issued, cycle_at, cycles
from llmtrack.ledger.periods import from_micros, to_micros


def at(text: str, timezone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))


def edges(cycle: Cycle) -> tuple[str, str]:
    return cycle.period.since.isoformat(), cycle.period.until.isoformat()


def issued(since: str, until: str, timezone: str = "UTC", number: int = 1) -> Issued:
    return Issued(to_micros(at(since, timezone)), to_micros(at(until, timezone)), number, timezone)


@pytest.mark.parametrize(
    ("moment", "anchor", "timezone", "since", "until"),
    [
        # An anchor that a month does not have is its last day.
        ("2026-02-10T12:00", 31, "UTC", "2026-01-31T00:00:00+00:00", "2026-02-28T00:00:00+00:00"),
        ("2026-02-28T00:00", 31, "UTC", "2026-02-28T00:00:00+00:00", "2026-03-31T00:00:00+00:00"),
        ("2026-03-01T12:00", 30, "UTC", "2026-02-28T00:00:00+00:00", "2026-03-30T00:00:00+00:00"),
        # Leap years: 2028 has a 29 February, 2100 has none.
        ("2028-02-28T12:00", 31, "UTC", "2028-01-31T00:00:00+00:00", "2028-02-29T00:00:00+00:00"),
        ("2028-02-29T12:00", 29, "UTC", "2028-02-29T00:00:00+00:00", "2028-03-29T00:00:00+00:00"),
        ("2026-02-28T12:00", 29, "UTC", "2026-02-28T00:00:00+00:00", "2026-03-29T00:00:00+00:00"),
        ("2100-02-28T12:00", 29, "UTC", "2100-02-28T00:00:00+00:00", "2100-03-29T00:00:00+00:00"),
        # The clocks change on the anchor day: Berlin at 2:00 and 3:00, Cairo and Havana at midnight itself.
        ("2026-03-29T12:00", 29, "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-04-29T00:00:00+02:00"),
        ("2026-10-25T01:00", 25, "Europe/Berlin", "2026-10-25T00:00:00+02:00", "2026-11-25T00:00:00+01:00"),
        ("2026-04-24T12:00", 24, "Africa/Cairo", "2026-04-24T01:00:00+03:00", "2026-05-24T00:00:00+03:00"),
        ("2026-03-08T12:00", 8, "America/Havana", "2026-03-08T01:00:00-04:00", "2026-04-08T00:00:00-04:00"),
        # Off by a part of an hour.
        ("2026-11-01T00:00", 1, "Asia/Kathmandu", "2026-11-01T00:00:00+05:45", "2026-12-01T00:00:00+05:45"),
    ],
)  # fmt: skip
def test_a_cycle_runs_from_anchor_day_to_anchor_day(
    moment: str, anchor: int, timezone: str, since: str, until: str
) -> None:
    cycle = cycle_at(at(moment, timezone), anchor_day=anchor, timezone=timezone)
    assert edges(cycle) == (since, until)
    assert cycle.number is None


def test_in_kathmandu_a_cycle_begins_at_a_quarter_past_six_in_the_evening_of_utc() -> None:
    before = cycle_at(at("2026-10-31T18:14:59"), anchor_day=1, timezone="Asia/Kathmandu")
    after = cycle_at(at("2026-10-31T18:15:00"), anchor_day=1, timezone="Asia/Kathmandu")
    assert (before.first.isoformat(), after.first.isoformat()) == ("2026-10-01", "2026-11-01")


def test_after_a_changed_anchor_the_first_cycle_begins_where_the_last_issued_one_ended() -> None:
    october = issued("2026-10-01T00:00", "2026-11-01T00:00", number=77)
    moved = [cycle_at(at(day), anchor_day=15, issued=[october]) for day in ("2026-10-20", "2026-11-10", "2026-11-20")]
    assert [edges(cycle) for cycle in moved] == [
        ("2026-10-01T00:00:00+00:00", "2026-11-01T00:00:00+00:00"),  # as issued, although the 15th lies in it
        ("2026-11-01T00:00:00+00:00", "2026-11-15T00:00:00+00:00"),
        ("2026-11-15T00:00:00+00:00", "2026-12-15T00:00:00+00:00"),
    ]
    assert [cycle.number for cycle in moved] == [77, None, None]


def test_what_was_never_issued_is_cut_by_the_anchor_of_today() -> None:
    assert edges(cycle_at(at("2026-10-20"), anchor_day=15)) == (
        "2026-10-15T00:00:00+00:00", "2026-11-15T00:00:00+00:00",
    )  # fmt: skip


def test_after_a_changed_zone_no_hour_is_billed_twice_or_never() -> None:
    october = issued("2026-10-01T00:00", "2026-11-01T00:00", "Europe/Berlin")
    here: dict[str, Any] = {"timezone": "Asia/Kathmandu", "issued": [october]}
    assert edges(cycle_at(at("2026-10-15"), **here)) == ("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00")
    # Kathmandu's November begins 4:45 hours before Berlin's: until then it is October, as issued.
    assert cycle_at(at("2026-10-31T20:00"), **here).number == 1
    assert edges(cycle_at(at("2026-11-15"), **here)) == ("2026-11-01T04:45:00+05:45", "2026-12-01T00:00:00+05:45")


def test_going_west_the_hours_between_two_midnights_belong_to_a_short_cycle_of_their_own() -> None:
    october = issued("2026-10-01T00:00", "2026-11-01T00:00", "Asia/Kathmandu")
    between = cycle_at(at("2026-10-31T20:00"), timezone="Europe/Berlin", issued=[october])
    assert edges(between) == ("2026-10-31T19:15:00+01:00", "2026-11-01T00:00:00+01:00")


def test_earlier_cycles_are_listed_without_gaps_the_latest_first() -> None:
    listed = cycles(5, anchor_day=31, issued=[issued("2026-03-10T00:00", "2026-04-10T00:00")], now=at("2026-05-05"))
    assert [(str(cycle.first), str(cycle.last), cycle.days) for cycle in listed] == [
        ("2026-04-30", "2026-05-30", 31),
        ("2026-04-10", "2026-04-29", 20),
        ("2026-03-10", "2026-04-09", 31),
        ("2026-02-28", "2026-03-09", 10),
        ("2026-01-31", "2026-02-27", 28),
    ]
    assert [cycle.closed(at("2026-05-05")) for cycle in listed] == [False, True, True, True, True]


def test_issued_cycles_that_overlap_are_refused() -> None:
    overlapping = [issued("2026-10-01T00:00", "2026-11-01T00:00"), issued("2026-10-31T00:00", "2026-12-01T00:00")]
    with pytest.raises(ValueError, match="overlap"):
        cycles(3, issued=overlapping)


ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe"]


@given(
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    anchors=st.tuples(st.integers(1, 31), st.integers(1, 31)),
    zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    count=st.integers(0, 3),
)
def test_whatever_was_changed_cycles_meet_without_gap_or_overlap(
    moment: datetime, anchors: tuple[int, int], zones: tuple[str, str], count: int
) -> None:
    old = cycles(count + 1, anchor_day=anchors[0], timezone=zones[0], now=moment)[1:]
    fixed = [Issued(cycle.period.start, cycle.period.end, n, cycle.timezone) for n, cycle in enumerate(old)]
    later = from_micros(to_micros(moment) + 40 * 24 * 3_600_000_000)
    listed = cycles(count + 5, anchor_day=anchors[1], timezone=zones[1], issued=fixed, now=later)
    assert listed[0].period.start <= to_micros(later) < listed[0].period.end
    assert all(later.period.start == earlier.period.end for later, earlier in itertools.pairwise(listed))
    assert {cycle.number for cycle in listed} >= {cycle.number for cycle in fixed}
