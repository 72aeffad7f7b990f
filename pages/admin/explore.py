"""Any metric by any dimension, for questions that have no page of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from llmtrack.ledger.metrics import DIMENSIONS, METRICS
from llmtrack.ledger.periods import GRAINS
from llmtrack.serving.api import ExportQuery
from llmtrack.settings import get_settings
from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.export_link import export_links
from pages.components.tables import Column
from pages.components.viewer import require_admin

if TYPE_CHECKING:
    from llmtrack.ledger.query import QueryResult

KINDS = {
    "usd": "usd", "seconds": "seconds", "ratio": "share", "count": "count", "tokens": "count", "number": "number",
    "score": "number", "tokens_per_second": "number",
}  # fmt: skip
DRAWN = ("hour", "day", "week", "month")
"""Lengths of time a chart has an axis for."""
MOST_ROWS, MOST_BARS = 2_000, 800


def where_of(filters_text: str) -> dict[str, list[str | None]]:
    """Filters as they are typed: ``user=alice, status=error,cancelled``. Raises ValueError for what is no filter."""
    where: dict[str, list[str | None]] = {}
    # Commas part both filters and values: what follows one and has an equals sign is the next filter.
    for part in re.split(r"[,\n](?=\s*[\w.\- ]+=)", filters_text):
        name, equals, values = part.partition("=")
        if not part.strip():
            continue
        if not equals or not name.strip():
            raise ValueError(f"{part.strip()!r} is no filter; write it as NAME=VALUE, such as user=alice.")
        # A name given twice means either of its values, as in the terminal.
        where.setdefault(name.strip(), []).extend(value.strip() or None for value in values.split(","))
    return where


def where_texts(where: Mapping[str, Any]) -> list[str]:
    """The filters as they are typed in the terminal and sent to the API."""
    return [f"{name}={','.join(value or '' for value in values)}" for name, values in where.items()]


def named(typed: str) -> str:
    """A metric or dimension as it is typed, by its name in the catalog: people type the headings they read."""
    names = {formatting.heading(name).lower(): name for name in (*METRICS, *DIMENSIONS)}
    return " / ".join(names.get(part.strip().lower(), part.strip()) for part in typed.split("/"))


def columns(answer: QueryResult) -> list[Column]:
    """The columns of an answer's table."""
    shown = [
        Column(
            name,
            formatting.heading(name),
            "time" if name == "hour" else "date" if name in GRAINS else "text",
            pinned=at == 0,
        )
        for at, name in enumerate(answer.by)
    ]
    for name, unit in answer.units.items():
        metric = METRICS.get(name)
        whole = unit in ("count", "tokens") and all(isinstance(row[name], int | None) for row in answer)
        kind = "number" if unit in ("count", "tokens") and not whole else KINDS.get(unit, "number")
        shown.append(Column(name, formatting.heading(name), kind, help=metric.doc if metric else None))
    return shown


def draw(answer: QueryResult, metric: str, grain: str) -> None:
    """Bars over time, in parts by whatever else it is split by; lines where the parts do not add up to a whole."""
    others = [name for name in answer.by if name != grain]
    points = [
        charts.Point(
            row[grain],
            " · ".join(str(row[name] if row[name] is not None else "not given") for name in others)
            or formatting.heading(metric),
            float(row[metric]),
            queries.text(answer, metric, row),
        )
        for row in answer
        if row[metric] is not None
    ]
    axis = span.axis(grain)
    with st.container(border=True):
        st.markdown(f"**{formatting.heading(metric)} per {grain}**")
        if len(axis) > MOST_BARS:
            empty_states.note(
                f"Not drawn: {formatting.counted(len(axis), grain)} are too many for a chart; choose a longer step."
            )
            return
        chart = charts.bars_over_time if metric in answer.additive else charts.lines_over_time
        chart(
            points,
            axis,
            title=formatting.heading(metric),
            unit=answer.units[metric],
            series=" · ".join(map(formatting.heading, others)) or "Of",
            alt_text=f"{formatting.heading(metric)}, {span}",
        )


def card(answer: QueryResult, metric: str, where: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """The card of a metric over all rows: label, value, help."""
    if metric == "cost_per_user_p95":
        users = queries.ask(["users_with_cost"], span, where=where).totals["users_with_cost"]
        return queries.cost_per_user_p95(answer.totals[metric], users)
    return formatting.heading(metric), queries.text(answer, metric), None


def ask(metrics: list[str], by: list[str], where: Mapping[str, Any]) -> None:
    """Draw the answer."""
    order = None if any(name in GRAINS for name in by) else f"-{metrics[0]}"
    answer = queries.ask(
        metrics, span, by=by, where=where, order=order, limit=MOST_ROWS,
        fill=False, anchor_day=get_settings().billing_anchor_day,
    )  # fmt: skip
    if not by or len(answer) > 1:
        queries.metric_cards([card(answer, name, where) for name in metrics])
    if not answer.rows:
        empty_states.empty("No calls like that in this time", "Choose a longer time or fewer filters above.")
    grain = next((name for name in by if name in DRAWN), None)
    if grain:
        draw(answer, metrics[0], grain)
    if by and answer.rows:
        tables.grid(list(answer), columns(answer), alt_text=f"{', '.join(map(formatting.heading, metrics))}, {span}")
        if answer.cut:
            empty_states.note(f"{formatting.counted(answer.cut, 'more row')} not shown; split by less, or filter.")
        export_links(
            ExportQuery(
                metric=metrics, by=by, where=where_texts(where), order=order, limit=MOST_ROWS, fill=False,
                since=span.period.since, until=span.period.until, timezone=span.timezone,
                anchor_day=get_settings().billing_anchor_day,
            ),
            f"llmtrack {span.first} to {span.last}",
            key="export",
        )  # fmt: skip
    queries.remark(answer)
    if answer.rows:
        empty_states.note(f"Where it was read: {formatting.plain(answer.explain)}.")


require_admin()
st.title("Explore", anchor=False)
span = filters.choose_span()
metrics = st.multiselect(
    "Show", list(METRICS), default=["cost", "generations"], key="metrics", bind="query-params",
    format_func=formatting.heading, accept_new_options=True,
    help="Any of these, or one divided by another, typed as `cost / traces`.",
)  # fmt: skip
left, right = st.columns(2)
by = left.multiselect(
    "By", [*GRAINS, *DIMENSIONS], default=["model"], key="by", bind="query-params", format_func=formatting.heading,
    accept_new_options=True, max_selections=3,
    help="A length of time and what else to split by. Type `property.NAME` or `user.NAME` for your own.",
)  # fmt: skip
filters.join_repeated("only", ", ")
only = right.text_input(
    "Only", key="only", bind="query-params", placeholder="user=alice, status=error, property.plan=pro",
    help="NAME=VALUE, parted by commas; several values of one name too. NAME= for calls without.",
)  # fmt: skip
if not metrics:
    empty_states.note("Choose at least one metric.")
    st.stop()
try:
    with st.skeleton(height=300):
        ask([named(name) for name in metrics], [named(name) for name in by], where_of(only))
except ValueError as error:
    st.warning(formatting.plain(str(error)), icon=":material/help:")
