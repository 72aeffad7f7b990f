"""The hours, days, weeks or months along a chart, with their labels in the zone of the settings.

Every label is written here. Vega would read a time on the clock of the browser, which shifts it, and would draw the
hour that a clock going back shows twice as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from llmtrack.ledger.periods import Period, buckets, to_micros
from pages.components import formatting

_PREFIX = "%Y-%m-%dT%H:%M"
LABEL = "slice(datum.value, 16)"
"""The Vega expression for the label in a slot's `place`: what follows the instant."""
CUT, RUNNING = "cut by the chosen time", "still running"


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour, day, week or month of a chart."""

    period: Period
    label: str
    """What the axis calls it; two slots may have the same."""
    title: str
    """What it is called by itself, with its date."""
    partial: str = ""
    """Why it is not whole (`CUT`, `RUNNING`); empty where it is."""

    @property
    def place(self) -> str:
        """A text no other slot has, which ends in the label: an ordinal axis of them needs no clock."""
        return f"{self.period.since.astimezone(UTC).strftime(_PREFIX)}{self.label}"

    @property
    def tooltip(self) -> str:
        """Its title, and why it is not whole."""
        return f"{self.title} ({self.partial})" if self.partial else self.title


class TimeAxis:
    """All slots of a chart, in order, the empty ones too."""

    def __init__(self, grain: str, slots: Sequence[Slot]) -> None:
        self.grain = grain
        self.slots = tuple(slots)
        # By instant: aware datetimes of one zone are equal wherever clocks show the same, also in a repeated hour.
        self._by_instant = {slot.period.start: slot for slot in self.slots}

    def __len__(self) -> int:
        return len(self.slots)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def slot(self, at: datetime) -> Slot:
        """The slot that begins at `at`. Raises KeyError where none does."""
        return self._by_instant[to_micros(at)]

    @property
    def note(self) -> str:
        """Which slots are not whole, in a sentence; empty where all are."""
        return "; ".join(
            f"{', '.join(titles)} {'is' if len(titles) == 1 else 'are'} {why}"
            for why in dict.fromkeys(slot.partial for slot in self.slots if slot.partial)
            if (titles := [slot.title for slot in self.slots if slot.partial == why])
        )


def time_axis(period: Period, grain: str, timezone: str, now: datetime) -> TimeAxis:
    """The slots of `grain` that `period` touches, those marked that it cuts or that `now` lies in."""
    spans = buckets(period.start, period.end, grain, timezone)
    repeated = grain == "hour" and len({span.since.utcoffset() for span in spans}) > 1
    instant = to_micros(now)
    slots = []
    for span in spans:
        cut = span.start < period.start or (span.end > period.end and period.end <= instant)
        running = span.start <= instant < span.end
        partial = " and ".join(why for why, holds in ((CUT, cut), (RUNNING, running)) if holds)
        slots.append(Slot(span, _label(span.since, grain), _title(span, grain, repeated), partial))
    return TimeAxis(grain, slots)


def _label(at: datetime, grain: str) -> str:
    if grain == "hour":
        return f"{at:%H:%M}"
    return f"{at:%b %Y}" if grain == "month" else f"{at.day} {at:%b}"


def _title(span: Period, grain: str, repeated: bool) -> str:
    at = span.since
    if grain == "hour":
        # Where the clocks change, two hours may have one name; which of them it is, the zone's abbreviation tells.
        return f"{formatting.day(at)}, {at:%H:%M}{f' {at:%Z}' if repeated else ''}"
    if grain == "week":
        return formatting.span(at.date(), (span.until - timedelta(microseconds=1)).date())
    return f"{at:%B %Y}" if grain == "month" else formatting.day(at)
