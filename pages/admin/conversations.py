"""Conversations as a list, and one of them to read, message by message."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.lists import SessionRow
from pages.components import card, empty_states, filters, formatting, links, queries, reader, tables
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.viewer import require_admin, require_texts

MOST_TRACES = 100


def opens(conversation: str | None) -> str:
    """The address of a conversation in this list, or of the list alone."""
    return links.here(conversation=conversation)


def draw_table(listing: reader.Listing[SessionRow]) -> None:
    """The whole list, a page of it."""
    columns = [
        Column("session", "Conversation", pinned=True, href=lambda row: opens(row["session"])),
        Column("user", "User", href=lambda row: links.user(row["user"] or None)),
        Column("traces", "Interactions", "count", wide_only=True),
        Column("generations", "Calls", "count", wide_only=True),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("duration", "Lasted", "seconds", wide_only=True),
        Column("time", "Began", "time"),
        Column("cost", "Cost", "usd"),
    ]
    rows = [
        {
            "session": row.session, "user": row.user or "", "traces": row.traces, "generations": row.generations,
            "tokens": row.input_tokens + row.output_tokens, "duration": row.duration, "time": row.at, "cost": row.cost,
        }
        for row in listing.rows
    ]  # fmt: skip
    tables.table(
        rows,
        columns,
        alt_text=f"Conversations, {view.span}",
        order=reader.table_order(order),
        pages=listing.pages(),
    )


def draw_beside(listing: reader.Listing[SessionRow], chosen: str) -> None:
    """The list in short, and the conversation that was chosen."""
    names = [row.session for row in listing.rows]
    before, after = reader.neighbours(names, chosen, opens)
    items = [
        reader.Item(
            href=opens(row.session),
            title=row.session,
            amount=formatting.usd(row.cost),
            remark=" · ".join(filter(None, [row.user, formatting.counted(row.traces, "interaction")])),
            when=formatting.short_moment(row.at, view.span.last),
            chosen=row.session == chosen,
        )
        for row in listing.rows
    ]
    with reader.beside(reader.item_list(items, "Conversations"), opens(None)):
        try:
            row = lists.session(queries.ledger(), chosen, timezone=view.span.timezone)
        except lists.NotFound:
            reader.draw_missing("conversation", chosen, "conversations")
            return
        draw_conversation(row, reader.step_links(before, after))


def draw_conversation(row: SessionRow, ways: str) -> None:
    """One conversation: its facts, its agents, and its interactions with what was asked."""
    facts = reader.facts(
        [
            ("User", links.anchor(row.user or "not given", links.user(row.user))),
            ("Began", text_of(formatting.short_moment(row.at, view.span.last))),
            ("Cost", text_of(formatting.usd(row.cost))),
            ("Interactions", text_of(formatting.count(row.traces))),
            ("Calls", text_of(formatting.count(row.generations))),
            ("Tokens", text_of(f"{formatting.count(row.input_tokens)} → {formatting.count(row.output_tokens)}")),
            ("Lasted", text_of(formatting.seconds(row.duration))),
        ]
    )
    ways += reader.chat_link(row.session, row.user)
    st.html(f'<div class="ll">{reader.head(row.session, ways)}{facts}</div>')
    reader.draw_agents(row.session, row.traces)
    if not row.traces:
        return
    page = lists.traces(
        queries.ledger(), timezone=view.span.timezone, where={"session": row.session}, order="time", limit=MOST_TRACES
    )
    asked_in = lists.trace_previews(queries.ledger(), [trace.trace for trace in page.rows])
    columns = [
        Column("text", "Asked", pinned=True, href=lambda row: links.trace(row["trace"])),
        Column("judged", "Judged", tone=lambda row: row["judged"]),
        Column("generations", "Calls", "count", wide_only=True),
        Column("duration", "Took", "seconds", wide_only=True),
        Column("at", "When", "time"),
        Column("cost", "Cost", "usd"),
    ]
    rows = [
        {
            "text": asked_in.get(trace.trace) or trace.name or trace.trace, "trace": trace.trace,
            "judged": reader.judged(trace.score),
            "generations": trace.generations, "duration": trace.duration, "at": trace.at, "cost": trace.cost,
        }
        for trace in page.rows
    ]  # fmt: skip
    tables.table(rows, columns, alt_text=f"Interactions of {row.session}")
    if page.after:
        empty_states.note(f"The first {MOST_TRACES} of {formatting.count(row.traces)}.")


require_admin()
view = filters.head("Conversations", "conversations")
require_texts(view.where)
order = reader.order_in_address()
card.sub(view.in_words)
with st.skeleton(height=420):
    try:
        listing = reader.Listing(lists.sessions, view, order=order, total=None)
    except ValueError as error:
        st.warning(formatting.plain(str(error)), icon=":material/search_off:")
        st.stop()
    if conversation := st.query_params.get("conversation"):
        draw_beside(listing, conversation)
    elif listing.is_empty:
        filters.draw_nothing_found("conversation", view)
        empty_states.note("Calls belong to one where they name it: `llmtrack.context(session_id=…)`.")
    else:
        draw_table(listing)
        empty_states.note(listing.note)
