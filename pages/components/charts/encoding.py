"""What the charts have in common: axes, tooltips, legends, colours, and what stands where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import empty_states, formatting, style
from pages.components.charts.time_axis import LABEL, TimeAxis

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 220
"""In pixels, of a chart over time."""
SYMBOL_WIDTH, LETTER_WIDTH = 28, 7
"""In pixels: a name's mark in a legend with the space around it, and about what a letter of the name takes."""
PALE = 0.45
"""How opaque a dot is that stands for less than a whole hour, day, week or month."""
MOST_LABELS = 12
"""Of days in a row; where there are more, Mondays have theirs."""


def token(name: str) -> str:
    """A colour of the house style in the theme of the page."""
    return style.in_theme(style.TOKENS[name], style.theme())


def time_x(axis: TimeAxis, *, bars: bool = True) -> alt.X:
    """The slots of the axis from left to right, the empty ones too; of many days the Mondays are named."""
    import altair as alt

    places = [slot.place for slot in axis]
    mondays = [slot.place for slot in axis if slot.period.since.weekday() == 0]
    labels = alt.Axis(
        labelExpr=LABEL,
        labelAngle=0,
        labelOverlap="greedy",
        labelPadding=6,
        labelColor=token("muted"),
        labelFontSize=12,
        ticks=False,
        domainColor=token("line"),
        domain=True,
        values=mondays if axis.grain == "day" and len(places) > MOST_LABELS else alt.Undefined,
        description=f"{axis.grain.capitalize()}s from {axis.slots[0].title} to {axis.slots[-1].title}",
    )
    # Lines have points in place of bands, which know no room within.
    room: dict[str, Any] = {"paddingInner": 0.28, "paddingOuter": 0.14} if bars else {}
    scale = alt.Scale(domain=places, **room)
    return alt.X("place:O", title=None, scale=scale, axis=labels)


def value_axis(top: float, unit: str) -> alt.Axis:
    """Marks with as many decimals as the highest value asks for, so that none but the lowest reads zero."""
    import altair as alt

    drawn: dict[str, Any] = {
        "tickCount": 4,
        "domain": False,
        "ticks": False,
        "gridColor": token("hair"),
        "labelColor": token("muted"),
        "labelFontSize": 12,
        "labelPadding": 6,
    }
    if unit == "usd":
        return alt.Axis(format="$,.0f" if top >= 4 else ("$,.2f" if top >= 0.05 else "$.9~f"), **drawn)
    if unit == "ratio":
        return alt.Axis(format=".9~%", **drawn)
    if unit in ("count", "tokens"):
        return alt.Axis(tickMinStep=1, format="~s" if top >= 10_000 else ",.0f", **drawn)
    return alt.Axis(labelExpr="datum.label + ' s'" if unit == "seconds" else alt.Undefined, **drawn)


def tooltip(axis: TimeAxis, series: str, title: str) -> list[alt.Tooltip]:
    """What a point says when it is pointed at: when, of which series, how much."""
    import altair as alt

    return [
        alt.Tooltip("when:N", title=axis.grain.capitalize()),
        alt.Tooltip("series:N", title=series),
        alt.Tooltip("text:N", title=title),
    ]


def colour_scale(names: Sequence[str], colours: Mapping[str, tuple[str, str]]) -> alt.Scale:
    """The colours of series, by their names as they are drawn, in the theme of the page."""
    import altair as alt

    short = formatting.short_names(names)
    theme = style.theme()
    return alt.Scale(
        domain=[short[name] for name in names], range=[style.in_theme(colours[name], theme) for name in names]
    )


def html_legend(
    names: Sequence[str],
    colours: Mapping[str, tuple[str, str]],
    *,
    href: Callable[[str], str | None] | None = None,
    fewest: int = 2,
) -> None:
    """The names above a chart, at the left, if there are at least `fewest`; each may open what lies behind it."""
    if len(names) < fewest:
        return
    short = formatting.short_names(names)
    entries = []
    for name in names:
        inside = (
            f'<i class="ll-dot" style="color:{style.in_both(colours[name])}"></i>'
            f"{escape(formatting.visible(short[name]))}"
        )
        hover = f' title="{escape(formatting.visible(name))}"' if short[name] != name else ""
        way = href(name) if href else None
        if way:
            entries.append(f'<a data-in href="{escape(way)}"{hover}>{inside}</a>')
        else:
            entries.append(f"<span{hover}>{inside}</span>")
    st.html(f'<div class="ll ll-legend">{"".join(entries)}</div>')


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


def padding(top: int = 4) -> dict[str, int]:
    """The room around a chart, which Streamlit's theme makes larger below than it is above."""
    return {"left": 0, "right": 0, "top": top, "bottom": 0}


def text_colour() -> str:
    """The colour of text inside a chart; Vega's own is black in either theme."""
    return token("text")


def nothing_to_draw(title: str) -> None:
    """A note in the place of a chart without points."""
    with st.container(height=HEIGHT, border=False, horizontal_alignment="center", vertical_alignment="center"):
        st.caption(f"Nothing to draw in this time. {title}: zero or unknown.", width="content")


def note_partial(axis: TimeAxis, drawn: str) -> None:
    """Says below a chart which slots are not whole, and how they are drawn (``Hatched``, ``Dashed``)."""
    if axis.note:
        empty_states.note(f"{drawn}: {axis.note}.")
