"""What a chart calls its hours, days, weeks and months, and which of them it says are not whole."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from llmtrack.ledger.periods import days
from pages.components.charts.time_axis import TimeAxis, time_axis

BERLIN = "Europe/Berlin"
LATER = datetime(2027, 6, 1, tzinfo=UTC)


def axis(first: date, last: date, grain: str, now: datetime = LATER) -> TimeAxis:
    return time_axis(days(first, last, BERLIN), grain, BERLIN, now)


def partial(shown: TimeAxis) -> dict[str, str]:
    return {slot.title: slot.partial for slot in shown if slot.partial}


def test_the_day_the_clock_goes_back_has_25_hours_each_with_a_place_of_its_own() -> None:
    shown = axis(date(2026, 10, 25), date(2026, 10, 25), "hour")
    labels = [f"{hour:02}:00" for hour in range(24)]
    assert [slot.label for slot in shown] == [*labels[:3], "02:00", *labels[3:]]
    assert len({slot.place for slot in shown}) == 25
    assert [slot.title for slot in shown][2:4] == ["25 Oct 2026, 02:00 CEST", "25 Oct 2026, 02:00 CET"]
    for hour, title in ((0, "25 Oct 2026, 02:00 CEST"), (1, "25 Oct 2026, 02:00 CET")):
        at = datetime(2026, 10, 25, hour, tzinfo=UTC).astimezone(ZoneInfo(BERLIN))
        assert shown.slot(at).title == title


def test_the_day_the_clock_goes_forward_has_23_hours() -> None:
    shown = axis(date(2026, 3, 29), date(2026, 3, 29), "hour")
    assert [slot.label for slot in shown] == ["00:00", "01:00", *(f"{hour:02}:00" for hour in range(3, 24))]


def test_what_the_chosen_time_cuts_is_marked_at_both_ends() -> None:
    weeks = axis(date(2026, 10, 14), date(2026, 11, 3), "week")  # a Wednesday to a Tuesday
    assert partial(weeks) == {
        "12\u201318 Oct 2026": "cut by the chosen time",
        "2\u20138 Nov 2026": "cut by the chosen time",
    }
    assert weeks.note == "12\u201318 Oct 2026, 2\u20138 Nov 2026 are cut by the chosen time"
    assert partial(axis(date(2026, 9, 2), date(2026, 10, 31), "month")) == {"September 2026": "cut by the chosen time"}
    assert partial(axis(date(2026, 9, 1), date(2026, 10, 31), "month")) == {}


def test_what_is_still_running_is_marked_and_what_has_not_begun_is_not() -> None:
    now = datetime(2026, 11, 17, 23, 30, tzinfo=UTC)  # half past midnight of the 18th in Berlin
    assert partial(axis(date(2026, 11, 1), date(2026, 11, 30), "day", now)) == {"18 Nov 2026": "still running"}
    assert partial(axis(date(2026, 11, 18), date(2026, 11, 18), "hour", now)) == {"18 Nov 2026, 00:00": "still running"}
    # A week that ends after the chosen time, which ends today, is cut by nothing: there is no more of it yet.
    assert partial(axis(date(2026, 11, 2), date(2026, 11, 18), "week", now)) == {"16\u201322 Nov 2026": "still running"}
    assert partial(axis(date(2026, 11, 17), date(2026, 11, 18), "week", now)) == {
        "16\u201322 Nov 2026": "cut by the chosen time and still running"
    }


def test_days_weeks_and_months_are_labelled_by_their_first_day() -> None:
    assert [slot.label for slot in axis(date(2026, 12, 30), date(2027, 1, 2), "day")] == [
        "30 Dec", "31 Dec", "1 Jan", "2 Jan",
    ]  # fmt: skip
    assert [slot.label for slot in axis(date(2026, 12, 28), date(2027, 1, 10), "week")] == ["28 Dec", "4 Jan"]
    assert [slot.label for slot in axis(date(2026, 12, 28), date(2027, 1, 10), "month")] == ["Dec 2026", "Jan 2027"]
