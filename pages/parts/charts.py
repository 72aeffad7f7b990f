"""The charts of the pages. Altair is imported here and only when a chart is drawn: it takes a second to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import words

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 260
SERIES = 7
"""More than these in one chart cannot be told apart; the smallest are drawn as one."""
OTHERS = "all others"
TIME_LABELS = {
    "hour": "utcFormat(toDate(datum.value), '%H:%M')",
    "day": "utcFormat(toDate(datum.value), '%-d %b')",
    "week": "utcFormat(toDate(datum.value), '%-d %b')",
    "month": "utcFormat(toDate(datum.value), '%b %Y')",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One bar's part: when, of which series, how much."""

    at: datetime
    series: str
    value: float
    text: str
    """The value as people read it, for the tooltip."""


def money_points(rows: Iterable[tuple[datetime, str, Decimal | None]]) -> list[Point]:
    """Points of cost; what is unknown has no bar."""
    return [Point(at, name, float(cost), words.usd(cost)) for at, name, cost in rows if cost]


def merge_small(points: Sequence[Point], keep: int = SERIES) -> list[Point]:
    """The largest `keep` series, with names as short as they may be, and the others under one name."""
    short = words.short_names({point.series for point in points})
    points = [replace(point, series=short[point.series]) for point in points]
    totals: dict[str, float] = {}
    for point in points:
        totals[point.series] = totals.get(point.series, 0.0) + point.value
    if len(totals) <= keep + 1:
        return list(points)
    kept = set(sorted(totals, key=lambda name: -totals[name])[:keep])
    merged: dict[datetime, float] = {}
    for point in points:
        if point.series not in kept:
            merged[point.at] = merged.get(point.at, 0.0) + point.value
    # The parts are known to nano-dollars; for a tooltip over their sum a float is exact enough.
    rest = [Point(at, OTHERS, value, words.usd(Decimal(repr(value)))) for at, value in merged.items()]
    return [point for point in points if point.series in kept] + rest


def bars_over_time(
    points: Sequence[Point], *, every: Sequence[datetime], grain: str, alt_text: str, title: str, money: bool = True
) -> None:
    """Stacked bars, one for each of `every` (also the empty ones), in parts by series."""
    if _nothing_to_draw(points):
        return
    import altair as alt
    import pandas as pd

    points = merge_small(points)
    ticks = [_local(at) for at in every]
    order = _by_size(points)
    table = pd.DataFrame(
        {
            "at": [_local(point.at) for point in points],
            "series": [point.series for point in points],
            "value": [point.value for point in points],
            "text": [point.text for point in points],
            "rank": [order.index(point.series) for point in points],
        }
    )
    chart = (
        alt.Chart(table)
        .mark_bar(cornerRadiusTopLeft=1, cornerRadiusTopRight=1)
        .encode(
            x=alt.X("at:O", title=None, scale=alt.Scale(domain=ticks), axis=_time_axis(grain)),
            y=alt.Y("value:Q", title=None, axis=_value_axis(points, money)),
            color=alt.Color("series:N", title=None, sort=order, legend=_legend(order)),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("at:O", title="From" if grain != "day" else "Day"),
                alt.Tooltip("series:N", title="Model"),
                alt.Tooltip("text:N", title=title),
            ],
        )
        .properties(height=HEIGHT)
    )
    st.altair_chart(chart, alt=alt_text)


def bars(rows: Sequence[tuple[str, float, str]], *, title: str, alt_text: str, limit: int = 12) -> None:
    """Horizontal bars with their values: (name, size, size as text), the largest first."""
    if _nothing_to_draw(rows):
        return
    import altair as alt
    import pandas as pd

    short = words.short_names({name for name, _, _ in rows})
    rows = [(short[name], size, text) for name, size, text in sorted(rows, key=lambda row: -row[1])[:limit]]
    table = pd.DataFrame(rows, columns=["name", "value", "text"])
    widest = 1.3 * max((size for _, size, _ in rows), default=1.0) or 1.0  # leaves room for the value behind the bar
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False)),
        x=alt.X(
            "value:Q",
            title=None,
            axis=None,
            scale=alt.Scale(domainMax=widest),
        ),
        tooltip=[alt.Tooltip("name:N", title="Model"), alt.Tooltip("text:N", title=title)],
    )
    drawn = base.mark_bar(cornerRadiusEnd=3) + base.mark_text(align="left", dx=5, color=_ink()).encode(text="text:N")
    st.altair_chart(drawn.properties(height=max(90, 26 * len(rows) + 10)), alt=alt_text)


def lines_over_time(
    points: Sequence[Point], *, every: Sequence[datetime], grain: str, alt_text: str, title: str
) -> None:
    """A line for each series; where a value is unknown the line has a gap."""
    if _nothing_to_draw(points):
        return
    import altair as alt
    import pandas as pd

    table = pd.DataFrame(
        {
            "at": [_local(point.at) for point in points],
            "series": [point.series for point in points],
            "value": [point.value for point in points],
            "text": [point.text for point in points],
        }
    )
    order = list(dict.fromkeys(point.series for point in points))
    chart = (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=2)
        .encode(
            x=alt.X("at:O", title=None, scale=alt.Scale(domain=[_local(at) for at in every]), axis=_time_axis(grain)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, grid=True)),
            color=alt.Color("series:N", title=None, sort=order, legend=_legend(order)),
            tooltip=[
                alt.Tooltip("at:O", title="From" if grain != "day" else "Day"),
                alt.Tooltip("series:N", title="Series"),
                alt.Tooltip("text:N", title=title),
            ],
        )
        .properties(height=HEIGHT)
    )
    st.altair_chart(chart, alt=alt_text)


def _nothing_to_draw(values: Sequence[object]) -> bool:
    """Whether there is nothing to draw, which is then said: empty axes look like a page that is broken."""
    if not values:
        st.caption("Nothing to draw in this time.")
    return not values


def _local(at: datetime) -> str:
    """Clock time without a zone: the bars of a chart are places in a row, not instants the browser may shift."""
    return at.strftime("%Y-%m-%d" if (at.hour, at.minute) == (0, 0) else "%Y-%m-%dT%H:%M")


def _by_size(points: Sequence[Point]) -> list[str]:
    totals: dict[str, float] = {}
    for point in points:
        totals[point.series] = totals.get(point.series, 0.0) + point.value
    return sorted(totals, key=lambda name: (name == OTHERS, -totals[name]))


def _time_axis(grain: str) -> alt.Axis:
    import altair as alt

    return alt.Axis(labelExpr=TIME_LABELS[grain], labelAngle=0, labelOverlap="greedy", labelPadding=6, ticks=False)


def _value_axis(points: Sequence[Point], money: bool) -> alt.Axis:
    import altair as alt

    if not money:
        return alt.Axis(tickCount=5, tickMinStep=1, format="~s")
    tallest: dict[Any, float] = {}
    for point in points:
        tallest[point.at] = tallest.get(point.at, 0.0) + point.value
    top = max(tallest.values(), default=1.0)
    return alt.Axis(tickCount=5, format="$,.0f" if top >= 10 else ("$,.2f" if top >= 0.05 else "$.6~f"))


def _legend(names: Sequence[str]) -> alt.Legend | None:
    import altair as alt

    if len(names) < 2:
        return None
    columns = alt.ExprRef("max(2, floor(width / 165))")  # as many as fit: a phone shows two
    return alt.Legend(
        orient="bottom", columns=columns, labelLimit=130, symbolSize=80, offset=4, padding=0, rowPadding=3
    )


def _ink() -> str:
    """The colour of text inside a chart; Vega's own is black in either theme."""
    return "#e6ecee" if st.context.theme.type == "dark" else "#1b2529"
