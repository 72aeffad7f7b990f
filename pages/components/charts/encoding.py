"""What the charts have in common: axes, tooltips, legends, colours, and what stands where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import empty_states
from pages.components.charts.time_axis import LABEL, TimeAxis

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 260
"""In pixels, of a chart over time."""
SYMBOL_WIDTH, LETTER_WIDTH = 28, 7
"""In pixels: a name's mark in a legend with the space around it, and about what a letter of the name takes."""
PALE = 0.45
"""How opaque a bar or dot is that stands for less than a whole hour, day, week or month."""


def time_x(axis: TimeAxis) -> alt.X:
    """The slots of the axis from left to right, the empty ones too."""
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


def value_axis(top: float, unit: str) -> alt.Axis:
    """Marks with as many decimals as the highest value asks for, so that none but the lowest reads zero."""
    import altair as alt

    if unit == "usd":
        return alt.Axis(tickCount=5, format="$,.0f" if top >= 10 else ("$,.2f" if top >= 0.05 else "$.9~f"))
    if unit == "ratio":
        return alt.Axis(tickCount=5, format=".9~%")
    if unit in ("count", "tokens"):
        return alt.Axis(tickCount=5, tickMinStep=1, format="~s")
    return alt.Axis(tickCount=5, labelExpr="datum.label + ' s'" if unit == "seconds" else alt.Undefined)


def tooltip(axis: TimeAxis, series: str, title: str) -> list[alt.Tooltip]:
    """What a point says when it is pointed at: when, of which series, how much."""
    import altair as alt

    return [
        alt.Tooltip("when:N", title=axis.grain.capitalize()),
        alt.Tooltip("series:N", title=series),
        alt.Tooltip("text:N", title=title),
    ]


def legend(names: Sequence[str], *, wide: int = 130, fewest: int = 2) -> alt.Legend | None:
    """The names below a chart, if there are at least `fewest`, in so many columns or as many as fit.

    A column is as wide as the longest name, but `wide` pixels at most where there are several of them. A name is cut
    only where its column ends.
    """
    import altair as alt

    if len(names) < fewest:
        return None
    column = min(wide, LETTER_WIDTH * max(map(len, names))) + SYMBOL_WIDTH
    columns = f"max({fewest}, floor(width / {column}))"
    return alt.Legend(
        orient="bottom",
        columns=alt.ExprRef(columns),
        labelLimit=alt.ExprRef(f"width / {columns} - {SYMBOL_WIDTH}"),
        symbolSize=80,
        offset=4,
        padding=0,
        rowPadding=3,
    )


def opacity() -> Any:
    """Full, but pale where a slot is partial."""
    import altair as alt

    return alt.when(alt.datum.partial != "").then(alt.value(PALE)).otherwise(alt.value(1))


def text_colour() -> str:
    """The colour of text inside a chart; Vega's own is black in either theme."""
    return "#e6ecee" if st.context.theme.type == "dark" else "#1b2529"


def nothing_to_draw(title: str) -> None:
    """A note in the place of a chart without points."""
    with st.container(height=HEIGHT, border=False, horizontal_alignment="center", vertical_alignment="center"):
        st.caption(f"Nothing to draw in this time. {title}: zero or unknown.", width="content")


def note_partial(axis: TimeAxis, drawn: str) -> None:
    """Says below a chart which slots are not whole, and how they are drawn (``Paler``, ``Dashed``)."""
    if axis.note:
        empty_states.note(f"{drawn}: {axis.note}.")
