"""What stands out in a chart by days, one sentence a day: how much more than usual, whose calls it was, and the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from llmtrack.ledger.periods import days
from llmtrack.ledger.query import Filter, Row, Where
from pages.components import card, formatting, links, queries
from pages.components.conditions import both
from pages.components.insights.findings import weekday
from pages.components.insights.spikes import FEWEST_CALLS, LEAST_DOLLARS, Spike, spikes
from pages.components.span import Span

MOST = 2
"""Sentences below one chart."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A metric that is watched by days, and where most of a day's value comes from."""

    least: float
    parts: tuple[str, ...]
    """What a day is split by to say whose it is."""
    size: str
    """The metric that is split."""
    write: Callable[[float], str]
    page: str = "calls"


def _dollars(value: float) -> str:
    return formatting.usd(Decimal(repr(round(value, 9))))


def _whole(value: float) -> str:
    return formatting.count(round(value))


WATCHED: Mapping[str, Watched] = {
    "cost": Watched(LEAST_DOLLARS, ("user", "feature", "model"), "cost", _dollars),
    "generations": Watched(FEWEST_CALLS, ("user", "feature", "model"), "generations", _whole),
    "errors": Watched(FEWEST_CALLS, ("error_type", "model", "feature"), "errors", _whole, "errors"),
    "total_tokens": Watched(10_000, ("user", "feature", "model"), "total_tokens", formatting.three_digits),
    "cost_per_trace": Watched(0, ("user", "feature", "model"), "cost", _dollars),
    "duration": Watched(0, ("model", "feature"), "answer_duration", formatting.seconds),
}
"""Metrics in which a day can stand out."""
AVERAGES = ("cost_per_trace", "duration")
"""Those of which nothing is said on a day with few calls."""


def draw(span: Span, where: Where, metric: str) -> None:
    """The sentences for a metric; nothing where it is not watched, no day stands out, or many calls had to be read."""
    watched = WATCHED.get(metric)
    if watched is None or span.grain != "day":
        return
    answer = queries.ask_briefly([metric, "generations"], span, by=["day"], where=where)
    if answer is None:
        return
    for spike in marked(answer.rows, metric)[:MOST]:
        card.note(sentence(spike, span, where, metric))


def marked(rows: Any, metric: str) -> list[Spike]:
    """The days (rows with ``day``, the metric and ``generations``) that stand out."""
    values = [
        (row["day"].date(), float(row[metric]))
        for row in rows
        if row[metric] is not None and (metric not in AVERAGES or row["generations"] >= FEWEST_CALLS)
    ]
    return spikes(values, least=WATCHED[metric].least)


def sentence(spike: Spike, span: Span, where: Where, metric: str) -> str:
    """The day, how much more it is than usual, and what most of it is, as HTML with links."""
    watched, day = WATCHED[metric], spike.day
    on_day = Span(days(day, day, span.timezone), span.timezone)
    shown = links.anchor(formatting.short_day(day, span.last), _behind(watched.page, day, where))
    above, usual = watched.write(spike.above), watched.write(spike.usual)
    text = f"{shown}: <strong>+{above}</strong> above a usual {weekday(day)} ({usual})."
    size, parts = watched.size, watched.parts
    more = ["generations", "total_tokens", "duration"]
    answer = queries.ask_briefly(
        list(dict.fromkeys([size, *more])), on_day, by=list(parts), where=where, order=f"-{size}", limit=1, fill=False
    )
    if answer is None or not answer.rows or not answer.rows[0][size]:
        return text
    row = answer.rows[0]
    whose = [Filter(name, (row[name],)) for name in parts if row[name]]
    named = " · ".join(_thing(part, watched.page, day, where) for part in whose)
    share = formatting.percent(row[size], answer.totals[size])
    calls = formatting.counted(row["generations"], "call")
    of = "of the time waited" if metric == "duration" else "of the day"
    door = links.anchor(f"Open the {calls}", _behind("calls", day, both(where, whose)))
    return f"{text} {share} {of} is {named}: {calls}{_each(row, metric)}. {door}"


def _each(row: Row, metric: str) -> str:
    if metric == "duration" and row["duration"] is not None:
        return f" of {formatting.seconds(row['duration'])}"
    if metric in ("cost", "total_tokens") and row["total_tokens"]:
        return f" of {formatting.three_digits(row['total_tokens'] / row['generations'])} tokens"
    return ""


def _thing(part: Filter, page: str, day: date, where: Where) -> str:
    name = str(part.values[0])
    text = formatting.short_names([name])[name] if part.dimension == "model" else name
    return links.anchor(text, _behind(page, day, both(where, [part])), title=name)


def _behind(page: str, day: date, where: Where) -> str:
    return links.over(page, f"{day}", f"{day}", both(where))
