"""One metric against another: a dot for each value of a dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components import formatting
from pages.components.charts.encoding import HEIGHT, padding, text_colour, token, value_axis

TIMES_TO_BE_LOGARITHMIC = 50
"""The largest is that many times the smallest, and none is 0."""
MOST_NAMED = 12
WIDE, HIGH = 0.12, 0.07
"""Parts of the axes within which two names would meet."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One dot: a name, its two values, both as people read them, and the address it opens."""

    name: str
    x: float
    y: float
    text: str
    href: str | None = None


def scatter(
    things: Sequence[Thing], *, thing: str, x_title: str, y_title: str, x_unit: str, y_unit: str, alt_text: str
) -> None:
    """The dots, those with the highest values named; an axis is logarithmic where values are far apart."""
    import altair as alt
    import pandas as pd

    short = formatting.short_names({one.name for one in things})
    named = _named(things)
    rows = [
        {
            "x": one.x, "y": one.y, "name": short[one.name], "text": one.text, "url": one.href or "",
            "label": short[one.name] if one.name in named else "", "about": f"{short[one.name]}: {one.text}",
        }
        for one in things
    ]  # fmt: skip
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("x:Q", title=x_title, scale=_scale([one.x for one in things]), axis=_axis(things, "x", x_unit)),
        y=alt.Y("y:Q", title=y_title, scale=_scale([one.y for one in things]), axis=_axis(things, "y", y_unit)),
    )
    dots = base.mark_point(filled=True, size=60, opacity=0.75, color=token("accent")).encode(
        tooltip=[alt.Tooltip("name:N", title=thing), alt.Tooltip("text:N", title=f"{x_title}, {y_title}")],
        description=alt.Description("about:N"),
    )
    names = base.mark_text(align="left", dx=8, fontSize=12, color=text_colour()).encode(text="label:N")
    st.altair_chart((dots + names).properties(height=HEIGHT + 60, padding=padding()), alt=alt_text)


def _named(things: Sequence[Thing]) -> set[str]:
    """Those that have room for their name beside them, the highest first."""
    x, y = _places([one.x for one in things]), _places([one.y for one in things])
    taken: list[tuple[float, float]] = []
    named: set[str] = set()
    for at in sorted(range(len(things)), key=lambda at: (-things[at].y, -things[at].x)):
        free = all(abs(x[at] - left) > WIDE or abs(y[at] - up) > HIGH for left, up in taken)
        if free and len(named) < MOST_NAMED:
            named.add(things[at].name)
            taken.append((x[at], y[at]))
    return named


def _places(values: Sequence[float]) -> list[float]:
    """Where on an axis each value lies, from 0 to 1."""
    shown = [math.log(value) for value in values] if _logarithmic(values) else list(values)
    low, high = min(shown), max(shown)
    return [(value - low) / (high - low or 1.0) for value in shown]


def _logarithmic(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) >= TIMES_TO_BE_LOGARITHMIC


def _scale(values: Sequence[float]) -> Any:
    import altair as alt

    return alt.Scale(type="log") if _logarithmic(values) else alt.Scale(zero=min(values) >= 0)


def _axis(things: Sequence[Thing], which: str, unit: str) -> Any:
    values = [getattr(one, which) for one in things]
    axis = value_axis(max(values), unit)
    axis.titleColor, axis.titleFontSize, axis.titleFontWeight = token("muted"), 12, 400
    if _logarithmic(values):
        first, last = (math.floor(math.log10(edge)) for edge in (min(values), max(values)))
        axis.values = [10.0**power for power in range(first, last + 2)]
        if unit == "usd":
            axis.format = "$,~r"
    return axis
