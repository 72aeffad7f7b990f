"""Findings: what stands out in a time, as one sentence with links to what lies behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

Row = Mapping[str, Any]
TIMES = 2
"""How many times as much as usual stands out."""
FEWEST_USUAL = 2
"""Days of the same weekday there have to be to say what is usual."""
FEWEST_ERRORS = 10


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
    """The dearest of `days` (rows with ``day`` and ``cost``) if it cost more than twice what its weekday does."""
    priced = [(row["day"].date(), row["cost"]) for row in days if row["cost"] is not None]
    if not priced:
        return None
    day, cost = max(priced, key=lambda pair: pair[1])
    alike = [other for at, other in priced if at != day and at.weekday() == day.weekday()]
    if len(alike) < FEWEST_USUAL:
        return None
    usual = Decimal(median(alike))
    return DearDay(day, cost, usual) if cost > TIMES * usual and cost >= Decimal("0.01") else None


@dataclass(frozen=True, slots=True)
class BadDay:
    """A day with far more errors than usual."""

    day: date
    errors: int


def bad_day(days: Sequence[Row]) -> BadDay | None:
    """The day with the most errors (rows with ``day`` and ``errors``) if they were more than twice the usual number."""
    if len(days) <= FEWEST_USUAL:
        return None
    worst = max(days, key=lambda row: row["errors"])
    usual = median(row["errors"] for row in days if row is not worst)
    if worst["errors"] < FEWEST_ERRORS or worst["errors"] <= TIMES * usual:
        return None
    return BadDay(worst["day"].date(), worst["errors"])


def weekday(value: date) -> str:
    """``Friday``."""
    return f"{value:%A}"
