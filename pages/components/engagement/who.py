"""Which users a number of the Engagement page counts, by the name it has in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmtrack.ledger.engagement import Cohort, Presence, active_users, lost_users, new_users, returning_users
from pages.components import formatting

BINS = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 199), (200, 499), (500, None))
"""Calls of a user, from and to; the last is open."""
_OF_PERIOD = {"active": active_users, "new": new_users, "returning": returning_users, "lost": lost_users}


@dataclass(frozen=True, slots=True)
class Those:
    """Some users, and what they have in common in words."""

    title: str
    users: Sequence[int]


def bin_name(low: int, high: int | None) -> str:
    """``5-9``, as a chart names it."""
    if high is None:
        return f"{low} +"
    return str(low) if low == high else f"{low}\N{EN DASH}{high}"


def find(name: str, presence: Presence, cohorts: Sequence[Cohort], calls: Mapping[int, int], per: str) -> Those | None:
    """The users of a name such as ``lost:3``, ``back:0:2`` or ``calls:5``; None where there is nothing of the kind."""
    kind, _, rest = name.partition(":")
    numbers = [int(part) for part in rest.split(":") if part.isascii() and part.isdigit() and len(part) < 6]
    if kind in _OF_PERIOD and len(numbers) == 1 and numbers[0] < len(presence.periods):
        period = presence.periods[numbers[0]]
        words = {"active": "Active in", "new": "New in", "returning": "Returning in", "lost": "Lost in"}[kind]
        return Those(f"{words} {_named(per, period)}", _OF_PERIOD[kind](presence, numbers[0]))
    if kind == "back" and len(numbers) == 2 and numbers[0] < len(cohorts):
        cohort, later = cohorts[numbers[0]], numbers[1]
        if later < len(cohort.back):
            after = f", back {formatting.counted(later, per)} later" if later else ""
            return Those(f"First used in {_named(per, cohort.period)}{after}", cohort.back[later])
    if kind == "calls" and len(numbers) == 1:
        for low, high in BINS:
            if low == numbers[0]:
                users = [user for user, n in calls.items() if n >= low and (high is None or n <= high)]
                return Those(f"With {bin_name(low, high)} calls in this time", users)
    return None


def _named(per: str, period: object) -> str:
    first, last = period.first_day, period.last_day  # type: ignore[attr-defined]
    return formatting.day(first) if per == "day" else f"the {per} {formatting.span(first, last)}"
