"""What the usage page is about: a billing cycle or some days, and what its tables are narrowed down to.

All of it stands in the address: ``cycle`` (its first day) or ``since`` and ``until``, and of the tables ``model``,
``feature``, ``day`` and ``hour`` (weekday from 0 and hour, ``3-14``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import streamlit as st

from llmtrack.billing.cycles import Cycle
from llmtrack.billing.statements import own_cycles
from llmtrack.ledger.periods import Period, buckets, days, zone
from llmtrack.ledger.query import Filter
from llmtrack.settings import get_settings
from pages.components import formatting, queries
from pages.components.charts import TimeAxis, time_axis
from pages.components.conditions import both
from pages.components.filters import read_where
from pages.components.span import Span

CYCLES = 13
"""The running one and those of a year before it."""
LONGEST_DAYS = 3 * 366
NOT_GIVEN = "(none)"
"""The value of a parameter that means: not given."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NARROWING = ("model", "feature", "day", "hour")
"""The parameters that narrow the tables down."""


@dataclass(frozen=True, slots=True)
class Time:
    """The time the page is about."""

    span: Span
    cycles: tuple[Cycle, ...]
    """The billing cycles to choose from, the running one first."""
    cycle: Cycle | None
    """The one chosen; None where it is a range of days."""
    now: datetime

    @property
    def running(self) -> bool:
        """Whether it is a cycle that has not ended."""
        return self.cycle is not None and not self.cycle.closed(self.now)

    @property
    def today(self) -> date:
        """Today, on the clocks of the time zone."""
        return self.now.date()

    def before(self) -> Span:
        """The cycle before it; of a range as many days before it."""
        if self.cycle is None:
            return self.span.before()
        place = self.cycles.index(self.cycle)
        earlier = self.cycles[place + 1]
        return Span(earlier.period, earlier.timezone)

    def axis(self, grain: str) -> TimeAxis:
        """The hours, days, weeks or months of it that have begun: what a line over time has a value for."""
        begun = min(self.span.period.until, self.now)
        return time_axis(Period(self.span.period.since, begun), grain, self.span.timezone, self.now)

    def whole_days(self) -> int:
        """How many days of it are over."""
        return max(0, min(self.span.days, (self.today - self.span.first).days))


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the tables below are narrowed down to."""

    where: tuple[Filter, ...]
    """Filters on dimensions."""
    spans: tuple[Span, ...]
    """The times they are about: the whole, a day, or each of some hours."""
    words: Mapping[str, str]
    """What is chosen, by parameter."""
    chosen: tuple[Filter, ...] = ()
    """Those of the filters that were added by the filter bar."""

    @property
    def whole(self) -> bool:
        """Whether nothing of the time is left out."""
        return not {"day", "hour"} & set(self.words)


def read_time(users: Sequence[str]) -> Time:
    """The time that the address names; the running cycle where it names none of ours."""
    settings = get_settings()
    now = datetime.now(zone(settings.timezone))
    listed = own_cycles(queries.ledger(), users, CYCLES + 1, settings=settings, now=now)
    chosen = next((cycle for cycle in listed[:-1] if str(cycle.first) == st.query_params.get("cycle")), listed[0])
    period = _range(settings.timezone, now.date())
    if period is not None:
        return Time(Span(period, settings.timezone), listed, None, now)
    return Time(Span(chosen.period, chosen.timezone), listed, chosen, now)


def _range(timezone: str, today: date) -> Period | None:
    """The days from ``since`` to ``until`` in the address; None where they are no two days."""
    try:
        first, last = (date.fromisoformat(st.query_params.get(name, "")) for name in ("since", "until"))
    except ValueError:
        return None
    first, last = min(first, last, today), min(max(first, last), today)
    return days(max(first, last - timedelta(days=LONGEST_DAYS)), last, timezone)


def read_narrowing(span: Span) -> Narrowing:
    """What of the address narrows the tables down; a day or hour outside of the time counts as none."""
    where: dict[str, Any] = {}
    words: dict[str, str] = {}
    for name in ("model", "feature"):
        value = st.query_params.get(name)
        if value:
            where[name] = None if value == NOT_GIVEN else value
            words[name] = "not given" if value == NOT_GIVEN else value
    spans: tuple[Span, ...] = (span,)
    day, hour = _day(span), _hour()
    if day is not None:
        spans = (Span(days(day, day, span.timezone), span.timezone),)
        words["day"] = formatting.day(day)
    if hour is not None:
        weekday, at = hour
        spans = tuple(
            Span(bucket, part.timezone)
            for part in spans
            for bucket in buckets(part.period.start, part.period.end, "hour", part.timezone)
            if (bucket.since.weekday(), bucket.since.hour) == (weekday, at)
        )
        words["hour"] = f"{WEEKDAYS[weekday]}s, {at:02d}:00 to {at:02d}:59"
    chosen = read_where()
    return Narrowing(both(where, chosen), spans, words, chosen)


def _day(span: Span) -> date | None:
    try:
        day = date.fromisoformat(st.query_params.get("day", ""))
    except ValueError:
        return None
    return day if span.first <= day <= span.last else None


def _hour() -> tuple[int, int] | None:
    weekday, _, at = st.query_params.get("hour", "").partition("-")
    if weekday in tuple("0123456") and at.isascii() and at.isdigit() and int(at) < 24:
        return int(weekday), int(at)
    return None


def parameter(value: str | None) -> str:
    """A value of a dimension as the address has it."""
    return NOT_GIVEN if value is None else value
