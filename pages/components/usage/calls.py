"""Every call of a time, with the parts of its cost and the price that was used; one can be opened below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.query import Where
from llmtrack.statuses import NOT_SPENT
from pages.components import empty_states, formatting, long_query, queries, tables
from pages.components.links import here
from pages.components.reader import draw_call
from pages.components.tables import Column, Pages
from pages.components.usage.choice import Narrowing, Time
from pages.components.usage.numbers import charged
from pages.components.usage.paging import read_page
from pages.components.viewer import require_texts

if TYPE_CHECKING:
    from llmtrack.ledger.lists import CallPrice, GenerationRow
    from llmtrack.ledger.metrics import Cancel
    from pages.components.span import Span

PARTS = {"input": "Input", "cache": "Cache", "output": "Output", "other": "Other"}
"""The parts of a cost as columns; what is not one of the first three is the last."""
_PART = {"input": "input", "cache_read": "cache", "cache_write": "cache", "output": "output", "reasoning": "output"}
COLUMNS = (
    Column("at", "Time", "time", pinned=True, href=lambda row: row["href"]),
    Column("model", "Model", "model"),
    Column("feature", "Feature", wide_only=True),
    Column("status", "Status", wide_only=True),
    Column("input_tokens", "Tokens in", "count", wide_only=True),
    Column("output_tokens", "Tokens out", "count", wide_only=True),
    *(
        Column(f"{part}_cost", title, "usd", alike="part", wide_only=True, help=f"{title} part of the list price.")
        for part, title in PARTS.items()
    ),
    Column("price", "Price used", tone="muted", wide_only=True),
    Column("cost", "Cost", "usd", alike="part"),
)  # fmt: skip


def draw(
    time: Time, where: Where, narrowing: Narrowing, users: Sequence[str]
) -> tuple[list[Column], list[dict[str, Any]]]:
    """A page of them, the latest first, and below it the one the address names."""
    require_texts(where)
    ledger = queries.ledger()

    def read(span: Span, after: str | None, limit: int) -> lists.Page[GenerationRow]:
        def work(freely: bool, cancel: Cancel | None) -> lists.Page[GenerationRow]:
            return lists.generations(
                ledger, since=span.period.since, until=span.period.until, timezone=span.timezone, where=where,
                after=after, limit=limit, cancel=cancel,
            )  # fmt: skip

        return long_query.read(("calls", span, after), work)

    page = read_page(narrowing.spans, read)
    if not page.rows:
        empty_states.empty("No calls here", "No call matches what is chosen above.", ":material/search_off:")
        return [], []
    prices = lists.call_prices(ledger, [row.id for row in page.rows])
    rows = [_row(row, prices.get(row.id)) for row in page.rows]
    chosen = st.query_params.get("call", "")
    columns = _used(rows)
    tables.table(
        rows, columns, alt_text=f"Every call, {time.span}", pages=Pages(page.first, None, page.before, page.after),
        today=time.today, chosen=lambda row: str(row["id"]) == chosen,
    )  # fmt: skip
    _draw_chosen(chosen, users, time)
    return columns, rows


def _used(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns without parts of a cost that no call here has."""
    return [column for column in COLUMNS if not column.key.endswith("_cost") or any(row[column.key] for row in rows)]


def _row(row: GenerationRow, price: CallPrice | None) -> dict[str, Any]:
    parts: dict[str, Any] = {f"{part}_cost": Decimal(0) if row.cost is not None else None for part in PARTS}
    for name, amount in (price.parts if price else {}).items():
        parts[f"{_PART.get(name, 'other')}_cost"] += amount
    simulated, unpaid = row.cost_status == "simulated", row.cost_status in NOT_SPENT
    if unpaid:
        parts = dict.fromkeys(parts)
    failed = f": {row.error_type}" if row.error_type else ""
    return {
        "id": row.id,
        "href": here(call=row.id),
        "at": row.at,
        "model": f"{row.model} (simulated)" if simulated else (row.model or formatting.UNKNOWN),
        "feature": row.feature or "",
        "status": f"{formatting.status(row.status)}{failed}",
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        **parts,
        "price": (price.price if price else None) or row.cost_status.replace("_", " "),
        "cost": Decimal(0) if unpaid else charged(row.cost),
    }


def _draw_chosen(chosen: str, users: Sequence[str], time: Time) -> None:
    """The call that the address names, if it is the viewer's own."""
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 20):
        return
    try:
        detail = lists.generation(queries.ledger(), int(chosen), timezone=time.span.timezone)
    except lists.NotFound:
        detail = None
    if detail is None or detail.row.user not in users:
        st.warning("There is no such call (any more), or it is not yours.", icon=":material/search_off:")
        return
    with st.container(border=True):
        draw_call(detail, time.today)
