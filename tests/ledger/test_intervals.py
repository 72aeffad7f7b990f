"""Intervals against the worked examples of the papers they come from, and against plain formulas."""

from __future__ import annotations

import math
import random
from statistics import mean, stdev

import pytest

from llmtrack.ledger.intervals import difference_of_ratios, difference_of_shares, ratio, share


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    interval = share(part, whole)
    assert interval is not None
    assert interval.value == part / whole
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:873, table II, method 10.
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_of_shares_has_newcombes_interval(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    interval = difference_of_shares(*counts)
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_of_nothing_there_is_no_interval() -> None:
    assert share(0, 0) is None
    assert difference_of_shares(1, 2, 0, 0) is None
    assert ratio([1.0], [0.0]) is None
    assert difference_of_ratios({1: (1.0, 1.0)}, {}) is None


def test_a_mean_over_users_has_its_standard_error() -> None:
    values = [1.0, 4.0, 4.0, 9.0, 20.0, 3.0]
    interval = ratio(values, [1.0] * len(values))
    assert interval is not None
    half = 1.959963984540054 * stdev(values) / math.sqrt(len(values))
    assert interval.value == pytest.approx(mean(values))
    assert interval.high - interval.value == pytest.approx(half)


def test_intervals_of_a_rate_over_users_hold_the_truth_nineteen_times_in_twenty() -> None:
    draw, hits = random.Random(1), 0
    for _ in range(600):
        one, other = ({u: user(draw, low, high) for u in range(80)} for low, high in ((0.0, 0.4), (0.1, 0.5)))
        interval = difference_of_ratios(one, other)
        assert interval is not None
        hits += interval.low <= -0.1 <= interval.high
    assert 0.92 <= hits / 600 <= 0.98


def user(draw: random.Random, low: float, high: float) -> tuple[float, float]:
    """Failures and calls of somebody whose calls fail with a likelihood of their own."""
    calls, likely = draw.randint(1, 30), draw.uniform(low, high)
    return float(sum(draw.random() < likely for _ in range(calls))), float(calls)


def test_users_of_both_groups_are_compared_with_themselves() -> None:
    one = {n: (10.0 * n + 1, 1.0) for n in range(1, 30)}
    other = {n: (10.0 * n, 1.0) for n in range(1, 30)}
    interval = difference_of_ratios(one, other)
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(1.0), pytest.approx(1.0)), "each of them has one more"
