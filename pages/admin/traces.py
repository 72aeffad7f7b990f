"""Interactions (a message and all calls made to answer it) as a list, and one of them to read, step by step."""

from __future__ import annotations

from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.lists import GenerationRow, TraceRow
from pages.components import card, empty_states, filters, formatting, links, queries, reader, tables
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.viewer import require_admin, require_texts


def named(row: TraceRow) -> str:
    """What an interaction is called: what its user asked, else the name of its first step."""
    return previews.get(row.trace) or row.name or row.trace


def cost_of(row: TraceRow) -> str:
    """The cost of an interaction; where every call of it was simulated, what that would have cost."""
    if row.simulated_cost and not row.cost:
        return f"{formatting.usd(row.simulated_cost)} simulated"
    return formatting.usd(row.cost)


def opens(trace: str | None, call: int | None = None) -> str:
    """The address of an interaction in this list, at one of its calls, or of the list alone."""
    return links.here(trace=trace, call=call)


def draw_table(listing: reader.Listing[TraceRow]) -> None:
    """The whole list, a page of it."""
    columns = [
        Column("text", "Asked", pinned=True, href=lambda row: opens(row["trace"])),
        Column("judged", "Judged", tone=lambda row: row["judged"]),
        Column("user", "User", href=lambda row: links.user(row["user"] or None), wide_only=True),
        Column("name", "Step", wide_only=True),
        Column("generations", "Calls", "count", wide_only=True),
        Column("errors", "Errors", "count", wide_only=True),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("duration", "Took", "seconds", wide_only=True,
               help="From the start of its first call to the end of its last."),
        Column("time", "When", "time"),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    rows: list[dict[str, Any]] = [
        {
            "text": named(row), "trace": row.trace, "judged": reader.judged(row.score), "user": row.user or "",
            "name": row.name or "", "generations": row.generations, "errors": row.errors,
            "tokens": row.input_tokens + row.output_tokens, "duration": row.duration, "time": row.at, "cost": row.cost,
        }
        for row in listing.rows
    ]  # fmt: skip
    columns = [column for column in columns if column.key != "errors" or any(row["errors"] for row in rows)]
    tables.table(
        rows,
        columns,
        alt_text=f"Interactions, {view.span}",
        order=reader.table_order(order),
        pages=listing.pages(),
    )


def item(row: TraceRow, chosen: str) -> reader.Item:
    """An interaction in the list beside the one that is read."""
    mark = (reader.judged(row.score), reader.judged(row.score)) if row.score is not None else None
    return reader.Item(
        href=opens(row.trace),
        title=named(row),
        amount=cost_of(row),
        remark=" · ".join(filter(None, [row.user, row.name])),
        when=formatting.short_moment(row.at, view.span.last),
        mark=("bad", "error") if row.errors else mark,
        chosen=row.trace == chosen,
    )


def draw_beside(listing: reader.Listing[TraceRow], chosen: str) -> None:
    """The list in short, and the interaction that was chosen."""
    names = [row.trace for row in listing.rows]
    before, after = reader.neighbours(names, chosen, opens)
    items = [item(row, chosen) for row in listing.rows]
    with reader.beside(reader.item_list(items, "Interactions"), opens(None)):
        try:
            detail = lists.trace(queries.ledger(), chosen, timezone=view.span.timezone)
        except lists.NotFound:
            reader.draw_missing("trace", chosen, "traces")
            return
        draw_trace(detail, before, after)


def draw_trace(detail: lists.TraceDetail, before: str | None, after: str | None) -> None:
    """One interaction: its facts, its steps, what was thought of it, and one of its calls."""
    row = detail.row
    title = lists.trace_previews(queries.ledger(), [row.trace]).get(row.trace) or row.name or "Interaction"
    ways = reader.step_links(before, after) + reader.chat_link(row.session, row.user)
    score = (
        f'<span class="ll-{reader.judged(row.score)}">{reader.judged(row.score)}</span>'
        if row.score is not None
        else ""
    )
    facts = reader.facts(
        [
            ("User", links.anchor(row.user or "not given", links.user(row.user))),
            ("When", text_of(formatting.short_moment(row.at, view.span.last))),
            ("Cost", text_of(cost_of(row))),
            ("Tokens", text_of(f"{formatting.count(row.input_tokens)} → {formatting.count(row.output_tokens)}")),
            ("Took", text_of(formatting.seconds(row.duration))),
            ("Conversation", links.anchor(row.session, links.conversation(row.session)) if row.session else ""),
            ("Feedback", score),
        ]
    )
    st.html(f'<div class="ll">{reader.head(title, ways)}{facts}</div>')
    for judge, value, comment in detail.feedback:
        thumb = ":material/thumb_up:" if value > 0 else ":material/thumb_down:"
        said_by = formatting.plain(judge or "somebody")
        st.caption(f"{thumb} {said_by}" + (f": {formatting.plain(comment)}" if comment else ""))
    calls = [call.id for call in detail.generations]
    number = st.query_params.get("call", "")
    chosen = int(number) if number.isascii() and number.isdigit() and int(number) in calls else next(iter(calls), None)
    st.html(reader.waterfall(detail, chosen, lambda call: opens(row.trace, call.id)))
    if chosen is None:
        empty_states.note("It has no calls (any more).")
        return
    call: GenerationRow = next(call for call in detail.generations if call.id == chosen)
    st.html(f'<div class="ll">{reader.head(call.feature or call.operation)}</div>')
    reader.draw_call(lists.generation(queries.ledger(), chosen, timezone=view.span.timezone), view.span.last)


require_admin()
view = filters.head("Traces", "traces")
require_texts(view.where)
order = reader.order_in_address()
shown = card.choose("Show", {"interactions": "Interactions", "agents": "Agent sessions"}, key="view")
card.sub(view.in_words)
with st.skeleton(height=420):
    if shown == "agents":
        reader.draw_agent_sessions(view)
        st.stop()
    try:
        listing = reader.Listing(lists.traces, view, order=order, total=None)
    except ValueError as error:
        st.warning(formatting.plain(str(error)), icon=":material/search_off:")
        st.stop()
    previews = lists.trace_previews(queries.ledger(), [row.trace for row in listing.rows])
    if trace := st.query_params.get("trace"):
        draw_beside(listing, trace)
    elif listing.is_empty:
        filters.draw_nothing_found("trace", view)
    else:
        draw_table(listing)
        empty_states.note(listing.note)
