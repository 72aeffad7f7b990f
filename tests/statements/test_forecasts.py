"""The forecast of a cycle's end: exact where the past is regular, wide where it is not, silent where it is short."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal as D

import pytest

from llmtrack.billing.forecasts import Forecast, TooLittle, forecast

TODAY = date(2026, 11, 16)  # a Monday
LAST = date(2026, 11, 30)


def month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def made(costs: list[int], *, elapsed: float = 0.0, spent: int = 0, last: date = LAST) -> Forecast | TooLittle:
    first = TODAY - timedelta(days=len(costs))
    history = [(first + timedelta(days=n), nano) for n, nano in enumerate(costs)]
    return forecast(history, today=TODAY, elapsed=elapsed, spent=spent, last=last, cycle_end=month_end)


def regular(days: int) -> list[int]:
    """$1 on each working day, nothing at weekends."""
    first = TODAY - timedelta(days=days)
    return [10**9 if (first + timedelta(days=n)).weekday() < 5 else 0 for n in range(days)]


def test_where_every_week_was_alike_the_next_are_alike() -> None:
    result = made(regular(42), spent=10 * 10**9)
    assert isinstance(result, Forecast)
    # 16 to 30 November 2026 has eleven working days.
    assert (result.low, result.expected, result.high) == (D(21), D(21), D(21))
    assert [ahead.expected for ahead in result.days[:7]] == [D(1)] * 5 + [D(0)] * 2
    assert (result.hits, result.tries) == (28, 28)


def test_of_today_only_the_rest_is_to_come() -> None:
    result = made(regular(42), elapsed=0.75, spent=10 * 10**9)
    assert isinstance(result, Forecast)
    assert result.expected == D("20.25")


def test_days_before_the_first_call_are_left_out_of_account() -> None:
    assert made([0] * 40 + regular(42), spent=0) == made(regular(42), spent=0)


@pytest.mark.parametrize(
    ("days", "sentence"), [(0, "there are 0 days"), (1, "there is 1 day"), (13, "there are 13 days")]
)
def test_with_too_few_days_there_is_no_range_and_it_is_said_why(days: int, sentence: str) -> None:
    result = made([0, 0, *[5] * days])
    assert isinstance(result, TooLittle)
    assert str(result) == f"A forecast needs 14 whole days of use; {sentence}."


def test_the_day_a_limit_is_reached_is_the_first_whose_expected_total_is_there() -> None:
    result = made(regular(42), spent=10 * 10**9)
    assert isinstance(result, Forecast)
    assert result.reaches(D(13)) == date(2026, 11, 18)
    assert result.reaches(D(22)) is None
    assert result.reaches(D(9)) == TODAY


def test_the_range_widens_with_the_days_ahead_and_never_undercuts_what_is_spent() -> None:
    chance = random.Random(3)
    result = made([chance.choice([0, 0, 10**6, 10**9]) for _ in range(70)], spent=5)
    assert isinstance(result, Forecast)
    widths = [ahead.high - ahead.low for ahead in result.days]
    assert widths[-1] > widths[0]
    assert all(D("0.000000005") <= ahead.low <= ahead.total <= ahead.high for ahead in result.days)


@pytest.mark.slow
def test_over_many_people_the_range_holds_eight_times_in_ten() -> None:
    """Costs as people's are: log-normal, fewer at weekends, and a level that drifts."""
    chance = random.Random(14)
    hits = tries = 0
    for _ in range(25):
        level, costs = chance.uniform(5, 9), []
        for n in range(90):
            level += chance.gauss(0, 0.03)
            weekend = (TODAY - timedelta(days=90 - n)).weekday() >= 5
            used = chance.random() < (0.3 if weekend else 0.9)
            costs.append(round(10 ** chance.gauss(level, 0.35)) if used else 0)
        result = made(costs)
        assert isinstance(result, Forecast)
        hits, tries = hits + result.hits, tries + result.tries
    assert 0.7 <= hits / tries <= 0.9, f"{hits} of {tries}"
