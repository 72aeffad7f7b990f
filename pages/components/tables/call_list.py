"""The list of calls, page by page, and below it the one that was clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import empty_states, formatting, long_query, queries
from pages.components.span import Span
from pages.components.tables import call_detail, pagination
from pages.components.tables.columns import Column
from pages.components.tables.grid import table
from pages.components.viewer import require_texts

if TYPE_CHECKING:
    from llmtrack.ledger.lists import GenerationRow, Page
    from llmtrack.ledger.metrics import Cancel

ORDERS = {
    "-time": "Latest first",
    "-cost": "Most expensive first",
    "-duration": "Slowest first",
    "-tokens": "Largest first",
}
COLUMNS = (
    Column("at", "Time", "time", pinned=True),
    Column("user", "User", width=120),
    Column("model", "Model"),
    Column("status", "Status"),
    Column("input_tokens", "Tokens in", "count"),
    Column("output_tokens", "Tokens out", "count"),
    Column("cost", "Cost", "usd", help="Of simulated calls what they would have cost."),
    Column("duration", "Took", "seconds"),
    Column("time_to_first_token", "First token", "seconds"),
    Column("feature", "Feature"),
    Column("provider", "Provider"),
)


def browse(where: Mapping[str, Any], span: Span, *, key: str, order: str = "-time", search: str = "") -> None:
    """A page of the calls in `span`, the way to the next page, and below it the call that was clicked."""
    from llmtrack.ledger import lists

    require_texts(where)
    about = (dict(where), span.first, span.last, order, search)
    place = pagination.Place(key, about)
    ledger = queries.ledger()

    def work(freely: bool, cancel: Cancel | None) -> Page[GenerationRow]:
        return lists.generations(
            ledger,
            since=span.period.since,
            until=span.period.until,
            timezone=span.timezone,
            where=dict(where),
            order=order,
            search=search or None,
            after=place.after,
            limit=pagination.SIZE,
            max_sorted=None if freely else lists.MAX_SORTED,
            cancel=cancel,
        )

    try:
        page = long_query.read(("calls", *about), work)
    except ValueError as error:  # a search without a letter or digit in it
        st.warning(formatting.visible(str(error)), icon=":material/search_off:")
        return
    if not page.rows and place.number == 1 and page.after is None:
        empty_states.empty("No calls here", "Choose a longer time or fewer filters above.", ":material/search_off:")
        return
    rows = [_listed(row) for row in page.rows]
    picked = table(rows, COLUMNS, alt_text=f"Calls, {span}", key=f"{key}_{place.number}")
    place.draw(page.after, len(rows), complete=page.complete)
    if picked is None:
        empty_states.note("Click a row to see the call.")
    else:
        with st.container(border=True):
            call_detail.show(lists.generation(queries.ledger(), page.rows[picked].id, timezone=span.timezone))


def table_of(calls: Sequence[GenerationRow], *, key: str, timezone: str) -> None:
    """A short list of calls, and below it the one that was clicked."""
    from llmtrack.ledger import lists

    require_texts({})
    picked = table([_listed(row) for row in calls], COLUMNS, alt_text="Calls of this interaction", key=key)
    if picked is not None:
        with st.container(border=True):
            call_detail.show(lists.generation(queries.ledger(), calls[picked].id, timezone=timezone))


def _listed(row: GenerationRow) -> dict[str, Any]:
    listed = {column.key: getattr(row, column.key) for column in COLUMNS}
    if row.cost_status == "simulated":
        listed["model"] = f"{row.model} (simulated)"
    if row.error_type:
        listed["status"] = f"{row.status}: {row.error_type}"
    return listed
