"""What the running cycle will have cost at its end: a range that has to prove itself on the days that are over.

The method. Working days and weekend days are two kinds. The expected cost of a day to come is the mean of its kind,
where a day counts half as much as one three weeks later (`HALF_LIFE`). The spread of the days to come is the variance
of their kinds, to which the doubt about the means themselves is added `DOUBT` times: use drifts, and the more so the
longer the wait. How many such spreads the range is wide comes from the person's own past: for each of the last 60 days
the same forecast is made from what was known then, over as many days, and the 10th and 90th percentile of how far it
was off, in spreads, are the ends of the range (an empirical, or conformal, prediction interval; few such days are
filled up with `LOW` and `HIGH`). The score says on how many past days the range held what then came.

Forecasts are estimates and computed with floats over whole nano-dollars; what has been spent stays exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt

FEWEST_DAYS = 14
"""Whole days since the first call, before which there is no forecast."""
HALF_LIFE = 21.0
DOUBT = 3.0
LOW, HIGH = -1.28, 1.7
"""The ends of the range in spreads where there is no past to take them from: costs have a longer tail upwards."""
_NARROWEST = 0.5
_LOOK_BACK = 60
_FILL = 3.0
"""How many independent past errors `LOW` and `HIGH` count as."""
METHOD = (
    "The mean of the person's working days and weekend days, recent ones counting more. The range is as wide as this "
    "forecast was off in the last 60 days: 8 times in 10 the cycle should end within it."
)


@dataclass(frozen=True, slots=True)
class DayAhead:
    """A day to come, today among them."""

    day: date
    expected: Decimal
    """What it will cost from now on, in US dollars."""
    total: Decimal
    """What the cycle will have cost at its end."""
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a cycle will have cost at its end, in US dollars, and how well such forecasts did so far."""

    days: tuple[DayAhead, ...]
    hits: int
    """Past days on which the range held what the cycle then cost."""
    tries: int
    """Past days on which that was tried."""

    @property
    def expected(self) -> Decimal:
        """At the end of the cycle."""
        return self.days[-1].total

    @property
    def low(self) -> Decimal:
        """Below it the cycle should end once in ten times."""
        return self.days[-1].low

    @property
    def high(self) -> Decimal:
        """Above it the cycle should end once in ten times."""
        return self.days[-1].high

    def reaches(self, amount: Decimal) -> date | None:
        """The day on which the expected total reaches an amount; None where it stays below."""
        return next((ahead.day for ahead in self.days if ahead.total >= amount), None)


@dataclass(frozen=True, slots=True)
class TooLittle:
    """Why there is no forecast."""

    days: int
    """Whole days since the first call."""

    def __str__(self) -> str:
        since = "1 day" if self.days == 1 else f"{self.days} days"
        return f"A forecast needs {FEWEST_DAYS} whole days of use; there {'is' if self.days == 1 else 'are'} {since}."


def forecast(
    history: Sequence[tuple[date, int]],
    *,
    today: date,
    elapsed: float,
    spent: int,
    last: date,
    cycle_end: Callable[[date], date],
) -> Forecast | TooLittle:
    """The forecast of a cycle whose last day is `last`.

    `history` has every whole day before `today`, in order and without gaps, with what it cost in nano-dollars; days
    before the first with any cost are left out of account. `elapsed` is the share of today that is over, `spent` what
    the cycle cost so far, today included. `cycle_end` gives the last day of the cycle that holds a past day: the score
    is over forecasts of those.
    """
    first = next((place for place, (_, nano) in enumerate(history) if nano), len(history))
    series = _Series(history[first:])
    if series.length < FEWEST_DAYS:
        return TooLittle(series.length)
    ahead = [today + timedelta(days=n) for n in range((last - today).days + 1)]
    days: list[DayAhead] = []
    weights = [1.0 - elapsed, *[1.0] * (len(ahead) - 1)]
    for count in range(1, len(ahead) + 1):
        mean, low, high = series.range(series.length, ahead[:count], weights[:count])
        before = days[-1].total if days else _dollars(spent)
        total = _dollars(spent + mean)
        days.append(DayAhead(ahead[count - 1], total - before, total, _dollars(spent + low), _dollars(spent + high)))
    hits, tries = series.score(cycle_end)
    return Forecast(tuple(days), hits, tries)


def _dollars(nano: float) -> Decimal:
    return Decimal(round(nano)).scaleb(-9)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Working days or weekend days before some day: their weighted count, sums, and the sum of squared weights."""

    weight: float = 0.0
    cost: float = 0.0
    squares: float = 0.0
    weights_squared: float = 0.0

    def aged(self, factor: float) -> _Kind:
        return _Kind(
            self.weight * factor, self.cost * factor, self.squares * factor, self.weights_squared * factor * factor
        )

    def with_day(self, cost: float) -> _Kind:
        return _Kind(self.weight + 1, self.cost + cost, self.squares + cost * cost, self.weights_squared + 1)


class _Series:
    """Daily costs in nano-dollars, and what was known of them before each day."""

    def __init__(self, history: Sequence[tuple[date, int]]) -> None:
        self.days = [day for day, _ in history]
        self.length = len(history)
        self._totals = [0]
        for _, nano in history:
            self._totals.append(self._totals[-1] + nano)
        factor = 0.5 ** (1 / HALF_LIFE)
        kinds = {False: _Kind(), True: _Kind()}
        self._before = [dict(kinds)]
        for day, nano in history:
            kinds = {kind: sums.aged(factor) for kind, sums in kinds.items()}
            kinds[_weekend(day)] = kinds[_weekend(day)].with_day(nano)
            self._before.append(dict(kinds))

    def range(self, before: int, ahead: Sequence[date], weights: Sequence[float]) -> tuple[float, float, float]:
        """The expected cost of the days ahead and the ends of its range, by what was known before day `before`."""
        mean, spread = self._moments(before, ahead, weights)
        low, high = self._ends(before, len(ahead))
        return mean, max(0.0, mean + low * spread), mean + high * spread

    def score(self, cycle_end: Callable[[date], date]) -> tuple[int, int]:
        """On how many past days the range of the rest of their cycle held what came, and how many were tried."""
        hits = tries = 0
        for place in range(FEWEST_DAYS, self.length):
            length = min(self.length - place, (cycle_end(self.days[place]) - self.days[place]).days + 1)
            ahead = self.days[place : place + length]
            _, low, high = self.range(place, ahead, [1.0] * length)
            tries += 1
            # Half a nano-dollar: the ends are floats, and where nothing was ever spent they are zero.
            hits += low - 0.5 <= self._spent(place, length) <= high + 0.5
        return hits, tries

    def _spent(self, place: int, length: int) -> int:
        return self._totals[place + length] - self._totals[place]

    def _moments(self, before: int, ahead: Sequence[date], weights: Sequence[float]) -> tuple[float, float]:
        """The mean of what the days ahead cost, and its spread (a standard deviation)."""
        mean = variance = 0.0
        for kind, sums in self._before[before].items():
            count = sum(weight for day, weight in zip(ahead, weights, strict=True) if _weekend(day) is kind)
            if not count or not sums.weight:
                continue
            average = sums.cost / sums.weight
            effective = sums.weight**2 / sums.weights_squared
            scatter = max(0.0, sums.squares / sums.weight - average**2) * effective / max(effective - 1, 0.5)
            mean += count * average
            variance += count * scatter + DOUBT * count**2 * scatter / effective
        return mean, sqrt(variance)

    def _ends(self, before: int, length: int) -> tuple[float, float]:
        """The ends of the range in spreads: from how far past forecasts over about as many days were off."""
        errors = []
        for place in range(max(FEWEST_DAYS // 2, before - _LOOK_BACK), before):
            reach = min(length, before - place)
            if reach < max(1, length // 2):
                break  # what came after it is not known for long enough
            ahead = self.days[place : place + reach]
            mean, spread = self._moments(place, ahead, [1.0] * reach)
            if spread > 0:
                errors.append((self._spent(place, reach) - mean) / spread)
        if not errors:
            return LOW, HIGH
        errors.sort()
        independent = len(errors) / max(1.0, length / 2)  # neighbouring forecasts share most of their days
        low, high = errors[int(0.1 * len(errors))], errors[min(len(errors) - 1, int(0.9 * len(errors)))]
        share = independent / (independent + _FILL)
        return (
            min(-_NARROWEST, share * low + (1 - share) * LOW),
            max(_NARROWEST, share * high + (1 - share) * HIGH),
        )


def _weekend(day: date) -> bool:
    return day.weekday() >= 5
