"""Lines over time, for values that do not add up: averages, percentiles, shares."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import streamlit as st

from pages.components import empty_states, formatting
from pages.components.charts import colours
from pages.components.charts.encoding import (
    HEIGHT,
    PALE,
    colour_scale,
    html_legend,
    note_partial,
    nothing_to_draw,
    opacity,
    padding,
    time_x,
    tooltip,
    value_axis,
)
from pages.components.charts.points import SERIES, Point, records, series_by_size
from pages.components.charts.time_axis import TimeAxis


def lines_over_time(
    points: Sequence[Point],
    axis: TimeAxis,
    *,
    alt_text: str,
    title: str,
    unit: str = "seconds",
    series: str = "Series",
) -> None:
    """A line for each series; where a value is unknown the line has a gap, where it is not of a whole slot, dashes."""
    import altair as alt
    import pandas as pd

    if not points:
        return nothing_to_draw(title)
    names = list(dict.fromkeys(point.series for point in points))
    if len(names) > SERIES + 1:
        drawn = set(series_by_size(points)[:SERIES])
        points = [point for point in points if point.series in drawn]
        empty_states.note(f"The {SERIES} highest of {len(names)} are drawn.")
        names = [name for name in names if name in drawn]
    names = colours.in_order(series.lower(), names) if series.lower() in ("model", "feature") else names
    of_series = colours.both(series.lower(), names)
    whole, dashed = _lines(points, axis)
    colour = alt.Color("series:N", title=None, scale=colour_scale(names, of_series), legend=None)
    lines = (
        alt.Chart(pd.DataFrame(whole))
        .mark_line(strokeWidth=2)
        .encode(
            x=time_x(axis, bars=False),
            y=alt.Y("value:Q", title=None, axis=value_axis(max(point.value for point in points), unit)),
            color=colour,
        )
    )
    dots = (
        alt.Chart(pd.DataFrame(records(points, axis)))
        .mark_point(size=18, filled=True)
        .encode(
            x=time_x(axis, bars=False),
            y="value:Q",
            color=colour,
            opacity=opacity(),
            tooltip=tooltip(axis, series, title),
            description=alt.Description("about:N"),
        )
    )
    chart = lines + dots
    if dashed:
        parts = alt.Chart(pd.DataFrame(dashed)).mark_line(strokeWidth=2, strokeDash=[3, 3], opacity=PALE)
        chart += parts.encode(x=time_x(axis, bars=False), y="value:Q", color=colour, detail="piece:N")
    html_legend(names, of_series)
    st.altair_chart(chart.properties(height=HEIGHT, padding=padding()), alt=alt_text)
    note_partial(axis, "Dashed")
    return None


def _lines(points: Sequence[Point], axis: TimeAxis) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The solid lines, with nothing where a slot has no value or is partial; the pieces to and from partial ones."""
    values = {(point.series, axis.slot(point.at).place): point.value for point in points}
    short = formatting.short_names({point.series for point in points})
    whole: list[dict[str, Any]] = []
    dashed: list[dict[str, Any]] = []
    for name in dict.fromkeys(point.series for point in points):
        line = [(slot, values.get((name, slot.place))) for slot in axis]
        whole += [
            {"place": slot.place, "series": short[name], "value": None if slot.partial else value}
            for slot, value in line
        ]
        for (slot, value), (following, next_value) in pairwise(line):
            if (slot.partial or following.partial) and value is not None and next_value is not None:
                piece = f"{name} {slot.place}"
                dashed += [
                    {"place": place, "series": short[name], "value": at, "piece": piece}
                    for place, at in ((slot.place, value), (following.place, next_value))
                ]
    return whole, dashed
