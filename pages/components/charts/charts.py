"""The charts of the pages. Altair is imported here and only when a chart is drawn: it takes a second to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import empty_states, formatting
from pages.components.charts.time_axis import LABEL, Slot, TimeAxis

if TYPE_CHECKING:
    import altair as alt

    from llmtrack.ledger.query import Unit

HEIGHT = 260
SERIES = 7
"""More than these in one chart cannot be told apart; the smallest are drawn as one, or left out."""
OTHERS = "all others"
PARTS_HEIGHT = 140
"""Of a bar in parts; its names are in it, on a phone one below the other."""
PALE = 0.45
"""How opaque a bar is that stands for less than a whole hour, day, week or month."""


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
    return [Point(at, name, float(cost), formatting.usd(cost)) for at, name, cost in rows if cost]


def merge_small(points: Sequence[Point], axis: TimeAxis, unit: Unit, keep: int = SERIES) -> list[Point]:
    """The largest `keep` series, with names as short as they may be, and the others, added up, under one name."""
    points = _short(points)
    order = _by_size(points)
    if len(order) <= keep + 1:
        return points
    kept = set(order[:keep])
    merged: dict[Slot, float] = {}
    for point in points:
        if point.series not in kept:
            merged[axis.slot(point.at)] = merged.get(axis.slot(point.at), 0.0) + point.value
    rest = [Point(slot.period.since, OTHERS, value, _sum_text(value, unit)) for slot, value in merged.items()]
    return [point for point in points if point.series in kept] + rest


def bars_over_time(
    points: Sequence[Point],
    axis: TimeAxis,
    *,
    alt_text: str,
    title: str,
    unit: Unit = "usd",
    series: str = "Model",
) -> None:
    """Stacked bars, one for each slot of the axis, in parts by series. The values have to be such as add up."""
    import altair as alt
    import pandas as pd

    points = merge_small([point for point in points if point.value], axis, unit)
    if not points:
        return nothing(title)
    order = _by_size(points)
    table = pd.DataFrame(_rows(points, axis)).assign(rank=[order.index(point.series) for point in points])
    tallest = max(table.groupby("place")["value"].sum())
    chart = (
        alt.Chart(table)
        .mark_bar(cornerRadiusTopLeft=1, cornerRadiusTopRight=1)
        .encode(
            x=_time(axis),
            y=alt.Y("value:Q", title=None, axis=_value_axis(tallest, unit)),
            color=alt.Color("series:N", title=None, sort=order, legend=_legend(order)),
            opacity=alt.when(alt.datum.partial != "").then(alt.value(PALE)).otherwise(alt.value(1)),
            order=alt.Order("rank:Q"),
            tooltip=_tooltip(axis, series, title),
            description=alt.Description("about:N"),
        )
        .properties(height=HEIGHT)
    )
    st.altair_chart(chart, alt=alt_text)
    _note(axis, "Paler")
    return None


def bars(rows: Sequence[tuple[str, float, str]], *, title: str, alt_text: str, limit: int = 12) -> None:
    """Horizontal bars with their values: (name, size, size as text), the largest first."""
    import altair as alt
    import pandas as pd

    if not rows:
        return nothing(title)
    short = formatting.short_names({name for name, _, _ in rows})
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
    return None


def parts(rows: Sequence[tuple[str, float, str]], *, alt_text: str) -> None:
    """One bar in parts that add up to a whole: (name, size, size as text), in the order given; empty ones left out."""
    import altair as alt
    import pandas as pd

    rows = [row for row in rows if row[1]]
    names = [f"{name}: {text}" for name, _, text in rows]
    whole = sum(size for _, size, _ in rows)
    table = pd.DataFrame(
        {
            "name": names,
            "value": [size for _, size, _ in rows],
            "share": [formatting.share(size, whole) for _, size, _ in rows],
            "rank": range(len(rows)),
        }
    )
    chart = (
        alt.Chart(table)
        .mark_bar(height=26)
        .encode(
            x=alt.X("value:Q", title=None, axis=None, stack=True, scale=alt.Scale(domain=[0, whole], nice=False)),
            color=alt.Color("name:N", title=None, sort=names, legend=_legend(names, most=220)),
            order=alt.Order("rank:Q"),
            tooltip=[alt.Tooltip("name:N", title="Part"), alt.Tooltip("share:N", title="Share")],
        )
        .properties(height=PARTS_HEIGHT)
    )
    st.altair_chart(chart, alt=f"{alt_text}: {', '.join(names)}")


def lines_over_time(
    points: Sequence[Point],
    axis: TimeAxis,
    *,
    alt_text: str,
    title: str,
    unit: Unit = "seconds",
    series: str = "Series",
) -> None:
    """A line for each series; where a value is unknown the line has a gap, where it is not of a whole slot, dashes."""
    import altair as alt
    import pandas as pd

    if not points:
        return nothing(title)
    points = _short(points)
    names = list(dict.fromkeys(point.series for point in points))
    if len(names) > SERIES + 1:
        drawn = set(_by_size(points)[:SERIES])
        points = [point for point in points if point.series in drawn]
        empty_states.note(f"The {SERIES} highest of {len(names)} are drawn.")
        names = [name for name in names if name in drawn]
    whole, dashed = _lines(points, axis)
    lines = (
        alt.Chart(pd.DataFrame(whole))
        .mark_line(strokeWidth=2)
        .encode(
            x=_time(axis),
            y=alt.Y("value:Q", title=None, axis=_value_axis(max(point.value for point in points), unit)),
            color=alt.Color("series:N", title=None, sort=names, legend=_legend(names)),
        )
    )
    dots = (
        alt.Chart(pd.DataFrame(_rows(points, axis)))
        .mark_point(size=18, filled=True)
        .encode(
            x=_time(axis),
            y="value:Q",
            color=alt.Color("series:N", sort=names),
            opacity=alt.when(alt.datum.partial != "").then(alt.value(PALE)).otherwise(alt.value(1)),
            tooltip=_tooltip(axis, series, title),
            description=alt.Description("about:N"),
        )
    )
    chart = lines + dots
    if dashed:
        parts = alt.Chart(pd.DataFrame(dashed)).mark_line(strokeWidth=2, strokeDash=[3, 3], opacity=PALE)
        chart += parts.encode(x=_time(axis), y="value:Q", color=alt.Color("series:N", sort=names), detail="piece:N")
    st.altair_chart(chart.properties(height=HEIGHT), alt=alt_text)
    _note(axis, "Dashed")
    return None


def nothing(title: str) -> None:
    """Stands where a chart has nothing to draw."""
    with st.container(height=HEIGHT, border=False, horizontal_alignment="center", vertical_alignment="center"):
        st.caption(f"Nothing to draw in this time. {title}: zero or unknown.", width="content")


def _short(points: Sequence[Point]) -> list[Point]:
    short = formatting.short_names({point.series for point in points})
    return [replace(point, series=short[point.series]) for point in points]


def _sum_text(value: float, unit: Unit) -> str:
    # The parts are known to nano-dollars; for a tooltip over their sum a float is exact enough.
    if unit == "usd":
        return formatting.usd(Decimal(repr(value)))
    return formatting.seconds(value) if unit == "seconds" else formatting.count(round(value))


def _rows(points: Sequence[Point], axis: TimeAxis) -> list[dict[str, Any]]:
    """The points as Vega gets them: times as places in a row with their texts, never as times."""
    return [
        {
            "place": slot.place,
            "when": slot.tooltip,
            "partial": slot.partial,
            "series": point.series,
            "value": point.value,
            "text": point.text,
            "about": f"{slot.tooltip}, {point.series}: {point.text}",
        }
        for point in points
        for slot in (axis.slot(point.at),)
    ]


def _lines(points: Sequence[Point], axis: TimeAxis) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The solid lines, with nothing where a slot has no value or is partial; the pieces to and from partial ones."""
    values = {(point.series, axis.slot(point.at).place): point.value for point in points}
    whole: list[dict[str, Any]] = []
    dashed: list[dict[str, Any]] = []
    for name in dict.fromkeys(point.series for point in points):
        line = [(slot, values.get((name, slot.place))) for slot in axis]
        whole += [
            {"place": slot.place, "series": name, "value": None if slot.partial else value} for slot, value in line
        ]
        for (slot, value), (following, next_value) in pairwise(line):
            if (slot.partial or following.partial) and value is not None and next_value is not None:
                piece = f"{name} {slot.place}"
                dashed += [
                    {"place": place, "series": name, "value": at, "piece": piece}
                    for place, at in ((slot.place, value), (following.place, next_value))
                ]
    return whole, dashed


def _by_size(points: Sequence[Point]) -> list[str]:
    totals: dict[str, float] = {}
    for point in points:
        totals[point.series] = totals.get(point.series, 0.0) + point.value
    return sorted(totals, key=lambda name: (name == OTHERS, -totals[name]))


def _time(axis: TimeAxis) -> alt.X:
    import altair as alt

    places = [slot.place for slot in axis]
    labels = alt.Axis(
        labelExpr=LABEL,
        labelAngle=0,
        labelOverlap="greedy",
        labelPadding=6,
        ticks=False,
        description=f"{axis.grain.capitalize()}s from {axis.slots[0].title} to {axis.slots[-1].title}",
    )
    return alt.X("place:O", title=None, scale=alt.Scale(domain=places), axis=labels)


def _tooltip(axis: TimeAxis, series: str, title: str) -> list[alt.Tooltip]:
    import altair as alt

    return [
        alt.Tooltip("when:N", title=axis.grain.capitalize()),
        alt.Tooltip("series:N", title=series),
        alt.Tooltip("text:N", title=title),
    ]


def _value_axis(top: float, unit: Unit) -> alt.Axis:
    """Marks with as many decimals as the highest value asks for, so that none but the lowest reads zero."""
    import altair as alt

    if unit == "usd":
        return alt.Axis(tickCount=5, format="$,.0f" if top >= 10 else ("$,.2f" if top >= 0.05 else "$.9~f"))
    if unit == "ratio":
        return alt.Axis(tickCount=5, format=".9~%")
    if unit in ("count", "tokens"):
        return alt.Axis(tickCount=5, tickMinStep=1, format="~s")
    return alt.Axis(tickCount=5, grid=True)


def _note(axis: TimeAxis, drawn: str) -> None:
    if axis.note:
        empty_states.note(f"{drawn}: {axis.note}.")


def _legend(names: Sequence[str], *, most: int = 130) -> alt.Legend | None:
    """The names below a chart; none longer than `most` pixels."""
    import altair as alt

    if len(names) < 2:
        return None
    least = 2 if most < 160 else 1
    columns = alt.ExprRef(f"max({least}, floor(width / {most + 35}))")  # as many as fit: a phone shows two short ones
    return alt.Legend(
        orient="bottom", columns=columns, labelLimit=most, symbolSize=80, offset=4, padding=0, rowPadding=3
    )


def _ink() -> str:
    """The colour of text inside a chart; Vega's own is black in either theme."""
    return "#e6ecee" if st.context.theme.type == "dark" else "#1b2529"
