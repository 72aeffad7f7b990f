"""A stretch of whole days that a page is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from llmtrack.ledger.periods import Period, days, zone
from pages.components import formatting
from pages.components.charts.time_axis import TimeAxis, time_axis


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of whole days in the time zone of the settings."""

    period: Period
    timezone: str

    @property
    def first(self) -> date:
        """The first day."""
        return self.period.first_day

    @property
    def last(self) -> date:
        """The last day, included."""
        return self.period.last_day

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.period.days

    @property
    def grain(self) -> str:
        """What one bar of a chart over time stands for, so that there are neither too few nor too many."""
        if self.days <= 2:
            return "hour"
        return "day" if self.days <= 100 else ("week" if self.days <= 400 else "month")

    def before(self) -> Span:
        """As many days, just before it."""
        return Span(
            days(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.timezone), self.timezone
        )

    def year_before(self) -> Span:
        """The same days a year ago; of a leap day's the 28th."""
        return Span(days(_year_before(self.first), _year_before(self.last), self.timezone), self.timezone)

    def axis(self, grain: str) -> TimeAxis:
        """Each hour, day, week or month of it: the bars of a chart, the empty ones too."""
        return time_axis(self.period, grain, self.timezone, datetime.now(zone(self.timezone)))

    def __str__(self) -> str:
        return formatting.span(self.first, self.last)


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
