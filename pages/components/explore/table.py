"""The table below an insight's chart, its tiles, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from llmtrack.ledger.metrics import METRICS
from llmtrack.ledger.query import Filter, QueryResult, Row
from llmtrack.serving.api import ExportQuery
from llmtrack.settings import get_settings
from pages.components import card, empty_states, formatting, links, queries, tables, tiles
from pages.components.conditions import dimension_name, value_name
from pages.components.explore.insight import Insight, in_letters, parts_of, title_of
from pages.components.explore.results import DRAWN, MOST_ROWS, Results, of_row
from pages.components.export_link import export_links
from pages.components.tables import Column

KINDS = {"usd": "usd", "seconds": "seconds", "ratio": "rate", "count": "count", "tokens": "tokens"}
LESS_IS_BETTER = ("cost", "duration", "time_to_first_token", "error", "timeout", "rate_limit")
MOST_TILES, MOST_BESIDE = 8, 8
TILE = ("users_with_cost", "generations")
"""What the tiles need besides the metrics."""


def draw_tiles(insight: Insight, now: QueryResult, before: QueryResult | None) -> None:
    """Each metric over the whole time, with how it changed."""
    drawn = []
    for name in insight.metrics[:MOST_TILES]:
        label, text, help_text = _tile(now, name)
        was = ""
        if before is not None:
            was = f"{queries.text(before, name)} before"
        rate = now.units[name] == "ratio"
        better: Any = "less" if name.startswith(LESS_IS_BETTER) and not parts_of(name) else ""
        drawn.append(
            tiles.changed(
                label,
                text,
                now.totals[name],
                before.totals[name] if before else None,
                was=was,
                better=better,
                rate=rate,
                help=help_text,
            )
        )
    tiles.draw(drawn)


def _tile(now: QueryResult, name: str) -> tuple[str, str, str | None]:
    if name == "cost_per_user_p95":
        return queries.cost_per_user_p95(now.totals[name], now.totals["users_with_cost"])
    if now.units[name] == "count":
        return title_of(name), formatting.count(now.totals[name]), _help(name)
    return title_of(name), queries.text(now, name), _help(name)


def _help(name: str) -> str | None:
    return METRICS[name].doc.replace("`", "") if name in METRICS else None


def draw_table(results: Results) -> None:
    """A row for each time and value, the latest or largest first, and the whole below.

    What is split by one dimension over time has a row for each time, and a column for each value.
    """
    answer, every = results.answer, results.insight.every
    names = _values_beside(results)
    if names:
        rows, columns = _crossed(results, names)
    else:
        rows, columns = _rows(results), [*_groups(results), *_metrics(results)]
    if every:
        rows = rows[::-1]
    total: dict[str, Any] = {columns[0].key: "All", **answer.totals}
    total |= {f"value {at}": results.whole(name) for at, name in enumerate(names)}
    if results.before is not None:
        metric = results.insight.drawn[0]
        now, past = answer.totals[metric], results.before.totals[metric]
        total |= {"before": past, "change": formatting.change(now, past) or ""}
    with card.card("Numbers", _remark(results)):
        tables.table(rows, columns, alt_text=f"{', '.join(map(title_of, answer.units))}, {results.span}", total=total)
        if answer.cut:
            empty_states.note(f"{formatting.counted(answer.cut, 'more row')} not shown; split by less, or filter.")


def _values_beside(results: Results) -> list[Any]:
    """The values of the dimension that have columns of their own; none where there are too many, or a comparison."""
    if results.over_time is None or len(results.split) != 1 or results.before is not None:
        return []
    values = list(dict.fromkeys(row[results.split[0]] for row in results.answer))
    if len(values) > MOST_BESIDE:
        return []
    order = {value: place for place, value in enumerate(results.answer.top)}
    return sorted(values, key=lambda value: order.get(value, len(order)))


def _crossed(results: Results, names: Sequence[Any]) -> tuple[list[dict[str, Any]], list[Column]]:
    """A row for each time: its metrics, and the one that is drawn for each value of the dimension."""
    insight, over_time = results.insight, results.over_time
    assert over_time is not None
    every, by, metric = str(insight.every), results.split[0], insight.drawn[0]
    axis = results.span.axis(every)
    of_value = {(axis.slot(row[every]).place, row[by]): row[metric] for row in results.answer}
    rows = []
    for row in over_time:
        place = axis.slot(row[every]).place
        rows.append({
            **row, every: axis.slot(row[every]).title, "href": links.over("calls", *_days(results, row)),
            **{f"value {at}": of_value.get((place, name)) for at, name in enumerate(names)},
        })  # fmt: skip
    kind = _kind(results, metric)
    missing = "none" if metric not in results.answer.additive else ""
    titles = [value_name(name, by) for name in names]
    short = formatting.short_names(titles) if by == "model" else {}
    columns = [
        Column(every, every.capitalize(), pinned=True, href=lambda row: row["href"]),
        *_metrics(results),
        *(
            Column(f"value {at}", short.get(title, title), kind, alike="values", unknown=missing, wide_only=True)
            for at, title in enumerate(titles)
        ),
    ]
    return rows, columns


def _days(results: Results, row: Row) -> tuple[str, str]:
    """The first and last day of a row's time."""
    period = results.span.axis(str(results.insight.every)).slot(row[str(results.insight.every)]).period
    return f"{period.first_day}", f"{period.last_day}"


def _remark(results: Results) -> str:
    shown = f"on the right {title_of(results.insight.drawn[0]).lower()} alone" if _values_beside(results) else ""
    if not results.has_others or shown:
        return shown
    return f"the {len(results.answer.top)} with the most {title_of(results.insight.metrics[0]).lower()}, and all others"


def _rows(results: Results) -> list[dict[str, Any]]:
    every, earlier = results.insight.every, results.earlier()
    axis = results.span.axis(every) if every in DRAWN else None
    metric = results.insight.drawn[0]
    rows = []
    for row, place in zip(results.answer, results.places(results.answer, results.span), strict=True):
        shown: dict[str, Any] = {**row, "href": _href(results, row)}
        if every:
            shown[every] = axis.slot(row[every]).title if axis else f"from {formatting.day(row[every])}"
        for name in results.split:
            shown[name] = value_name(row[name], name)
        if results.before is not None:
            past = earlier.get(place)
            shown["before"] = past[metric] if past else None
            shown["change"] = formatting.change(row[metric], past[metric]) if past else None
        rows.append(shown)
    return rows


def _href(results: Results, row: Row) -> str | None:
    """The calls of a row; of one time alone, those of its day."""
    every = results.insight.every
    where = of_row(results, row)
    if len(where) < len(results.split):
        return None
    if every == "day":
        return links.over("calls", f"{row[every].date()}", f"{row[every].date()}", where)
    return links.calls(*where) if not every and where else None


def _groups(results: Results) -> list[Column]:
    shown = []
    for at, name in enumerate(results.insight.groups):
        kind = "model" if name == "model" else "text"
        href = (lambda row: row["href"]) if not at else None
        title = name.capitalize() if name == results.insight.every else dimension_name(name)
        shown.append(Column(name, title, kind, pinned=at == 0, href=href))
    return shown


def _metrics(results: Results) -> list[Column]:
    names = results.insight.metrics
    shown = []
    for name in names:
        letters = in_letters(name, names) if parts_of(name) else title_of(name)
        shown.append(Column(name, letters, _kind(results, name), help=_help(name) or title_of(name)))
    if results.before is not None:
        metric = results.insight.drawn[0]
        kind = next(column.kind for column in shown if column.key == metric)
        alike = "drawn" if kind == "usd" else None
        shown = [
            Column(one.key, one.title, one.kind, help=one.help, alike=alike) if one.key == metric else one
            for one in shown
        ]
        shown.append(Column("before", f"{title_of(metric)}, before", kind, alike=alike, unknown="none"))
        shown.append(Column("change", "Change", "written", unknown=""))
    return shown


def _kind(results: Results, name: str) -> str:
    kind = KINDS.get(results.answer.units[name], "number")
    if kind in ("count", "tokens") and not all(isinstance(row[name], int | None) for row in results.answer):
        return "number"
    return kind


def draw_files(results: Results) -> None:
    """The rows as files; a filter that is more than "is" or "is not" cannot stand in their address."""
    span = results.span
    where = texts_of(results.where)
    if where is None:
        st.caption("No files: their filters can only say what something is, or is not.", width="content")
        return
    answer = results.answer
    order = None if results.insight.every or not results.split else f"-{results.insight.metrics[0]}"
    export_links(
        ExportQuery(
            metric=list(results.insight.metrics), by=list(answer.by), where=where, order=order, limit=MOST_ROWS,
            fill=False, since=span.period.since, until=span.period.until, timezone=span.timezone,
            anchor_day=get_settings().billing_anchor_day,
        ),
        f"llmtrack {span.first} to {span.last}",
        key="export",
    )  # fmt: skip


def texts_of(where: Sequence[Filter]) -> list[str] | None:
    """Filters as an export's address has them; None where one of them cannot stand there."""
    texts = []
    for condition in where:
        values = [str(value or "") for value in condition.values]
        if condition.operator != "is" or any("," in value for value in values) or "=" in condition.dimension:
            return None
        texts.append(f"{condition.dimension}{'!' if condition.negated else ''}={','.join(values)}")
    return texts
