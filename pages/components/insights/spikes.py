"""Days that stand out from their weekday, by a robust method: the median plus K times the median absolute deviation.

Median and deviation are hardly moved by the spike itself (Hampel, JASA 69 (1974) 383-393; Iglewicz and Hoaglin, How to
Detect and Handle Outliers, 1993). A weekday has few days in a time, and their deviation may be small by chance: it is
taken for no smaller than that of all days from the medians of their weekdays, nor than a tenth of the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

K = 4.5
"""Deviations from the median, in units of a standard deviation, from which on a day is marked."""
NORMAL = 1.4826
"""What makes the median absolute deviation of normal values their standard deviation."""
FEWEST_DAYS = 14
FEWEST_CALLS, LEAST_DOLLARS = 10, 1.0
"""No day is marked that has fewer calls (or errors), or costs less above the usual."""
_FLOOR = 0.1


@dataclass(frozen=True, slots=True)
class Spike:
    """A day that stands out."""

    day: date
    value: float
    usual: float
    """The median of the other days of its weekday."""

    @property
    def above(self) -> float:
        """How much more than usual."""
        return self.value - self.usual


def spikes(days: Sequence[tuple[date, float]], *, least: float) -> list[Spike]:
    """The days whose value stands out upwards by at least `least`, the largest first; none of fewer than two weeks."""
    if len(days) < FEWEST_DAYS:
        return []
    usual = {day: _usual(day, days) for day, _ in days}
    pooled = median(abs(value - usual[day]) for day, value in days)
    marked = []
    for day, value in days:
        alike = [other for at, other in days if at != day and at.weekday() == day.weekday()]
        own = median(abs(other - usual[day]) for other in alike) if alike else 0.0
        spread = max(NORMAL * max(own, pooled), _FLOOR * usual[day])
        if value >= least and value - usual[day] > K * spread:
            marked.append(Spike(day, value, usual[day]))
    return sorted(marked, key=lambda spike: -spike.above)


def _usual(day: date, days: Sequence[tuple[date, float]]) -> float:
    alike = [value for at, value in days if at != day and at.weekday() == day.weekday()]
    return median(alike) if alike else median(value for _, value in days)
