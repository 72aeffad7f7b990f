"""Findings: what stands out in a time, as one sentence with links to what lies behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from pages.components.insights.spikes import FEWEST_CALLS, LEAST_DOLLARS, spikes

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DearDay:
    """A day that cost far more than usual."""

    day: date
    cost: Decimal
    usual: Decimal
    """The median of the other days of the same weekday in the time."""

    @property
    def above(self) -> Decimal:
        """How much more than usual."""
        return self.cost - self.usual


def dear_day(days: Sequence[Row]) -> DearDay | None:
    """The day of `days` (rows with ``day`` and ``cost``) that costs most above its weekday, if it stands out."""
    priced = {row["day"].date(): row["cost"] for row in days if row["cost"] is not None}
    marked = spikes([(day, float(cost)) for day, cost in priced.items()], least=LEAST_DOLLARS)
    if not marked:
        return None
    day = marked[0].day
    usual = median(cost for at, cost in priced.items() if at != day and at.weekday() == day.weekday())
    return DearDay(day, priced[day], Decimal(usual))


@dataclass(frozen=True, slots=True)
class BadDay:
    """A day with far more errors than usual."""

    day: date
    errors: int


def bad_day(days: Sequence[Row]) -> BadDay | None:
    """The day with the most errors (rows with ``day`` and ``errors``) above its weekday, if it stands out."""
    marked = spikes([(row["day"].date(), row["errors"]) for row in days], least=FEWEST_CALLS)
    return BadDay(marked[0].day, round(marked[0].value)) if marked else None


def weekday(value: date) -> str:
    """``Friday``."""
    return f"{value:%A}"
