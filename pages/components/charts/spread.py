"""How values are spread: a histogram, and points of two measures against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components import formatting
from pages.components.charts import colours
from pages.components.charts.encoding import (
    HEIGHT,
    colour_scale,
    html_legend,
    nothing_to_draw,
    padding,
    token,
    value_axis,
)


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a histogram."""

    label: str
    count: int
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """One point of two measures."""

    x: float
    y: float
    series: str
    text: str
    """What it says when it is pointed at."""
    href: str | None = None


def histogram(bins: Sequence[Bin], *, title: str, alt_text: str, x_title: str = "Seconds") -> None:
    """Bars side by side, from the lowest values to the highest, which are called `x_title`."""
    import altair as alt
    import pandas as pd

    if not any(part.count for part in bins):
        return nothing_to_draw(title)
    total = sum(part.count for part in bins)
    rows = [
        {
            "label": part.label, "value": part.count, "url": part.href or "",
            "text": f"{formatting.count(part.count)}, {formatting.percent(part.count, total)}",
            "about": f"{part.label}: {formatting.count(part.count)}",
        }
        for part in bins
    ]  # fmt: skip
    labels = [part.label for part in bins]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(color=token("accent"))
        .encode(
            x=alt.X("label:O", title=None, sort=labels, axis=alt.Axis(labelAngle=0, ticks=False, labelOverlap=True)),
            y=alt.Y("value:Q", title=None, axis=value_axis(max(part.count for part in bins), "count")),
            tooltip=[alt.Tooltip("label:N", title=x_title), alt.Tooltip("text:N", title=title)],
            description=alt.Description("about:N"),
        )
        .properties(height=HEIGHT, padding=padding())
    )
    st.altair_chart(chart, alt=alt_text)
    return None


def dots(points: Sequence[Dot], *, x_title: str, y_title: str, title: str, alt_text: str) -> None:
    """A point for each, coloured by model; both axes are logarithmic, as sizes and times are spread."""
    import altair as alt
    import pandas as pd

    points = [point for point in points if point.x > 0 and point.y > 0]
    if not points:
        return nothing_to_draw(title)
    names = colours.in_order("model", (point.series for point in points))
    of_series = colours.both("model", names)
    short = formatting.short_names(names)
    rows = [
        {"x": point.x, "y": point.y, "series": short[point.series], "text": point.text, "url": point.href or ""}
        for point in points
    ]

    def axis(label: str) -> alt.Axis:
        return alt.Axis(labelExpr=label, domain=False, ticks=False, tickCount=5, gridColor=token("hair"))

    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_point(filled=True, size=26, opacity=0.55)
        .encode(
            x=alt.X("x:Q", title=x_title, scale=alt.Scale(type="log"), axis=axis("format(datum.value, '~s')")),
            y=alt.Y("y:Q", title=y_title, scale=alt.Scale(type="log"), axis=axis("format(datum.value, '~g') + ' s'")),
            color=alt.Color("series:N", title=None, scale=colour_scale(names, of_series), legend=None),
            tooltip=[alt.Tooltip("series:N", title="Model"), alt.Tooltip("text:N", title=title)],
            description=alt.Description("text:N"),
        )
        .properties(height=HEIGHT, padding=padding())
    )
    html_legend(names, of_series)
    st.altair_chart(chart, alt=alt_text)
    return None
