"""A simple chart of a result: one column against another, in series by a third where it is chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from llmtrack.ledger.sql_access import Cell, SqlResult
from pages.components import empty_states, formatting, style
from pages.components.charts import HEIGHT
from pages.components.charts.encoding import html_legend, padding, token
from pages.components.style.tokens import SLOTS

MOST_BARS, MOST_POINTS, MOST_SERIES = 60, 2_000, 8
BAR = 28
"""Pixels from one bar to the next."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?")
_NONE = "nothing"
Axis = Literal["time", "number", "name"]


def axis_of(values: Sequence[Cell]) -> Axis | None:
    """What a column is as an axis; None where it holds nothing."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    if all(isinstance(value, str) for value in present):
        return "time" if all(_TIME.fullmatch(str(value)) for value in present) else "name"
    return "name" if any(isinstance(value, str) for value in present) else "number"


def draw(result: SqlResult) -> None:
    """The choices, and the chart that follows from them."""
    axes = {name: axis for name in result.columns if (axis := axis_of(result.column(name)))}
    numbers = [name for name, axis in axes.items() if axis == "number"]
    if len(result.rows) < 2 or not numbers or len(axes) < 2:
        empty_states.note("A chart needs two rows, a column of numbers, and another column to draw it by.")
        return
    across = next((name for name, axis in axes.items() if axis == "time"), next(iter(axes)))
    others = [name for name in numbers if name != across]
    above = next((name for name in others if "cost" in name), others[0] if others else numbers[0])
    names = [name for name, axis in axes.items() if axis == "name" and name != across]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # By the columns' names: another statement's result begins with choices of its own.
        key = "|".join(result.columns)
        x = st.selectbox("Across", list(axes), index=list(axes).index(across), key=f"sql_x {key}", width=180)
        y = st.selectbox("Up", numbers, index=numbers.index(above), key=f"sql_y {key}", width=180)
        parts = [_NONE, *(name for name in axes if name not in (x, y) and axes[name] != "number")]
        usual = parts.index(names[0]) if names and axes[across] == "time" and names[0] in parts else 0
        series = st.selectbox("Split by", parts, index=usual, key=f"sql_series {key} {x} {y}", width=180)
    _chart(result, x, y, None if series == _NONE else series, axes[x])


def _chart(result: SqlResult, x: str, y: str, series: str | None, axis: Axis) -> None:
    rows = _rows(result, x, y, series)
    most = MOST_BARS if axis == "name" else MOST_POINTS
    places = list(dict.fromkeys(row["x"] for row in rows))
    if len(places) > most:
        empty_states.note(f"The first {most:,} of {formatting.counted(len(places), 'value')} are drawn.")
        shown = set(places[:most])
        rows = [row for row in rows if row["x"] in shown]
    names = list(dict.fromkeys(row["series"] for row in rows))
    if len(names) > MOST_SERIES:
        sums = {name: sum(abs(row["y"]) for row in rows if row["series"] == name) for name in names}
        drawn = set(sorted(names, key=lambda name: -sums[name])[:MOST_SERIES])
        empty_states.note(f"The {MOST_SERIES} highest of {len(names)} are drawn.")
        names = [name for name in names if name in drawn]
        rows = [row for row in rows if row["series"] in drawn]
    _draw(rows, names, x, y, axis, split=series is not None)


def _rows(result: SqlResult, x: str, y: str, series: str | None) -> list[dict[str, Any]]:
    """The points that have a place: where either of the two is NULL there is none."""
    split = result.column(series) if series else [y] * len(result.rows)
    return [
        {
            "x": across if isinstance(across, int | float) else str(across),
            "y": float(up),
            "series": "NULL" if part is None else formatting.visible(str(part)),
            "about": f"{across}, {part}: {up}",
        }
        for across, up, part in zip(result.column(x), result.column(y), split, strict=True)
        if across is not None and up is not None and not isinstance(up, str)
    ]


def _draw(rows: list[dict[str, Any]], names: Sequence[str], x: str, y: str, axis: Axis, *, split: bool) -> None:
    import altair as alt
    import pandas as pd

    colours = {name: SLOTS[place] for place, name in enumerate(names)}
    theme = style.theme()
    scale = alt.Scale(domain=list(names), range=[style.in_theme(colours[name], theme) for name in names])
    labels: dict[str, Any] = {
        "labelColor": token("muted"), "labelFontSize": 12, "domainColor": token("line"), "tickColor": token("line"),
        "gridColor": token("hair"),
    }  # fmt: skip
    value_axis = alt.Axis(domain=False, ticks=False, tickCount=5, **labels)
    place: Any
    value: Any = alt.Y("y:Q", title=None, axis=value_axis)
    if axis == "time":
        place = alt.X("x:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(grid=False, **labels))
    elif axis == "number":
        place = alt.X("x:Q", title=x, axis=alt.Axis(grid=False, titleColor=token("muted"), **labels))
    else:  # names are read from left to right: bars lie
        place = alt.Y("x:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, ticks=False, **labels))
        value = alt.X("y:Q", title=None, axis=value_axis)
    chart = alt.Chart(pd.DataFrame(rows)).encode(
        place,
        value,
        color=alt.Color("series:N", title=None, scale=scale, legend=None),
        tooltip=[
            alt.Tooltip("x:N", title=x),
            *([alt.Tooltip("series:N", title="Split by")] if split else []),
            alt.Tooltip("y:Q", title=y),
        ],
        description=alt.Description("about:N"),
    )
    marks: Any = {
        "time": lambda: chart.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=22)),
        "number": lambda: chart.mark_circle(size=45, opacity=0.8),
        "name": lambda: chart.mark_bar(height=alt.RelativeBandSize(0.7)),
    }[axis]()
    html_legend(names, colours, fewest=2 if not split else 1)
    height = max(HEIGHT, BAR * len({row["x"] for row in rows})) if axis == "name" else HEIGHT + 60
    st.altair_chart(marks.properties(height=height, padding=padding()), alt=f"{y} by {x}")
