"""Days, weeks, months and billing cycles start where people say they do, whatever their clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.ledger import periods
from llmtrack.ledger.periods import HOUR, billing_cycle, buckets, days, from_micros, instant, last_days, to_micros

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
ODD_ZONES = ["Pacific/Apia", "Africa/Cairo", "America/Sao_Paulo", "America/Havana", "Pacific/Chatham"]
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def cycle(day: str, anchor: int, timezone: str = "UTC") -> tuple[str, str]:
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=ZoneInfo(timezone))
    period = billing_cycle(at, anchor_day=anchor, timezone=timezone)
    return period.since.isoformat(), period.until.isoformat()


def test_a_cycle_runs_from_anchor_day_to_anchor_day() -> None:
    assert cycle("2026-03-14", 15) == ("2026-02-15T00:00:00+00:00", "2026-03-15T00:00:00+00:00")
    assert cycle("2026-03-15", 15) == ("2026-03-15T00:00:00+00:00", "2026-04-15T00:00:00+00:00")


def test_a_cycle_anchored_on_the_31st_starts_on_the_last_day_of_shorter_months() -> None:
    assert cycle("2026-02-27", 31) == ("2026-01-31T00:00:00+00:00", "2026-02-28T00:00:00+00:00")
    assert cycle("2026-02-28", 31) == ("2026-02-28T00:00:00+00:00", "2026-03-31T00:00:00+00:00")
    assert cycle("2028-02-29", 31) == ("2028-02-29T00:00:00+00:00", "2028-03-31T00:00:00+00:00")
    assert cycle("2026-05-01", 31) == ("2026-04-30T00:00:00+00:00", "2026-05-31T00:00:00+00:00")


def test_a_cycle_over_a_clock_change_starts_and_ends_at_local_midnight() -> None:
    assert cycle("2026-03-20", 10, "Europe/Berlin") == ("2026-03-10T00:00:00+01:00", "2026-04-10T00:00:00+02:00")


def test_the_cycle_before_is_asked_for_with_back() -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    assert billing_cycle(at, anchor_day=31, back=1).since.date() == date(2025, 11, 30)
    assert billing_cycle(at, anchor_day=31, back=1).until == billing_cycle(at, anchor_day=31).since


def test_an_anchor_day_outside_the_calendar_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="day 32; choose a day from 1 to 31"):
        billing_cycle(anchor_day=32)


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no time zone 'Mars/Olympus'"):
        last_days(7, "Mars/Olympus")


def test_a_naive_datetime_is_read_on_the_clocks_of_the_zone() -> None:
    nine = datetime(2026, 7, 1, 9)  # noqa: DTZ001
    assert instant(nine, "Asia/Kathmandu") == to_micros(datetime(2026, 7, 1, 3, 15, tzinfo=UTC))
    assert instant(date(2026, 7, 1), "Asia/Kathmandu") == to_micros(datetime(2026, 6, 30, 18, 15, tzinfo=UTC))


def test_days_on_which_the_clocks_change_last_23_and_25_hours() -> None:
    assert days(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin").seconds == 23 * 3600
    assert days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin").seconds == 25 * 3600


def test_an_hour_the_clocks_repeat_is_two_buckets() -> None:
    day = days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin")
    hours = buckets(day.start, day.end, "hour", "Europe/Berlin")
    assert [hour.since.hour for hour in hours[:5]] == [0, 1, 2, 2, 3]
    assert len(hours) == 25


def test_a_new_hour_begins_where_the_clocks_change_within_one() -> None:
    day = days(date(2026, 4, 5), date(2026, 4, 5), "Pacific/Chatham")
    hours = buckets(day.start, day.end, "hour", "Pacific/Chatham")
    assert [hour.since.isoformat()[11:] for hour in hours[2:6]] == [
        "02:00:00+13:45", "03:00:00+13:45", "02:45:00+12:45", "03:00:00+12:45",
    ]  # fmt: skip


def test_an_hour_the_clocks_skip_is_no_bucket() -> None:
    day = days(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert [hour.since.hour for hour in buckets(day.start, day.end, "hour", "Europe/Berlin")[:4]] == [0, 1, 3, 4]


def test_a_day_whose_midnight_is_skipped_starts_at_the_jump() -> None:
    start = periods.start_of_day(date(2026, 4, 24), "Africa/Cairo")
    assert from_micros(start, "Africa/Cairo").isoformat() == "2026-04-24T01:00:00+03:00"
    assert from_micros(start - 1, "Africa/Cairo").date() == date(2026, 4, 23)


def test_a_day_a_country_left_out_is_no_bucket() -> None:
    week = days(date(2011, 12, 28), date(2012, 1, 2), "Pacific/Apia")
    assert [day.since.day for day in buckets(week.start, week.end, "day", "Pacific/Apia")] == [28, 29, 31, 1, 2]


def test_weeks_start_on_monday() -> None:
    month = days(date(2026, 11, 1), date(2026, 11, 30), "America/New_York")
    weeks = buckets(month.start, month.end, "week", "America/New_York")
    assert [week.since.date().isoformat() for week in weeks] == [
        "2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30",
    ]  # fmt: skip


def test_buckets_are_whole_even_where_the_question_begins_inside_one() -> None:
    since, until = datetime(2026, 5, 3, 10, 20, tzinfo=UTC), datetime(2026, 5, 3, 11, 0, tzinfo=UTC)
    (hour,) = buckets(to_micros(since), to_micros(until), "hour")
    assert (hour.since.hour, hour.until.hour) == (10, 11)


def test_dividing_by_something_unknown_names_the_choices() -> None:
    with pytest.raises(ValueError, match="'fortnight'; choose one of hour, day, week, month, cycle"):
        buckets(0, HOUR, "fortnight")


@given(
    at=MOMENTS,
    hours=st.integers(1, 24 * 70),
    timezone=st.sampled_from(ZONES + ODD_ZONES),
    grain=st.sampled_from(periods.GRAINS),
    anchor=st.integers(1, 31),
)
def test_buckets_follow_each_other_without_gap_and_cover_what_was_asked(
    at: datetime, hours: int, timezone: str, grain: str, anchor: int
) -> None:
    since = to_micros(at)
    until = since + hours * HOUR
    found = buckets(since, until, grain, timezone, anchor)
    assert found[0].start <= since < found[0].end
    assert found[-1].start < until <= found[-1].end
    assert all(one.end == two.start for one, two in pairwise(found))
    assert all(one.start < one.end for one in found)


@given(
    at=MOMENTS,
    timezone=st.sampled_from(ZONES + ODD_ZONES),
    anchor=st.integers(1, 31),
)
def test_every_instant_lies_in_exactly_one_cycle(at: datetime, timezone: str, anchor: int) -> None:
    period = billing_cycle(at, anchor_day=anchor, timezone=timezone)
    assert period.start <= to_micros(at) < period.end
    assert billing_cycle(from_micros(period.end), anchor_day=anchor, timezone=timezone).start == period.end
    assert billing_cycle(from_micros(period.start - 1), anchor_day=anchor, timezone=timezone).end == period.start
    assert timedelta(days=27) < period.until.astimezone(UTC) - period.since.astimezone(UTC) < timedelta(days=33)
