"""Stacked bars over time, for values that add up: cost, tokens, calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import formatting
from pages.components.charts import colours
from pages.components.charts.encoding import (
    HEIGHT,
    colour_scale,
    html_legend,
    note_partial,
    nothing_to_draw,
    padding,
    time_x,
    token,
    tooltip,
    value_axis,
)
from pages.components.charts.points import Point, merge_small, records
from pages.components.charts.time_axis import TimeAxis

if TYPE_CHECKING:
    import altair as alt

FEWEST_TO_CUT = 5
"""Bars there have to be besides the one that is cut."""
MOST_CUT = 3
STRIPES = 7
"""Of a hatched bar."""


def bars_over_time(
    points: Sequence[Point],
    axis: TimeAxis,
    *,
    alt_text: str,
    title: str,
    unit: str = "usd",
    series: str = "Model",
    legend_href: Callable[[str], str | None] | None = None,
    expected: Sequence[Point] = (),
    level: tuple[float, str] | None = None,
) -> None:
    """Stacked bars, one for each slot of the axis, in parts by series. The values have to be such as add up.

    A slot that is not whole is hatched. A bar twice as high as the next is cut, with a notch and its value above it.
    `legend_href` is the address that a series in the legend opens. `expected` are bars that are still to come, in
    outline; `level` is a dashed line across, with its name.
    """
    import altair as alt
    import pandas as pd

    points = merge_small([point for point in points if point.value], axis, unit)
    if not points:
        return nothing_to_draw(title)
    dimension = series.lower()
    order = colours.in_order(dimension, (point.series for point in points))
    of_series = colours.both(dimension, order)
    ranks = {name: rank for rank, name in enumerate(order)}
    table = pd.DataFrame(records(points, axis)).assign(rank=[ranks[point.series] for point in points])
    totals: dict[str, float] = {}
    for point in points:
        place = axis.slot(point.at).place
        totals[place] = totals.get(place, 0.0) + point.value
    cap = cut_at(totals.values())
    tallest = cap or max(totals.values())
    if not cap:
        tallest = max(tallest, *(point.value for point in expected), level[0] if level else 0.0, 0.0)
    scale = alt.Scale(domain=[0, cap], nice=False, clamp=False) if cap else alt.Scale(domain=[0, tallest])
    y = alt.Y("value:Q", title=None, axis=value_axis(tallest, unit), scale=scale)
    chart: Any = (
        alt.Chart(table)
        .mark_bar(clip=True)
        .encode(
            x=time_x(axis),
            y=y,
            color=alt.Color("series:N", title=None, scale=colour_scale(order, of_series), legend=None),
            order=alt.Order("rank:Q"),
            tooltip=tooltip(axis, series, title),
            description=alt.Description("about:N"),
        )
    )
    overlays = (*_expected(expected, axis, title), *_level(level))
    for layer in (*_hatched(totals, axis, tallest), *_cut(totals, axis, cap, unit), *overlays):
        chart += layer
    html_legend(order, of_series, href=legend_href)
    st.altair_chart(chart.properties(height=HEIGHT, padding=padding(20 if cap else 4)), alt=alt_text)
    note_partial(axis, "Hatched")
    return None


def cut_at(totals: Iterable[float]) -> float | None:
    """The height at which bars are cut: where up to `MOST_CUT` of them are more than twice as high as the next."""
    descending = sorted((total for total in totals if total > 0), reverse=True)
    for number in range(1, MOST_CUT + 1):
        if len(descending) >= number + FEWEST_TO_CUT and descending[number - 1] > 2 * descending[number]:
            return 1.45 * descending[number]
    return None


def _hatched(totals: Mapping[str, float], axis: TimeAxis, tallest: float) -> list[alt.Chart]:
    """Stripes of the ground over the bars of slots that are not whole."""
    import altair as alt
    import pandas as pd

    rows = [
        {"place": slot.place, "value": min(totals[slot.place], tallest), "stripes": slot.partial}
        for slot in axis
        if slot.partial and totals.get(slot.place)
    ]
    if not rows:
        return []
    ground, clear = token("bg"), f"{token('bg')}00"
    stops = []
    for number in range(2 * STRIPES):
        edges = (number / (2 * STRIPES), (number + 1) / (2 * STRIPES))
        stops += [{"color": clear if number % 2 else ground, "offset": edge} for edge in edges]
    stripes: Any = {"gradient": "linear", "stops": stops, "x1": 0, "y1": 0, "x2": 1, "y2": 1}
    bars = alt.Chart(pd.DataFrame(rows)).mark_bar(color=stripes, opacity=0.65, tooltip=None, clip=True)
    return [bars.encode(x=time_x(axis), y=alt.Y("value:Q"), description=alt.Description("stripes:N"))]


def _cut(totals: Mapping[str, float], axis: TimeAxis, cap: float | None, unit: str) -> list[alt.Chart]:
    """A notch in each bar that is cut, and above it the value it goes up to."""
    import altair as alt
    import pandas as pd

    if cap is None:
        return []
    rows = [
        {"place": slot.place, "label": f"{_short(totals[slot.place], unit)}, cut"}
        for slot in axis
        if totals.get(slot.place, 0) > cap
    ]
    base = alt.Chart(pd.DataFrame(rows)).encode(x=time_x(axis))
    notch = base.mark_point(
        shape="M-1,0.14L0,-0.14L1,0.14", size=1600, filled=False, stroke=token("bg"), strokeWidth=5, opacity=1
    ).encode(y=alt.value(14))
    label = base.mark_text(dy=-8, fontSize=12, fontWeight=600, color=token("text")).encode(
        y=alt.value(0), text="label:N"
    )
    return [notch, label]


def _expected(points: Sequence[Point], axis: TimeAxis, title: str) -> list[alt.Chart]:
    """Bars in dashed outline for what is still to come; not from the height of what is there already."""
    import altair as alt
    import pandas as pd

    if not points:
        return []
    bars = alt.Chart(pd.DataFrame(records(points, axis))).mark_bar(
        clip=True, fill=token("press"), fillOpacity=0.6, stroke=token("faint"), strokeDash=[3, 2], strokeWidth=1
    )
    return [
        bars.encode(
            x=time_x(axis), y=alt.Y("value:Q"), tooltip=tooltip(axis, "Which", title),
            description=alt.Description("about:N"),
        )
    ]  # fmt: skip


def _level(level: tuple[float, str] | None) -> list[alt.Chart]:
    """A dashed line across the chart, named at its right end."""
    import altair as alt
    import pandas as pd

    if level is None:
        return []
    base = alt.Chart(pd.DataFrame([{"value": level[0], "label": level[1]}])).encode(y=alt.Y("value:Q"))
    name = base.mark_text(align="right", dy=-7, fontSize=12, color=token("text")).encode(
        x=alt.value("width"), text="label:N"
    )
    return [base.mark_rule(strokeDash=[4, 3], color=token("text")), name]


def _short(value: float, unit: str) -> str:
    if unit == "usd":
        return formatting.usd(Decimal(repr(round(value, 9))))
    return formatting.seconds(value) if unit == "seconds" else formatting.count(round(value))
