"""What was asked for an insight: its answer, the same of the time before, and both as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmtrack.ledger.metrics import OTHERS
from llmtrack.ledger.query import Filter, QueryResult, Row
from pages.components import queries
from pages.components.conditions import value_name
from pages.components.explore.insight import Insight, usual_top
from pages.components.span import Span

MOST_ROWS = 2_000
DRAWN = ("hour", "day", "week", "month")
"""Lengths of time a chart has an axis for."""
WHOLE = ("number", "histogram", "scatter")
"""Ways to draw that are about the whole time."""
CLOCK = ("hour_of_day", "weekday")


@dataclass(frozen=True, slots=True)
class Results:
    """An insight with what the ledger says to it."""

    insight: Insight
    """As it is drawn: without a length of time where the whole of it is shown."""
    span: Span
    against: Span | None
    where: tuple[Filter, ...]
    top: int | None
    answer: QueryResult
    before: QueryResult | None
    over_time: QueryResult | None
    """The metrics over time, not split by anything else; None where the answer is no time or is that already."""
    of_values: QueryResult | None
    """The metrics of each value over the whole time, where there is an `over_time` and no sum would do."""

    def whole(self, value: Any) -> Any:
        """The metric that is drawn for a value over the whole time."""
        metric, by = self.insight.drawn[0], self.split[0]
        if self.of_values is not None:
            return next((row[metric] for row in self.of_values if row[by] == value), None)
        parts = [row[metric] for row in self.answer if row[by] == value and row[metric] is not None]
        return sum(parts) if parts else None

    @property
    def split(self) -> tuple[str, ...]:
        """The dimensions of the answer."""
        return self.insight.by

    @property
    def has_others(self) -> bool:
        """Whether some values stand together as one."""
        return self.top is not None and any(row[self.split[0]] is OTHERS for row in self.answer)

    def name(self, row: Row) -> str:
        """What the row's values of the dimensions are called."""
        return " · ".join(value_name(row[name], name) for name in self.split)

    def text(self, metric: str, row: Row | None = None) -> str:
        """A metric of a row, or of the whole, as people read it."""
        return queries.text(self.answer, metric, row)

    def earlier(self) -> Mapping[tuple[Any, ...], Row]:
        """The rows of the time before, by the place in time that corresponds and the values of the dimensions."""
        if self.before is None or self.against is None:
            return {}
        return dict(zip(self.places(self.before, self.against), self.before, strict=True))

    def places(self, answer: QueryResult, span: Span) -> list[tuple[Any, ...]]:
        """For each row which point of its time it is about, counted from the beginning, and its values."""
        every = self.insight.every
        if every not in DRAWN:
            return [(None, *(row[name] for name in self.split)) for row in answer]
        axis = span.axis(every)
        numbers = {slot.place: number for number, slot in enumerate(axis)}
        return [(numbers[axis.slot(row[every]).place], *(row[name] for name in self.split)) for row in answer]


def ask(insight: Insight, chart: str, span: Span, against: Span | None, where: tuple[Filter, ...]) -> Results:
    """What has to be read to draw the insight in that way."""
    if chart in WHOLE and insight.every:
        insight = replace(insight, every=None)
    top = _top(insight, chart)
    order = None if insight.every or not insight.by or insight.by[0] in CLOCK else f"-{insight.metrics[0]}"

    def read(when: Span, values: Any) -> QueryResult:
        return queries.ask(
            insight.metrics, when, by=insight.groups, where=where, order=order, limit=MOST_ROWS, fill=False, top=values,
        )  # fmt: skip

    answer = read(span, top)
    before = read(against, top if top is None else answer.top) if against else None
    over_time = of_values = None
    if insight.every in DRAWN and insight.by:
        over_time = queries.ask(insight.metrics, span, by=[insight.every], where=where, fill=False)
        chosen = None if top is None else answer.top
        if insight.drawn[0] not in answer.additive:
            of_values = queries.ask(insight.metrics, span, by=insight.by, where=where, fill=False, top=chosen)
    return Results(insight, span, against, where, top, answer, before, over_time, of_values)


def _top(insight: Insight, chart: str) -> int | None:
    """How many values stand by themselves; None for all of them."""
    if not insight.by or insight.by[0] in CLOCK:
        return None
    return (usual_top(chart) if insight.top is None else insight.top) or None


def of_row(results: Results, row: Row) -> tuple[Filter, ...]:
    """The filters that the calls of a row pass; what stands for several values is none."""
    return tuple(Filter(name, (row[name],)) for name in results.split if row[name] is not OTHERS)
