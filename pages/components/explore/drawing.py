"""An insight drawn: over time, by value, as numbers, as a distribution, or as one metric against another."""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from llmtrack.ledger.metrics import OTHERS
from llmtrack.ledger.query import Row, histogram
from pages.components import card, charts, empty_states, formatting, links, queries
from pages.components.charts import spread
from pages.components.charts.beside import areas_over_time, bars_beside
from pages.components.charts.scatter import Thing, scatter
from pages.components.conditions import dimension_name
from pages.components.explore.insight import spread_of, title_of
from pages.components.explore.results import CLOCK, DRAWN, Results, of_row

MOST_PANELS = 4
MOST_BARS = 800
BEFORE = "before"
BINS, TIMES = 12, 50
TIMES_APART = 10
"""Of the highest values of two metrics in one chart."""
SECONDS = (0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60)
DOLLARS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart over time: series of the same unit."""

    title: str
    unit: str
    points: Sequence[charts.Point]
    series: str
    """What the series are, such as Model."""
    additive: bool


def draw(results: Results, chart: str) -> None:
    """The charts of the insight, each in a card, below each other."""
    if chart == "histogram":
        _draw_histogram(results)
    elif chart == "scatter":
        _draw_scatter(results)
    elif chart in ("line", "bar", "stacked", "area"):
        if results.insight.every in DRAWN:
            _draw_over_time(results, chart)
        elif results.split:
            _draw_by_value(results)


def _draw_over_time(results: Results, chart: str) -> None:
    every, span = str(results.insight.every), results.span
    axis = span.axis(every)
    if len(axis) > MOST_BARS:
        empty_states.note(
            f"Not drawn: {formatting.counted(len(axis), every)} are too many for a chart; choose a longer step."
        )
        return
    for panel in _panels(results)[:MOST_PANELS]:
        series = list(dict.fromkeys(point.series for point in panel.points))
        way = chart
        if any(point.value < 0 for point in panel.points) or (chart in ("stacked", "area") and not panel.additive):
            way = "line"  # neither can be stacked
        elif way == "bar":
            way = "stacked" if len(series) < 2 else "bar"
        draw_way = {
            "line": charts.lines_over_time, "stacked": charts.bars_over_time, "bar": bars_beside,
            "area": areas_over_time,
        }[way]  # fmt: skip
        with card.card(f"{panel.title} per {every}", _by(results)):
            draw_way(
                panel.points, axis, title=panel.title, unit=panel.unit, series=panel.series,
                alt_text=f"{panel.title} per {every}, {span}",
            )  # fmt: skip
            if results.before and results.split:
                empty_states.note("The time before stands in the table.")


def _panels(results: Results) -> list[Panel]:
    """A chart for each metric; without a split, one for each unit."""
    answer, split = results.answer, results.split
    names = results.insight.drawn
    if split:
        series = dimension_name(split[0]) if len(split) == 1 else " · ".join(map(dimension_name, split))
        return [
            Panel(
                title_of(name), answer.units[name], _points(results, name, None), series, name in answer.additive
            )
            for name in names
        ]  # fmt: skip
    return [_together(results, alike) for alike in _alike(results, names)]


def _alike(results: Results, names: Sequence[str]) -> list[list[str]]:
    """The metrics that share a chart: of one unit, none so small beside another that its line would lie on the axis."""
    highest = {name: max((abs(float(row[name] or 0)) for row in results.answer), default=0.0) for name in names}
    groups: list[list[str]] = []
    for name in names:
        for group in groups:
            sizes = sorted((highest[group[0]], highest[name]))
            if results.answer.units[group[0]] == results.answer.units[name] and sizes[1] <= TIMES_APART * sizes[0]:
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def _together(results: Results, alike: Sequence[str]) -> Panel:
    answer = results.answer
    points = [point for name in alike for point in _points(results, name, title_of(name))]
    title = ", ".join(title_of(name) if not at else title_of(name).lower() for at, name in enumerate(alike))
    one = len(alike) == 1 and not results.before
    return Panel(title, answer.units[alike[0]], points, "Of", one and alike[0] in answer.additive)


def _points(results: Results, metric: str, series: str | None) -> list[charts.Point]:
    every = str(results.insight.every)
    points = [
        charts.Point(
            row[every],
            series or results.name(row),
            float(row[metric]),
            results.text(metric, row),
            _behind(results, row),
        )
        for row in results.answer
        if row[metric] is not None
    ]
    if results.before is None or results.against is None or results.split:
        return points
    slots, axis_before = results.span.axis(every).slots, results.against.axis(every)
    for (place, *_), row in results.earlier().items():
        if place < len(slots) and row[metric] is not None:
            name = BEFORE if len(results.insight.drawn) == 1 else f"{series}, {BEFORE}"
            text = queries.text(results.before, metric, row)
            when = axis_before.slot(row[every]).title
            points.append(charts.Point(slots[place].period.since, name, float(row[metric]), f"{text} ({when})"))
    return points


def _behind(results: Results, row: Row) -> str | None:
    """The calls that a point stands for; none where it stands for several values."""
    every = results.insight.every
    if OTHERS in (row[name] for name in results.split) or every not in DRAWN:
        return None
    day: date = row[every].date()
    length = {"week": 7, "month": calendar.monthrange(day.year, day.month)[1]}.get(every, 1)
    return links.over("calls", f"{day}", f"{day + timedelta(days=length - 1)}", of_row(results, row))


def _draw_by_value(results: Results) -> None:
    for name in results.insight.drawn[:MOST_PANELS]:
        rows = [
            (results.name(row), float(row[name]), results.text(name, row))
            for row in results.answer
            if row[name] is not None
        ]
        with card.card(title_of(name), _by(results)):
            charts.bars(
                rows, title=title_of(name), alt_text=f"{title_of(name)}, {results.span}", limit=24,
                thing=dimension_name(results.split[0]), ordered=results.split[0] in CLOCK or bool(results.top),
            )  # fmt: skip


def _by(results: Results) -> str:
    return f"by {' and '.join(dimension_name(name).lower() for name in results.split)}" if results.split else ""


def _draw_histogram(results: Results) -> None:
    """How many values of the dimension lie where; without a dimension, how many calls."""
    metric = results.insight.drawn[0]
    if not results.split:
        _draw_histogram_of_calls(results, metric)
        return
    unit = results.answer.units[metric]
    values = sorted(float(row[metric]) for row in results.answer if row[metric] is not None)
    thing = dimension_name(results.split[0]).lower()
    with card.card(f"{title_of(metric)} of each {thing}", f"{thing}s, by what each comes to"):
        if len(values) < 3:
            empty_states.note(f"Too few to see how they are spread: {formatting.counted(len(values), thing)}.")
            return
        edges = edges_for(values)
        bins = [0] * (len(edges) - 1)
        for value in values:
            bins[next((at for at in range(len(bins)) if value < edges[at + 1]), len(bins) - 1)] += 1
        labels = [f"{_short(unit, low)}\N{EN DASH}{_short(unit, high)}" for low, high in pairwise(edges)]
        spread.histogram(
            [spread.Bin(label, count) for label, count in zip(labels, bins, strict=True)],
            title=f"{thing.capitalize()}s", alt_text=f"{title_of(metric)} of each {thing}, {results.span}",
            x_title=title_of(metric),
        )  # fmt: skip
        if unknown := len(results.answer) - len(values):
            empty_states.note(f"Unknown of {formatting.counted(unknown, thing)}.")


def edges_for(values: Sequence[float]) -> list[float]:
    """Round edges from below the lowest to above the highest value: about `BINS` equal parts, or 1, 2, 5, 10, … where
    the largest is `TIMES` the smallest."""
    if values[0] > 0 and values[-1] / values[0] >= TIMES:
        powers = range(math.floor(math.log10(values[0])), math.floor(math.log10(values[-1])) + 2)
        steps = [float(f"{times}e{power}") for power in powers for times in (1, 2, 5)]
        first = max(at for at, step in enumerate(steps) if step <= values[0])
        last = min(at for at, step in enumerate(steps) if step > values[-1])
        return steps[first : last + 1]
    low, high = min(0.0, values[0]), max(values[-1], 0.0) or 1.0
    step = 10.0 ** len(str(int((high - low) / BINS))) if high - low >= BINS else 1.0
    while step > (high - low) / BINS:
        step /= 10
    step = next(step * times for times in (1, 2, 5, 10) if step * times * BINS >= high - low)
    first = int(low // step)
    count = int(high // step) - first + 1
    return [round((first + number) * step, 12) for number in range(count + 1)]


def _draw_histogram_of_calls(results: Results, metric: str) -> None:
    percentile = spread_of(metric) or "duration_p50"
    dollars = percentile == "cost_p50"
    edges = DOLLARS if dollars else SECONDS
    span = results.span
    counts = histogram(
        queries.ledger(), percentile, edges, since=span.period.since, until=span.period.until, timezone=span.timezone,
        where=results.where, max_rows=None,  # whether to read so many has been asked for the answer already
    )  # fmt: skip
    unit = "usd" if dollars else "seconds"
    labels = [f"up to {_short(unit, edges[0])}"]
    labels += [f"{_short(unit, low)}\N{EN DASH}{_short(unit, high)}" for low, high in pairwise(edges)]
    labels.append(f"above {_short(unit, edges[-1])}")
    title = title_of(percentile.removesuffix("_p50"))
    with card.card(f"{title} of a call", "calls, by what each took" if not dollars else "calls, by what each cost"):
        spread.histogram(
            [spread.Bin(label, count) for label, count in zip(labels, counts, strict=True)], title="Calls",
            alt_text=f"{title} of a call, {span}", x_title=title,
        )  # fmt: skip


def _short(unit: str, value: float) -> str:
    """An edge of a histogram."""
    if unit == "usd":
        return f"${value:g}"
    if unit == "ratio":
        return formatting.percent(value)
    return f"{value:g} s" if unit == "seconds" else formatting.three_digits(value)


def _draw_scatter(results: Results) -> None:
    x, y = results.insight.metrics[:2]
    units = results.answer.units
    things = [
        Thing(
            results.name(row), float(row[x]), float(row[y]), f"{results.text(x, row)}, {results.text(y, row)}",
            _calls(results, row),
        )
        for row in results.answer
        if row[x] is not None and row[y] is not None
    ]  # fmt: skip
    thing = dimension_name(results.split[0])
    with card.card(f"{title_of(y)} against {title_of(x).lower()}", f"each {thing.lower()} a dot"):
        if len(things) < 3:
            empty_states.note(f"Too few to see a pattern: {formatting.counted(len(things), thing.lower())}.")
            return
        scatter(
            things, thing=thing, x_title=title_of(x), y_title=title_of(y), x_unit=units[x], y_unit=units[y],
            alt_text=f"{title_of(y)} against {title_of(x).lower()}, {results.span}",
        )  # fmt: skip


def _calls(results: Results, row: Row) -> str | None:
    where = of_row(results, row)
    return links.calls(*where) if len(where) == len(results.split) else None
