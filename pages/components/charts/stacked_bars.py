"""Stacked bars over time, for values that add up: cost, tokens, calls."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components.charts.encoding import (
    HEIGHT,
    legend,
    note_partial,
    nothing_to_draw,
    opacity,
    time_x,
    tooltip,
    value_axis,
)
from pages.components.charts.points import Point, merge_small, records, series_by_size
from pages.components.charts.time_axis import TimeAxis


def bars_over_time(
    points: Sequence[Point],
    axis: TimeAxis,
    *,
    alt_text: str,
    title: str,
    unit: str = "usd",
    series: str = "Model",
) -> None:
    """Stacked bars, one for each slot of the axis, in parts by series. The values have to be such as add up."""
    import altair as alt
    import pandas as pd

    points = merge_small([point for point in points if point.value], axis, unit)
    if not points:
        return nothing_to_draw(title)
    order = series_by_size(points)
    table = pd.DataFrame(records(points, axis)).assign(rank=[order.index(point.series) for point in points])
    tallest = max(table.groupby("place")["value"].sum())
    chart = (
        alt.Chart(table)
        .mark_bar(cornerRadiusTopLeft=1, cornerRadiusTopRight=1)
        .encode(
            x=time_x(axis),
            y=alt.Y("value:Q", title=None, axis=value_axis(tallest, unit)),
            color=alt.Color("series:N", title=None, sort=order, legend=legend(order)),
            opacity=opacity(),
            order=alt.Order("rank:Q"),
            tooltip=tooltip(axis, series, title),
            description=alt.Description("about:N"),
        )
        .properties(height=HEIGHT)
    )
    st.altair_chart(chart, alt=alt_text)
    note_partial(axis, "Paler")
    return None
