"""A table of shares with their 95 % intervals: a dot, whiskers, and a grey line at the share of everyone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from llmtrack.ledger.intervals import Interval
from pages.components import formatting
from pages.components.tables.cells import link, text_of, unknown

STYLE = """<style>
.ll-whisker{position:relative;display:block;height:14px;min-width:70px}
.ll-whisker i{position:absolute;background:var(--c)}
.ll-whisker .ll-reach{height:2px;top:6px}
.ll-whisker .ll-point{width:9px;height:9px;border-radius:50%;top:2.5px;margin-left:-4.5px}
.ll-whisker .ll-all{width:1px;top:-2px;bottom:-2px;background:var(--ll-line)}
.ll-scores td.ll-of-whisker{width:40%;padding:0 14px}
.ll-scores th .ll-ends{display:flex;justify-content:space-between;font-weight:400;padding:0 4px}
</style>"""


@dataclass(frozen=True, slots=True)
class Score:
    """One row: a name, how many it is of, the share, and the address it opens."""

    name: str
    count: int
    share: Interval | None
    href: str | None = None
    colour: str = ""
    middle: str = ""
    """What stands in a further column of counts."""


def table(
    scores: Sequence[Score],
    everyone: float | None,
    *,
    title: str,
    counted: str,
    of: str,
    alt_text: str,
    middle: str = "",
    as_interval: bool = False,
) -> None:
    """Draws the rows; `counted` and `of` head counts and shares, `as_interval` writes the bounds in place of these."""
    low = _floor([score.share.low for score in scores if score.share], everyone)
    heads = f'<th scope="col">{text_of(title)}</th><th scope="col" class="ll-right">{text_of(counted)}</th>'
    heads += f'<th scope="col" class="ll-right">{text_of(middle)}</th>' if middle else ""
    ends = f"<span>{formatting.percent(low)}</span><span>100 %</span>"
    heads += f'<th scope="col" class="ll-wide"><span class="ll-ends">{ends}</span></th>'
    heads += f'<th scope="col" class="ll-right">{text_of(of)}</th>'
    lines = "".join(_row(score, everyone, low, bool(middle), as_interval) for score in scores)
    st.html(
        f'<div class="ll ll-table ll-scores" role="region" tabindex="0" aria-label="{text_of(alt_text)}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>{STYLE}"
    )


def _floor(lows: Sequence[float], everyone: float | None) -> float:
    """Where the scale begins: the tenth below all bounds, so that what is close together is told apart."""
    least = min([*lows, 1.0 if everyone is None else everyone], default=0.0)
    return max(0.0, min(0.9, math.floor(least * 10) / 10))


def _row(score: Score, everyone: float | None, low: float, middle: bool, as_interval: bool) -> str:
    dot = f'<i class="ll-dot" style="color:{escape(score.colour)}"></i>' if score.colour else ""
    name = link(text_of(score.name), score.href, "ll-row") if score.href else text_of(score.name)
    cells = f'<td class="ll-name">{dot}{name}</td><td class="ll-right">{formatting.count(score.count)}</td>'
    cells += f'<td class="ll-right">{text_of(score.middle)}</td>' if middle else ""
    cells += f'<td class="ll-of-whisker ll-wide">{_whisker(score.share, everyone, low)}</td>'
    cells += f'<td class="ll-right">{_text(score.share, as_interval)}</td>'
    return f'<tr class="ll-open">{cells}</tr>' if score.href else f"<tr>{cells}</tr>"


def _text(share: Interval | None, as_interval: bool) -> str:
    if share is None:
        return unknown("nobody judged")
    bounds = f"{formatting.percent(share.low)} \N{EN DASH} {formatting.percent(share.high)}"
    if as_interval:
        return f'<span title="{escape(formatting.percent(share.value))}">{escape(bounds)}</span>'
    return f'<span title="95 % interval {escape(bounds)}">{escape(formatting.percent(share.value))}</span>'


def _whisker(share: Interval | None, everyone: float | None, low: float) -> str:
    def at(value: float) -> str:
        return f"{100 * (min(max(value, low), 1.0) - low) / (1 - low):.1f}%"

    line = f'<i class="ll-all" style="left:{at(everyone)}"></i>' if everyone is not None else ""
    if share is None:
        return f'<span class="ll-whisker">{line}</span>'
    width = f"{100 * (share.high - max(share.low, low)) / (1 - low):.1f}%"
    return (
        f'<span class="ll-whisker" style="--c:var({_colour(share, everyone)})">{line}'
        f'<i class="ll-reach" style="left:{at(share.low)};width:{width}"></i>'
        f'<i class="ll-point" style="left:{at(share.value)}"></i></span>'
    )


def _colour(share: Interval, everyone: float | None) -> str:
    """Green or red only where the interval leaves everyone's share out."""
    if everyone is not None and share.low > everyone:
        return "--ll-good"
    return "--ll-bad" if everyone is not None and share.high < everyone else "--ll-muted"
