"""Horizontal bars: sizes side by side, and the parts of one whole."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components import formatting
from pages.components.charts.encoding import legend, nothing_to_draw, text_colour

PARTS_HEIGHT = 140
"""Of a bar in parts; its names are in it, on a phone one below the other."""


def bars(
    rows: Sequence[tuple[str, float, str]],
    *,
    title: str,
    alt_text: str,
    limit: int = 12,
    thing: str = "Model",
    ordered: bool = False,
) -> None:
    """Horizontal bars with their values: (name, size, size as text), the largest first unless `ordered` already."""
    import altair as alt
    import pandas as pd

    if not rows:
        return nothing_to_draw(title)
    short = formatting.short_names({name for name, _, _ in rows})
    rows = [
        (short[name], size, text)
        for name, size, text in (rows if ordered else sorted(rows, key=lambda row: -row[1]))[:limit]
    ]
    table = pd.DataFrame(rows, columns=["name", "value", "text"])
    widest = 1.3 * max((size for _, size, _ in rows), default=1.0) or 1.0  # leaves room for the value behind the bar
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False)),
        x=alt.X(
            "value:Q",
            title=None,
            axis=None,
            scale=alt.Scale(domainMax=widest),
        ),
        tooltip=[alt.Tooltip("name:N", title=thing), alt.Tooltip("text:N", title=title)],
    )
    sizes = base.mark_text(align="left", dx=5, color=text_colour()).encode(text="text:N")
    drawn = base.mark_bar(cornerRadiusEnd=3) + sizes
    st.altair_chart(drawn.properties(height=max(90, 26 * len(rows) + 10)), alt=alt_text)
    return None


def parts(rows: Sequence[tuple[str, float, str]], *, alt_text: str) -> None:
    """One bar in parts that add up to a whole: (name, size, size as text), in the order given; empty ones left out."""
    import altair as alt
    import pandas as pd

    rows = [row for row in rows if row[1]]
    names = [f"{name}: {text}" for name, _, text in rows]
    whole = sum(size for _, size, _ in rows)
    table = pd.DataFrame(
        {
            "name": names,
            "value": [size for _, size, _ in rows],
            "share": [formatting.share(size, whole) for _, size, _ in rows],
            "rank": range(len(rows)),
        }
    )
    chart = (
        alt.Chart(table)
        .mark_bar(height=26)
        .encode(
            x=alt.X("value:Q", title=None, axis=None, stack=True, scale=alt.Scale(domain=[0, whole], nice=False)),
            color=alt.Color("name:N", title=None, sort=names, legend=legend(names, wide=220, fewest=1)),
            order=alt.Order("rank:Q"),
            tooltip=[alt.Tooltip("name:N", title="Part"), alt.Tooltip("share:N", title="Share")],
        )
        .properties(height=PARTS_HEIGHT)
    )
    st.altair_chart(chart, alt=f"{alt_text}: {', '.join(names)}")
