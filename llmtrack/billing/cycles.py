"""Billing cycles, the running one and those before it, also where the anchor day or the time zone was changed.

A cycle runs from anchor day to anchor day, on the clocks of the installation's time zone. A statement that was issued
fixes its cycle for good: after a change of either setting the first new cycle begins where the last issued one ended
and ends on the next new anchor day. No instant is in two cycles, and none is in no cycle.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from llmtrack.ledger.periods import Period, check_anchor_day, edges_of, from_micros, to_micros, zone

_LONGEST = timedelta(days=33)
"""A cycle between two anchor days is shorter, whatever the month and the clocks."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A billing cycle."""

    period: Period
    """Its first instant and the first after it, on the clocks of `timezone`."""
    timezone: str = "UTC"
    number: int | None = None
    """The statement it was billed by; None where none was issued."""

    @property
    def first(self) -> date:
        """Its first day."""
        return self.period.first_day

    @property
    def last(self) -> date:
        """Its last day, included."""
        return self.period.last_day

    @property
    def days(self) -> int:
        """How many calendar days it touches."""
        return self.period.days

    def closed(self, now: datetime) -> bool:
        """Whether it is over."""
        return to_micros(now) >= self.period.end


@dataclass(frozen=True, slots=True)
class Issued:
    """A cycle that a statement was issued for. Times are microseconds since 1970."""

    since: int
    until: int
    number: int
    timezone: str = "UTC"


def cycles(
    count: int,
    *,
    anchor_day: int = 1,
    timezone: str = "UTC",
    issued: Iterable[Issued] = (),
    now: datetime | None = None,
) -> tuple[Cycle, ...]:
    """The running cycle and those before it, `count` in all, the latest first.

    `issued` are the cycles of the user's statements, which stay as they were. Raises ValueError for an anchor day
    outside 1 to 31, an unknown time zone, or issued cycles that overlap.
    """
    zone(timezone)
    check_anchor_day(anchor_day)
    fixed = _checked(issued)
    running = cycle_at(now or datetime.now(UTC), anchor_day=anchor_day, timezone=timezone, issued=fixed)
    listed = [running]
    while len(listed) < count:
        before = from_micros(listed[-1].period.start - 1, timezone)
        listed.append(cycle_at(before, anchor_day=anchor_day, timezone=timezone, issued=fixed))
    return tuple(listed)


def cycle_at(at: datetime, *, anchor_day: int = 1, timezone: str = "UTC", issued: Iterable[Issued] = ()) -> Cycle:
    """The cycle that holds the instant `at`; see `cycles`."""
    instant = to_micros(at)
    fixed = _checked(issued)
    for cycle in fixed:
        if cycle.since <= instant < cycle.until:
            return _cycle(cycle.since, cycle.until, cycle.timezone, cycle.number)
    reach = _LONGEST // timedelta(microseconds=1)
    starts = edges_of(instant - reach, instant + reach, "cycle", timezone, anchor_day)
    edges = {edge for edge in starts if not any(cycle.since < edge < cycle.until for cycle in fixed)}
    edges |= {edge for cycle in fixed for edge in (cycle.since, cycle.until)}
    ordered = sorted(edges)
    place = bisect_right(ordered, instant)
    return _cycle(ordered[place - 1], ordered[place], timezone)


def _cycle(since: int, until: int, timezone: str, number: int | None = None) -> Cycle:
    return Cycle(Period(from_micros(since, timezone), from_micros(until, timezone)), timezone, number)


def _checked(issued: Iterable[Issued]) -> Sequence[Issued]:
    ordered = sorted(issued, key=lambda cycle: cycle.since)
    for earlier, later in itertools.pairwise(ordered):
        if later.since < earlier.until:
            raise ValueError(f"Statements {earlier.number} and {later.number} are of cycles that overlap.")
    return ordered
