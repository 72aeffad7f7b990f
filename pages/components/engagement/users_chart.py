"""Users over time: returning and new ones above the line, lost ones below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components import formatting, style
from pages.components.charts import HEIGHT, TimeAxis
from pages.components.charts.encoding import note_partial, nothing_to_draw, padding, time_x, token
from pages.components.style.tokens import OTHER, SLOTS

RETURNING, NEW, LOST = "returning", "new", "lost"
COLOURS = {RETURNING: SLOTS[0], NEW: ("#74bccb", "#156f7e"), LOST: OTHER}
"""Two steps of one colour, because both are active users, and grey for who is not there."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of one period's bar, and the address it opens."""

    place: int
    kind: str
    users: int
    href: str


def draw(bars: Sequence[Bar], axis: TimeAxis, *, per: str, alt_text: str) -> None:
    """The chart with its legend above."""
    import altair as alt
    import pandas as pd

    slots = list(axis)
    rows: list[dict[str, Any]] = [
        {
            "place": slots[bar.place].place, "when": slots[bar.place].tooltip, "series": bar.kind,
            "value": -bar.users if bar.kind == LOST else bar.users, "text": formatting.counted(bar.users, "user"),
            "about": f"{slots[bar.place].tooltip}, {bar.kind}: {bar.users}", "url": bar.href,
            "rank": (RETURNING, NEW, LOST).index(bar.kind),
        }
        for bar in bars
        if bar.users
    ]  # fmt: skip
    if not rows:
        return nothing_to_draw("Users")
    theme = style.theme()
    names = list(COLOURS)
    scale = alt.Scale(domain=names, range=[style.in_theme(COLOURS[name], theme) for name in names])
    values = alt.Axis(
        labelExpr="format(abs(datum.value), ',.0f')", tickMinStep=1, tickCount=5, domain=False, ticks=False,
        gridColor=token("hair"), labelColor=token("muted"), labelFontSize=12, labelPadding=6,
    )  # fmt: skip
    bars_layer = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=time_x(axis),
            y=alt.Y("value:Q", title=None, axis=values),
            color=alt.Color("series:N", title=None, scale=scale, legend=None),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("when:N", title=axis.grain.capitalize()),
                alt.Tooltip("series:N", title="Which"),
                alt.Tooltip("text:N", title="Users"),
            ],
            description=alt.Description("about:N"),
        )
    )
    zero = alt.Chart(pd.DataFrame([{"value": 0}])).mark_rule(color=token("line")).encode(y="value:Q")
    explained = {RETURNING: "returning", NEW: "new", LOST: f"lost: active the {per} before, not this one"}
    entries = "".join(
        f'<span><i class="ll-dot" style="color:{style.in_both(COLOURS[name])}"></i>{text}</span>'
        for name, text in explained.items()
    )
    st.html(f'<div class="ll ll-legend">{entries}</div>')
    st.altair_chart((bars_layer + zero).properties(height=HEIGHT, padding=padding()), alt=alt_text)
    note_partial(axis, "Not whole")
    return None
