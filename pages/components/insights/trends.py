"""Values along a chart's time, for the lines in tiles and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pages.components.charts.time_axis import TimeAxis


def trend(rows: Iterable[Mapping[str, Any]], axis: TimeAxis, metric: str) -> list[float | None]:
    """A metric along the axis, from rows by its grain; None where it is unknown."""
    by_place = {axis.slot(row[axis.grain]).place: row[metric] for row in rows}
    return [_number(by_place.get(slot.place)) for slot in axis]


def trends(
    rows: Iterable[Mapping[str, Any]], axis: TimeAxis, metric: str, dimension: str
) -> Mapping[Any, Sequence[float | None]]:
    """A metric that adds up along the axis, for each value of a dimension; 0 where there were no calls."""
    index = {slot.place: number for number, slot in enumerate(axis)}
    lines: dict[Any, list[float | None]] = {}
    for row in rows:
        line = lines.setdefault(row[dimension], [0.0] * len(axis))
        line[index[axis.slot(row[axis.grain]).place]] = _number(row[metric])
    return lines


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
