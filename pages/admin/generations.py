"""Every call as a list, and one of them to read: its prompt and answer, what it took and cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.lists import GenerationRow
from pages.components import card, empty_states, filters, formatting, links, queries, reader, tables
from pages.components.charts import colours
from pages.components.tables import Column
from pages.components.viewer import require_admin, require_texts


def listed(rows: Sequence[GenerationRow], previews: dict[int, str]) -> list[dict[str, Any]]:
    """The rows of the table."""
    return [
        {
            "text": previews.get(row.id) or row.operation, "id": row.id, "time": row.at, "user": row.user or "",
            "model": f"{row.model} (simulated)" if row.cost_status == "simulated" else row.model,
            "feature": row.feature or "", "name": row.model or "", "cost": row.cost, "duration": row.duration,
            "tokens": None if row.input_tokens is None else row.input_tokens + (row.output_tokens or 0),
            "status": "" if row.status == "ok" else row.error_type or formatting.status(row.status),
            "failed": row.status in ("error", "refused"),
        }
        for row in rows
    ]  # fmt: skip


def draw_table(listing: reader.Listing[GenerationRow], previews: dict[int, str]) -> None:
    """The whole list, a page of it."""
    of_model = colours.css("model", {row.model or "" for row in listing.rows})
    columns = [
        Column("text", "Asked", pinned=True, href=lambda row: opens(row["id"])),
        Column("status", "Status", tone=lambda row: "bad" if row["failed"] else "muted"),
        Column("user", "User", href=lambda row: links.user(row["user"] or None), wide_only=True),
        Column("feature", "Feature", wide_only=True),
        Column("model", "Model", "model", colour=lambda row: of_model[row["name"]], wide_only=True),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("duration", "Took", "seconds", wide_only=True),
        Column("time", "When", "time"),
        Column(
            "cost",
            "Cost",
            "usd",
            help="Of calls that nobody paid for one by one, what they would have cost.",
        ),
    ]
    tables.table(
        listed(listing.rows, previews),
        columns,
        alt_text=f"Calls, {view.span}",
        order=reader.table_order(order) if not search else None,
        pages=listing.pages(),
    )


def opens(id: int | None) -> str:
    """The address of one call in this list, or of the list alone."""
    return links.here(call=id)


def draw_beside(listing: reader.Listing[GenerationRow], previews: dict[int, str], chosen: int) -> None:
    """The list in short, and the call that was chosen."""
    items = [
        reader.Item(
            href=opens(row.id),
            title=previews.get(row.id) or row.operation,
            amount=formatting.usd(row.cost),
            remark=" · ".join(filter(None, [row.user, row.feature or row.operation])),
            when=formatting.short_moment(row.at, view.span.last),
            mark=None
            if row.status == "ok"
            else ("bad" if row.status == "error" else "muted", formatting.status(row.status)),
            chosen=row.id == chosen,
        )
        for row in listing.rows
    ]
    ids = [row.id for row in listing.rows]
    before, after = reader.neighbours(ids, chosen, opens)
    place = listing.pages()
    first = f"{place.first:,}\N{EN DASH}{place.first + len(ids) - 1:,}" if ids else ""
    foot = f'<p class="ll-foot">{first}{"" if place.of is None else f" of {place.of:,}"}</p>'
    with reader.beside(reader.item_list(items, "Calls", foot), opens(None)):
        try:
            detail = lists.generation(queries.ledger(), chosen, timezone=view.span.timezone)
        except lists.NotFound:
            reader.draw_missing("call", str(chosen), "calls")
            return
        row = detail.row
        ways = reader.step_links(before, after)
        if row.trace:
            ways += links.anchor("Its interaction", links.address("traces", trace=row.trace, call=row.id))
        ways += reader.chat_link(row.session, row.user)
        title = previews.get(row.id) or next(iter(lists.generation_previews(queries.ledger(), [row.id]).values()), "")
        st.html(f'<div class="ll">{reader.head(title or row.operation, ways)}</div>')
        reader.draw_call(detail, view.span.last)


require_admin()
view = filters.head("Calls", "calls")
require_texts(view.where)
filters.join_repeated("q", " ")
search = st.query_params.get("q", "")
order = "-time" if search else reader.order_in_address()
filters.search_box("Words in prompts and answers")
card.sub(view.in_words)
with st.skeleton(height=420):
    try:
        listing = reader.Listing(
            lists.generations,
            view,
            order=order,
            total=None if search else queries.count_calls(view.span, view.where),
            search=search or None,
        )
    except ValueError as error:  # a search without a letter or digit in it, or a place in another list
        st.warning(formatting.plain(str(error)), icon=":material/search_off:")
        st.stop()
    ids = [row.id for row in listing.rows]
    texts = lists.generation_previews(queries.ledger(), ids)
    call = st.query_params.get("call", "")
    if call:
        draw_beside(listing, texts, int(call) if call.isascii() and call.isdigit() and len(call) < 20 else 0)
    elif listing.is_empty:
        filters.draw_nothing_found("call", view, search)
    else:
        draw_table(listing, texts)
        empty_states.note(listing.note)
