"""How a value is spread over things: a dot for each, or bars where there are too many, with lines at its averages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import formatting, style
from pages.components.charts.encoding import padding, token
from pages.components.style.tokens import SLOTS, STATUSES

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 130
MOST_DOTS = 300
BINS = 80
TIMES_TO_BE_LOGARITHMIC = 20
"""The largest is that many times the smallest."""
MOST_NAMED, LONGEST_LABEL = 3, 24


@dataclass(frozen=True, slots=True)
class Dot:
    """One thing: its name and its value."""

    name: str
    value: Decimal
    stands_out: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line at a value, such as the median."""

    label: str
    value: float
    strong: bool = False


def distribution(
    dots: Sequence[Dot],
    lines: Sequence[Line],
    *,
    title: str,
    thing: str,
    href: Callable[[str], str],
    alt_text: str,
) -> None:
    """The spread of the values above 0 in dollars. What stands out is orange, and the largest of it named.

    `href` gives the address that a dot of a name opens.
    """
    import altair as alt
    import pandas as pd

    dots = [dot for dot in dots if dot.value > 0]
    if not dots:
        st.caption(f"No {thing} has a {title.lower()} above $0.")
        return
    dots.sort(key=lambda dot: dot.value)
    low, high = float(dots[0].value), float(dots[-1].value)
    logarithmic = high / low >= TIMES_TO_BE_LOGARITHMIC
    low, high = (low / 1.4, high * 1.6) if logarithmic else (0.0, high * 1.12)
    scale = alt.Scale(type="log" if logarithmic else "linear", domain=[low, high], nice=False)
    axis = alt.Axis(
        values=_ticks(low, high) if logarithmic else alt.Undefined, tickCount=6, format="$,.6~f", grid=False,
        domainColor=token("line"), tickColor=token("faint"), labelColor=token("muted"), labelFontSize=12,
    )  # fmt: skip
    x = alt.X("value:Q", title=None, scale=scale, axis=axis)
    many = len(dots) > MOST_DOTS
    places = _places(dots, low, high, logarithmic)
    named = {dot.name for dot in dots[-MOST_NAMED:] if dot.stands_out}
    rows = _grouped(dots, places, thing) if many else _stacked(dots, places, named, href)
    highest = max(row["level"] for row in rows)
    y = alt.Y("level:Q", axis=None, scale=alt.Scale(domain=[0, max(highest + 1, 7)]))
    theme = style.theme()
    usual, standing_out = (style.in_theme(colour, theme) for colour in (STATUSES["ok"], SLOTS[1]))
    base = alt.Chart(pd.DataFrame(rows))
    tooltip = [
        alt.Tooltip("name:N", title=f"{thing.capitalize()}s" if many else thing.capitalize()),
        alt.Tooltip("text:N", title=title),
    ]
    colour = alt.when(alt.datum.stands_out).then(alt.value(standing_out)).otherwise(alt.value(usual))
    if many:
        drawn: Any = base.mark_bar(width=6).encode(x=x, y=y, color=colour, tooltip=tooltip)
    else:
        drawn = base.mark_circle(size=70, opacity=1).encode(
            x=x, y=y, color=colour, tooltip=tooltip, description=alt.Description("about:N")
        )
    if many:
        tops = {row["bin"]: row["level"] for row in rows}
        labels = [
            {"label": _cut(dot.name), "value": float(dot.value), "level": tops[place]}
            for dot, place in zip(dots, places, strict=True)
            if dot.name in named
        ]
    else:
        labels = [row for row in rows if row["label"]]
    drawn += _names(labels, x, y)
    for layer in _lines(lines, low, high, x):
        drawn += layer
    st.altair_chart(drawn.properties(height=HEIGHT, padding=padding(6)), alt=alt_text)


def _places(dots: Sequence[Dot], low: float, high: float, logarithmic: bool) -> list[int]:
    """In which of the bins each dot is."""
    whole = math.log(high / low) if logarithmic else high - low
    return [
        int((math.log(float(dot.value) / low) if logarithmic else float(dot.value) - low) / whole * BINS)
        for dot in dots
    ]


def _stacked(
    dots: Sequence[Dot], places: Sequence[int], named: Collection[str], href: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Dots of nearly the same value one above the other."""
    levels: Counter[int] = Counter()
    rows = []
    for dot, place in zip(dots, places, strict=True):
        levels[place] += 1
        name, text = formatting.visible(dot.name), formatting.usd(dot.value)
        rows.append(
            {
                "name": name, "value": float(dot.value), "text": text, "url": href(dot.name),
                "level": levels[place] - 0.5, "stands_out": dot.stands_out, "bin": place,
                "label": _cut(dot.name) if dot.name in named else "", "about": f"{name}: {text}",
            }
        )  # fmt: skip
    return rows


def _grouped(dots: Sequence[Dot], places: Sequence[int], thing: str) -> list[dict[str, Any]]:
    """A bar for each stack of dots: a browser draws eighty of them as fast as it draws ten thousand dots slowly."""
    bins: dict[int, list[Dot]] = {}
    for dot, place in zip(dots, places, strict=True):
        bins.setdefault(place, []).append(dot)
    rows = []
    for place, stack in bins.items():
        least, most = formatting.usd(stack[0].value), formatting.usd(stack[-1].value)
        rows.append(
            {
                "name": formatting.count(len(stack)), "value": float(stack[len(stack) // 2].value),
                "level": len(stack), "text": " to ".join(dict.fromkeys((least, most))),
                "stands_out": stack[0].stands_out, "bin": place,
                "about": f"{formatting.counted(len(stack), thing)}: {least} to {most}",
            }
        )  # fmt: skip
    return rows


def _cut(name: str) -> str:
    shown = formatting.visible(name)
    return shown if len(shown) <= LONGEST_LABEL else f"{shown[: LONGEST_LABEL - 1]}…"


def _names(rows: list[dict[str, Any]], x: alt.X, y: alt.Y) -> Any:
    import altair as alt
    import pandas as pd

    table = pd.DataFrame(rows or [{"label": "", "value": None, "level": None}])
    text = alt.Chart(table).mark_text(align="left", dx=9, fontSize=12, fontWeight=600, color=token("text"))
    return text.encode(x=x, y=y, text="label:N")


def _lines(lines: Sequence[Line], low: float, high: float, x: alt.X) -> list[Any]:
    """Each line with its label at a height of its own, so that labels do not meet."""
    import altair as alt
    import pandas as pd

    layers: list[Any] = []
    for number, line in enumerate(line for line in lines if low < line.value < high):
        base = alt.Chart(pd.DataFrame([{"value": line.value, "label": line.label}]))
        colour = token("text") if line.strong else token("muted")
        layers.append(base.mark_rule(color=colour, strokeDash=[1, 0] if line.strong else [3, 3]).encode(x=x))
        text = base.mark_text(align="left", dx=5, fontSize=12, fontWeight=600 if line.strong else 400, color=colour)
        layers.append(text.encode(x=x, y=alt.value(7 + 16 * number), text="label:N"))
    return layers


def _ticks(low: float, high: float) -> list[float]:
    """Round values on a logarithmic axis: 1, 2, 5, 10, …; only the powers of ten where it is long."""
    steps = (1, 2, 5) if high / low < 1e4 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
