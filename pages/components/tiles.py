"""Tiles: a number large, what it was before, and its line over time; each opens what lies behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Literal

import streamlit as st

from pages.components import formatting
from pages.components.tables.cells import text_of
from pages.components.tables.sparkline import TILE, sparkline

Better = Literal["more", "less", ""]
"""Whether more of a number is clearly better or worse; a change of one that is neither stays grey."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with what stands around it; texts are escaped here."""

    label: str
    value: str
    change: str | None = None
    """How it changed, as `formatting.change` writes it."""
    tone: str = ""
    """``good`` or ``bad``: the colour of the change."""
    remark: str = ""
    """What it was before, or what it is of."""
    trend: Sequence[float | None] = ()
    """Values in the order of time, the last one's dot at the right."""
    href: str | None = None
    help: str | None = None
    alarming: bool = False
    """Its line is red, as errors are."""


def changed(
    label: str,
    value: str,
    now: float | Decimal | None,
    before: float | Decimal | None,
    *,
    was: str,
    better: Better = "",
    rate: bool = False,
    **more: object,
) -> Tile:
    """A tile that says how a number changed: in points where it is a `rate`, else in per cent; `was` is what it was."""
    change = formatting.points(_number(now), _number(before)) if rate else formatting.change(now, before)
    tone = ""
    if change and change[0] in f"+{formatting.MINUS}" and better:
        tone = "good" if (change[0] == "+") == (better == "more") else "bad"
    return Tile(label, value, change, tone, was, **more)  # type: ignore[arg-type]


def _number(value: float | Decimal | None) -> float | None:
    return None if value is None else float(value)


def draw(tiles: Sequence[Tile], *, across: int = 4) -> None:
    """The tiles side by side, as many as fit and `across` at most; two on a phone."""
    least = f"max(170px,calc((100% - {12 * (across - 1)}px)/{across}))"
    drawn = "".join(_tile(tile) for tile in tiles)
    st.html(f'<div class="ll ll-tiles" style="--w:{least}">{drawn}</div>')


def _tile(tile: Tile) -> str:
    change = escape(tile.change or "")
    if change and tile.tone:
        change = f'<span class="ll-{tile.tone}">{change}</span>'
    beside = " · ".join(filter(None, [change, text_of(tile.remark) if tile.remark else ""]))
    colour = "var(--ll-status-error)" if tile.alarming else ""
    trend = sparkline(tile.trend, label=f"{tile.label} over time", size=TILE, area=True, colour=colour)
    inside = (
        f'<span class="ll-label">{text_of(tile.label)}</span><span class="ll-value">{text_of(tile.value)}</span>'
        f'<span class="ll-change">{beside or "&nbsp;"}</span>{trend}'
    )
    hover = f' title="{text_of(tile.help)}"' if tile.help else ""
    if tile.href:
        return f'<a class="ll-tile" data-in href="{escape(tile.href)}"{hover}>{inside}</a>'
    return f'<div class="ll-tile"{hover}>{inside}</div>'
