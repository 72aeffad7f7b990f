"""How a query groups its time: by stretches such as days, by what the clock shows, or not at all.

Whatever it is, a group of time is a number with spans of microseconds, which the planner cuts along the slots of the
rollups. A day is one span; "Mondays at 10" are many of them. So the clock needs no arithmetic in SQL, which SQLite has
no time zones for, and reads rollups wherever these have slots short enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from llmtrack.ledger.periods import buckets, edges_of, from_micros
from llmtrack.ledger.query.query import CLOCK, Filter, Query

Span = tuple[int, int, int]
"""The number of a group, the first microsecond of a span, the first one after it."""


@dataclass(frozen=True, slots=True)
class TimeGroup:
    """One group of time: what it is called in a row, by the names in `by`, and what it is sorted by."""

    values: Mapping[str, Any]
    order: Mapping[str, int]


class TimeGroups:
    """The groups of a query's time, from `since` to before `until` (microseconds since 1970)."""

    def __init__(self, query: Query, since: int, until: int) -> None:
        self._query = query
        self._filters = [condition for condition in query.where if condition.dimension in CLOCK]
        self._numbers: dict[tuple[int, ...], int] = {}
        self.groups: list[TimeGroup] = []
        """What the numbers of the spans stand for."""
        self.spans: list[Span] = []
        """The spans of each group, clipped to the time."""
        self.whole: list[Span] = []
        """The same as one group."""
        if since < until:
            self._divide(since, until)
        if not query.grain and not query.clock:
            self.groups = [TimeGroup({}, {})]

    def _divide(self, since: int, until: int) -> None:
        query = self._query
        stretches: list[tuple[int, int, Mapping[str, Any]]] = [(since, until, {})]
        if query.grain:
            periods = buckets(since, until, query.grain, query.timezone, query.anchor_day)
            stretches = [(max(p.start, since), min(p.end, until), {query.grain: p.since}) for p in periods]
        for place, (start, end, named) in enumerate(stretches):
            for low, high, shown in self._cells(start, end):
                shown_here = {name: shown[name] for name in query.clock}
                number = self._number((place, *shown_here.values()), named, shown_here)
                _extend(self.spans, number, low, high)
                _extend(self.whole, 0, low, high)

    def _cells(self, start: int, end: int) -> Iterator[tuple[int, int, Mapping[str, int]]]:
        """The parts of a stretch in which the clock shows the same and no filter on it is against it."""
        names = {*self._query.clock, *(condition.dimension for condition in self._filters)}
        if not names:
            yield start, end, {}
            return
        for low, high, shown in clock_cells(start, end, self._query.timezone, hours="hour_of_day" in names):
            if all(_passes(condition, shown[condition.dimension]) for condition in self._filters):
                yield low, high, shown

    def _number(self, key: tuple[int, ...], named: Mapping[str, Any], shown: Mapping[str, int]) -> int:
        number = self._numbers.setdefault(key, len(self.groups))
        if number == len(self.groups):
            self.groups.append(TimeGroup({**named, **shown}, {**dict.fromkeys(named, key[0]), **shown}))
        return number


def clock_cells(
    start: int, end: int, timezone: str, *, hours: bool = True
) -> Iterator[tuple[int, int, Mapping[str, int]]]:
    """Each hour (or day) of a time, clipped to it, with the hour of the day and the weekday that the clock shows."""
    edges = edges_of(start, end, "hour" if hours else "day", timezone)
    for low, high in pairwise(edges):
        local = from_micros(low, timezone)
        yield max(low, start), min(high, end), {"hour_of_day": local.hour, "weekday": local.isoweekday()}


def _passes(condition: Filter, shown: int) -> bool:
    return (str(shown) in {str(value) for value in condition.values}) != condition.negated


def _extend(spans: list[Span], number: int, start: int, end: int) -> None:
    """Adds a span, to the last one where it goes on from there."""
    if spans and spans[-1][0] == number and spans[-1][2] == start:
        spans[-1] = (number, spans[-1][1], end)
    else:
        spans.append((number, start, end))
