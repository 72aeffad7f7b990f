"""Active, new, returning and lost users of each period, from their presence.

New: the first call ever (that the filters let through) lies in the period. Returning: active, and not new. Lost: active
in the period before and not in this one; who comes back later was lost and returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmtrack.ledger.engagement.presence_bits import Presence
from llmtrack.ledger.periods import Period


@dataclass(frozen=True, slots=True)
class Activity:
    """How many users did what in one period."""

    period: Period
    active: int
    """New and returning ones together."""
    new: int
    returning: int
    lost: int | None
    """None of the first period: nobody looked at the one before it."""


def activity(presence: Presence) -> list[Activity]:
    """The numbers of every period, in the order of time."""
    counted = []
    for number, period in enumerate(presence.periods):
        active, new = len(active_users(presence, number)), len(new_users(presence, number))
        lost = len(lost_users(presence, number)) if number else None
        counted.append(Activity(period, active, new, active - new, lost))
    return counted


def active_users(presence: Presence, period: int) -> list[int]:
    """The users who made a call in a period, counted from 0."""
    bit = presence.bit(period)
    return _those(presence, lambda bits: bool(bits & bit))


def new_users(presence: Presence, period: int) -> list[int]:
    """Those of them who made none before."""
    bit = presence.bit(period)
    return _those(presence, lambda bits: bool(bits & bit) and not bits & (bit - 1))


def returning_users(presence: Presence, period: int) -> list[int]:
    """Those of them who made one before."""
    bit = presence.bit(period)
    return _those(presence, lambda bits: bool(bits & bit) and bool(bits & (bit - 1)))


def lost_users(presence: Presence, period: int) -> list[int]:
    """Those who made a call in the period before and none in this one; nobody of the first period."""
    bit = presence.bit(period)
    return _those(presence, lambda bits: bool(period and bits & (bit >> 1) and not bits & bit))


def _those(presence: Presence, test: Callable[[int], bool]) -> list[int]:
    return [user for user, bits in presence.users.items() if test(bits)]
