"""An insight: metrics and formulas of them, split, over time, drawn in one way. It stands in the page's address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from llmtrack.ledger.metrics import METRICS
from llmtrack.ledger.periods import GRAINS
from llmtrack.ledger.query import Filter, filters, metric
from pages.components import formatting, links
from pages.components.filters import address
from pages.components.span import Span

LETTERS = "ABCDEFGH"
MOST_METRICS = len(LETTERS)
MOST_SPLITS = 2
USUAL_TOP, TOPS = 7, (3, 5, 7, 10, 20)
CHARTS = {
    "line": "Line", "bar": "Bar", "stacked": "Stacked", "area": "Area", "number": "Number", "table": "Table",
    "histogram": "Histogram", "scatter": "Scatter",
}  # fmt: skip
ALL_VALUES = ("table", "histogram", "scatter", "number")
"""Ways to draw that show every value, unless a number of them was chosen."""
COMPARISONS = {"before": "the period before", "year": "the same a year ago"}
OPERATORS = {"/": "divided by", "+": "plus", "-": "less", "*": "times"}
_FORMULA = re.compile(r"(.+)\s([+\-*/])\s(.+)")


@dataclass(frozen=True, slots=True)
class Insight:
    """What the controls of the page say."""

    metrics: tuple[str, ...]
    """Names of the catalog, or formulas of two such as ``cost / users``."""
    by: tuple[str, ...] = ()
    """The dimensions it is split by."""
    every: str | None = None
    """The length of time of one point; None for the whole time."""
    chart: str | None = None
    """One of `CHARTS`; None for the usual one."""
    top: int | None = None
    """How many values of the first dimension stand by themselves; 0 for each of them, None for the usual number."""
    compare: str | None = None
    """One of `COMPARISONS`."""

    @property
    def drawn(self) -> tuple[str, ...]:
        """The metrics that are drawn: not those that a formula is made of, which are in the table."""
        parts = {part for name in self.metrics for part in parts_of(name)}
        return tuple(name for name in self.metrics if name not in parts) or self.metrics

    @property
    def groups(self) -> tuple[str, ...]:
        """What the answer is split by, time first."""
        return (*([self.every] if self.every else []), *self.by)

    def parameters(self) -> dict[str, list[str]]:
        """What stands in the address for it."""
        return {
            "metrics": list(self.metrics), "by": list(self.by), "every": [self.every] if self.every else [],
            "chart": [self.chart] if self.chart else [], "top": [] if self.top is None else [str(self.top)],
            "compare": [self.compare] if self.compare else [],
        }  # fmt: skip

    def href(self) -> str:
        """The address of the page with this insight, and everything else as it is."""
        return links.here(page=None, **{name: texts or None for name, texts in self.parameters().items()})

    def write(self) -> None:
        """Put it into the address."""
        address.write({**self.parameters(), "page": []})


READY: Mapping[str, Insight] = {
    "Total cost per model": Insight(("cost",), ("model",), "day"),
    "Average cost per user": Insight(("cost", "users", "cost / users"), (), "week"),
    "Average response time": Insight(("duration",), (), "day"),
    "Cost per interaction by model": Insight(("cost", "traces", "cost / traces"), ("model",)),
    "Cost per interaction": Insight(("cost_per_trace",), (), "day"),
    "Calls against users": Insight(("generations", "users"), (), "week"),
}
"""Where to begin: what tutorials of LLM observability begin with, and more."""


def read(span: Span) -> Insight:
    """The insight that the address says; the cost of each model where it says none.

    Raises ValueError for metrics and dimensions that there are not.
    """
    insight = _in_address(span)
    for name in insight.metrics:
        metric(name)
    filters([Filter(name, (None,)) for name in insight.by])
    return insight


def _in_address(span: Span) -> Insight:
    query = st.query_params
    if not any(query.get_all(name) for name in ("metrics", "by", "every")):
        return Insight(
            ("cost",), ("model",), span.grain, _one_of("chart", CHARTS), None, _one_of("compare", COMPARISONS)
        )
    split = list(dict.fromkeys(query.get_all("by")))
    every = next((name for name in (*query.get_all("every"), *split) if name in GRAINS), None)
    top = query.get("top", "")
    return Insight(
        metrics=tuple(dict.fromkeys(named(name) for name in query.get_all("metrics")))[:MOST_METRICS] or ("cost",),
        by=tuple(named(name) for name in split if name not in GRAINS)[:MOST_SPLITS],
        every=every,
        chart=_one_of("chart", CHARTS),
        top=int(top) if top.isascii() and top.isdigit() and len(top) < 4 else None,
        compare=_one_of("compare", COMPARISONS),
    )


def _one_of(parameter: str, values: Mapping[str, str]) -> str | None:
    text = st.query_params.get(parameter)
    return text if text in values else None


def named(typed: str) -> str:
    """A metric or formula as it stands in an address, with one space around each operator."""
    return re.sub(r"\s*([*/])\s*", r" \1 ", typed.strip())


def parts_of(name: str) -> tuple[str, ...]:
    """The two metrics of a formula; none of a plain metric."""
    formula = None if name in METRICS else _FORMULA.fullmatch(name)
    return (formula[1], formula[3]) if formula else ()


def title_of(name: str) -> str:
    """A metric or formula as people read it; traces and sessions have the names that pages have for them."""
    return formatting.heading(name.replace("trace", "interaction").replace("session", "conversation"))


def in_letters(name: str, metrics: Sequence[str]) -> str:
    """A formula in the letters of its parts where these are shown, too: ``A / B``; else in their names."""
    formula = _FORMULA.fullmatch(name)
    if not formula:
        return title_of(name)
    plain = [other for other in metrics if not parts_of(other)]
    if not {formula[1], formula[3]} <= set(plain):
        return title_of(name)
    return f"{LETTERS[plain.index(formula[1])]} {formula[2]} {LETTERS[plain.index(formula[3])]}"


def charts_for(insight: Insight) -> list[str]:
    """The ways this insight can be drawn, the usual one first."""
    additive = all(metric(name).additive for name in insight.drawn)
    ways: list[str] = []
    if insight.every in ("hour", "day", "week", "month"):
        ways = ["stacked", "bar", "line", "area"] if insight.by else ["bar", "line", "area"]
        if not additive:  # the parts of an average make no whole that could be stacked
            ways = ["line", "bar"]
    elif insight.by:
        ways = ["bar"]
    elif not insight.every:
        ways = ["number"]
    ways += [way for way in ("table", "number") if way not in ways]
    if insight.by or spread_of(insight.drawn[0]):
        ways.append("histogram")
    if insight.by and len(insight.metrics) > 1:
        ways.append("scatter")
    return ways


def drawn_as(insight: Insight) -> str:
    """The way it is drawn: the one in the address where that fits, else the usual one."""
    offered = charts_for(insight)
    return insight.chart if insight.chart in offered else offered[0]


def usual_top(chart: str) -> int:
    """How many values stand by themselves where no number of them was chosen; 0 for each of them."""
    return 0 if chart in ALL_VALUES else USUAL_TOP


def spread_of(name: str) -> str | None:
    """The percentile whose distribution over single calls a metric is about; None where it is about none."""
    for start in ("generation_duration", "duration", "time_to_first_token"):
        if name == start or name.startswith(f"{start}_p"):
            return f"{start}_p50"
    return "cost_p50" if name in ("cost_per_generation", "cost_p50", "cost_p95", "cost_p99") else None


def without(insight: Insight, name: str) -> Insight:
    """The insight without a metric; what was made of it goes, too, and one metric always stays."""
    left = tuple(other for other in insight.metrics if other != name)
    return replace(insight, metrics=left or ("cost",), chart=None)
