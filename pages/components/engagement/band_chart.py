"""A share over time as a line, with its 95 % interval shaded around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from llmtrack.ledger.intervals import Interval
from pages.components import formatting
from pages.components.charts import HEIGHT, TimeAxis
from pages.components.charts.encoding import note_partial, nothing_to_draw, padding, time_x, token


@dataclass(frozen=True, slots=True)
class Place:
    """The share at one place of the axis, of how many, and the address its dot opens."""

    place: int
    share: Interval
    count: int
    href: str


def draw(places: Sequence[Place], axis: TimeAxis, *, title: str, counted: str, alt_text: str) -> None:
    """The chart; where nobody was counted the line has a gap."""
    import altair as alt
    import pandas as pd

    if not places:
        return nothing_to_draw(title)
    by_place = {one.place: one for one in places}
    rows = []
    for number, slot in enumerate(axis):
        one = by_place.get(number)
        rows.append(
            {
                "place": slot.place, "when": slot.tooltip,
                "value": one.share.value if one else None,
                "low": one.share.low if one else None, "high": one.share.high if one else None,
                "text": _text(one, counted) if one else "",
                "interval": _bounds(one.share) if one else "", "url": one.href if one else "",
                "about": f"{slot.tooltip}: {formatting.percent(one.share.value)}" if one else "",
            }
        )  # fmt: skip
    least = max(0.0, min(one.share.low for one in places) // 0.1 / 10)
    scale = alt.Scale(domain=[least, 1.0], nice=False)
    values = alt.Axis(
        format=".0%", tickCount=5, domain=False, ticks=False, gridColor=token("hair"), labelColor=token("muted"),
        labelFontSize=12, labelPadding=6,
    )  # fmt: skip
    x = time_x(axis, bars=False)
    base = alt.Chart(pd.DataFrame(rows))
    band = base.mark_area(opacity=0.12, color=token("accent")).encode(
        x=x, y=alt.Y("low:Q", title=None, axis=values, scale=scale), y2="high:Q"
    )
    y = alt.Y("value:Q", title=None, axis=values, scale=scale)
    line = base.mark_line(strokeWidth=2, color=token("accent")).encode(x=x, y=y)
    dots = (
        alt.Chart(pd.DataFrame([row for row in rows if row["value"] is not None]))
        .mark_point(size=34, filled=True, color=token("accent"), opacity=1)
        .encode(
            x=x, y=y,
            tooltip=[
                alt.Tooltip("when:N", title=axis.grain.capitalize()),
                alt.Tooltip("text:N", title=title),
                alt.Tooltip("interval:N", title="95 % interval"),
            ],
            description=alt.Description("about:N"),
        )
    )  # fmt: skip
    st.altair_chart((band + line + dots).properties(height=HEIGHT, padding=padding()), alt=alt_text)
    note_partial(axis, "Not whole")
    return None


def _text(one: Place, counted: str) -> str:
    return f"{formatting.percent(one.share.value)} of {formatting.count(one.count)} {counted}"


def _bounds(share: Interval) -> str:
    return f"{formatting.percent(share.low)} to {formatting.percent(share.high)}"
