"""Series over time that are compared: bars beside each other, for any values, and stacked areas, for what adds up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.components import empty_states
from pages.components.charts import colours
from pages.components.charts.encoding import (
    HEIGHT,
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
from pages.components.charts.points import SERIES, Point, merge_small, records, series_by_size
from pages.components.charts.time_axis import TimeAxis


def bars_beside(points: Sequence[Point], axis: TimeAxis, *, alt_text: str, title: str, unit: str, series: str) -> None:
    """A bar for each series in each slot of the axis; pale where the slot is not whole."""
    import altair as alt
    import pandas as pd

    if not points:
        return nothing_to_draw(title)
    points, names = _drawn(points, series)
    of_series = colours.both(series.lower(), names)
    rows = records(points, axis)
    ranks = {point.series: names.index(point.series) for point in points}
    table = pd.DataFrame(rows).assign(rank=[ranks[point.series] for point in points])
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=time_x(axis),
            xOffset=alt.XOffset("rank:O", sort="ascending"),
            y=alt.Y("value:Q", title=None, axis=value_axis(max(point.value for point in points), unit)),
            color=alt.Color("series:N", title=None, scale=colour_scale(names, of_series), legend=None),
            opacity=opacity(),
            tooltip=tooltip(axis, series, title),
            description=alt.Description("about:N"),
        )
    )
    html_legend(names, of_series)
    st.altair_chart(chart.properties(height=HEIGHT, padding=padding()), alt=alt_text)
    note_partial(axis, "Pale")
    return None


def areas_over_time(
    points: Sequence[Point], axis: TimeAxis, *, alt_text: str, title: str, unit: str, series: str
) -> None:
    """Stacked areas, one for each series. The values have to be such as add up: what is missing adds nothing."""
    import altair as alt
    import pandas as pd

    points = merge_small([point for point in points if point.value], axis, unit)
    if not points:
        return nothing_to_draw(title)
    names = colours.in_order(series.lower(), (point.series for point in points))
    of_series = colours.both(series.lower(), names)
    rows = records(_filled(points, names, axis), axis)
    order = {name: rank for rank, name in enumerate(names)}
    table = pd.DataFrame(rows).assign(rank=[order[name] for name in names for _ in axis])
    totals: dict[str, float] = {}
    for row in rows:
        totals[row["place"]] = totals.get(row["place"], 0.0) + row["value"]
    chart: Any = (
        alt.Chart(table)
        .mark_area(opacity=0.85, line=False)
        .encode(
            x=time_x(axis, bars=False),
            y=alt.Y("value:Q", title=None, stack=True, axis=value_axis(max(totals.values()), unit)),
            color=alt.Color("series:N", title=None, scale=colour_scale(names, of_series), legend=None),
            order=alt.Order("rank:Q"),
            tooltip=tooltip(axis, series, title),
        )
    )
    html_legend(names, of_series)
    st.altair_chart(chart.properties(height=HEIGHT, padding=padding()), alt=alt_text)
    note_partial(axis, "Not whole")
    return None


def _drawn(points: Sequence[Point], series: str) -> tuple[list[Point], list[str]]:
    """The points of as many series as can be told apart, and the names of these."""
    names = list(dict.fromkeys(point.series for point in points))
    if len(names) > SERIES + 1:
        drawn = set(series_by_size(points)[:SERIES])
        empty_states.note(f"The {SERIES} highest of {len(names)} are drawn.")
        names = [name for name in names if name in drawn]
    if series.lower() in ("model", "feature"):
        names = colours.in_order(series.lower(), names)
    return [point for point in points if point.series in names], names


def _filled(points: Sequence[Point], names: Sequence[str], axis: TimeAxis) -> list[Point]:
    """A point for each series in each slot: an area without one would be drawn straight through."""
    by_place = {(point.series, axis.slot(point.at).place): point for point in points}
    return [
        by_place.get((name, slot.place), Point(slot.period.since, name, 0.0, "nothing"))
        for name in names
        for slot in axis
    ]
