"""The points of a chart over time: parts of its bars, or places on its lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pages.components import formatting
from pages.components.charts.colours import OTHERS
from pages.components.charts.time_axis import Slot, TimeAxis

SERIES = 7
"""More than these in one chart cannot be told apart; the smallest are drawn as one, or left out."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bar's part: when, of which series, how much."""

    at: datetime
    series: str
    value: float
    text: str
    """The value as people read it, for the tooltip."""
    href: str | None = None
    """The address that its bar or dot opens."""


def money_points(rows: Iterable[tuple[datetime, str, Decimal | None]]) -> list[Point]:
    """Points of cost; what is unknown has no bar."""
    return [Point(at, name, float(cost), formatting.usd(cost)) for at, name, cost in rows if cost]


def merge_small(points: Sequence[Point], axis: TimeAxis, unit: str, keep: int = SERIES) -> Sequence[Point]:
    """The largest `keep` series and the others, added up, under one name."""
    order = series_by_size(points)
    if len(order) <= keep + 1:
        return points
    largest = set(order[:keep])
    merged: dict[Slot, float] = {}
    for point in points:
        if point.series not in largest:
            merged[axis.slot(point.at)] = merged.get(axis.slot(point.at), 0.0) + point.value
    rest = [Point(slot.period.since, OTHERS, value, _sum_text(value, unit)) for slot, value in merged.items()]
    return [point for point in points if point.series in largest] + rest


def series_by_size(points: Sequence[Point]) -> list[str]:
    """The names of the series, the largest sum first; what was merged comes last."""
    totals: dict[str, float] = {}
    for point in points:
        totals[point.series] = totals.get(point.series, 0.0) + point.value
    return sorted(totals, key=lambda name: (name == OTHERS, -totals[name]))


def records(points: Sequence[Point], axis: TimeAxis) -> list[dict[str, Any]]:
    """The points as rows for Vega: times as places in a row with their texts, never as times.

    Names are as short as they may be; ``url`` is what a script of ours reads off a bar that is clicked.
    """
    short = formatting.short_names({point.series for point in points})
    return [
        {
            "place": slot.place,
            "when": slot.tooltip,
            "partial": slot.partial,
            "series": short[point.series],
            "value": point.value,
            "text": point.text,
            "about": f"{slot.tooltip}, {short[point.series]}: {point.text}",
            "url": point.href or "",
        }
        for point in points
        for slot in (axis.slot(point.at),)
    ]


def _sum_text(value: float, unit: str) -> str:
    # The parts are known to nano-dollars; for a tooltip over their sum a float is exact enough.
    if unit == "usd":
        return formatting.usd(Decimal(repr(value)))
    return formatting.seconds(value) if unit == "seconds" else formatting.count(round(value))
