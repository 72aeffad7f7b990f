"""Interactions (a message and all calls made to answer it) and the conversations they belong to."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.metrics import Cancel
from llmtrack.ledger.query import Where
from llmtrack.ledger.query import filters as filters_of
from pages.components import empty_states, filters, formatting, long_query, queries, tables
from pages.components.tables import Column, call_list, pagination
from pages.components.viewer import require_admin, require_texts

VIEWS = {"traces": "Interactions", "sessions": "Conversations"}
TRACES = (
    Column("at", "Time", "time", pinned=True),
    Column("name", "Name"),
    Column("user", "User", width=120),
    Column("generations", "Calls", "count"),
    Column("errors", "Errors", "count"),
    Column("input_tokens", "Tokens in", "count"),
    Column("output_tokens", "Tokens out", "count"),
    Column("cost", "Cost", "usd"),
    Column("simulated_cost", "Simulated cost", "usd"),
    Column("unpriced", "Unpriced", "count"),
    Column("duration", "Took", "seconds", help="From the start of its first call to the end of its last."),
    Column("score", "Judged", help="What its user thought of it."),
    Column("trace", "Trace"),
)
SESSIONS = (
    Column("at", "Began", "time", pinned=True),
    Column("user", "User", width=120),
    Column("traces", "Interactions", "count"),
    *TRACES[3:10],
    Column("duration", "Lasted", "seconds"),
    Column("session", "Conversation"),
)
BLANK = {"name", "simulated_cost", "unpriced", "errors", "score"}


def listed(rows: Sequence[Any], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Rows as the table shows them."""
    shown = [{column.key: getattr(row, column.key) for column in columns} for row in rows]
    for row in shown:
        if row.get("score") is not None:
            row["score"] = "good" if row["score"] > 0 else "bad"
    return shown


def used(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> list[Column]:
    """Without columns that hold only zeros."""
    return [column for column in columns if column.key not in BLANK or any(row[column.key] for row in rows)]


def show_trace(trace_id: str, timezone: str) -> None:
    """One interaction: its steps, its calls, what was thought of it."""
    require_texts({})
    detail = lists.trace(queries.ledger(), trace_id, timezone=timezone)
    row = detail.row
    cost = formatting.usd(row.cost) + (
        f" and {formatting.usd(row.simulated_cost)} simulated" if row.simulated_cost else ""
    )
    who = formatting.plain(row.user or "no user given")
    st.markdown(
        f"**{formatting.plain(row.name or 'Interaction')}** · {formatting.moment(row.at)} · {who} · "
        f"{formatting.counted(row.generations, 'call')} · {formatting.plain(cost)} · {formatting.seconds(row.duration)}"
    )
    for judge, score, comment in detail.feedback:
        thumb = ":material/thumb_up:" if score > 0 else ":material/thumb_down:"
        st.caption(
            f"{thumb} {formatting.plain(judge or 'somebody')}" + (f": {formatting.plain(comment)}" if comment else "")
        )
    if detail.spans:
        steps = [
            {
                "name": span.name,
                "after": (span.at - row.at).total_seconds(),
                "duration": span.duration,
                "error": span.error or "",
            }
            for span in detail.spans
        ]
        columns = (
            Column("name", "Step", pinned=True),
            Column("after", "Began after", "seconds"),
            Column("duration", "Took", "seconds"),
            Column("error", "Error"),
        )
        tables.table(steps, columns, alt_text="Steps of this interaction")
    call_list.table_of(detail.generations, key=f"calls_of_{trace_id}", timezone=timezone)


def page_of(listed: Callable[..., lists.Page[Any]], where: Where, key: str) -> tuple[pagination.Place, Any]:
    """The viewer's place in a list, and the page of rows there."""
    require_texts(where)
    about = (filters_of(where), span.first, span.last, order)
    place = pagination.Place(key, about)
    ledger = queries.ledger()

    def work(freely: bool, cancel: Cancel | None) -> lists.Page[Any]:
        return listed(
            ledger, since=span.period.since, until=span.period.until, timezone=span.timezone, where=where, order=order,
            after=place.after, limit=pagination.SIZE, max_sorted=None if freely else lists.MAX_SORTED, cancel=cancel,
        )  # fmt: skip

    return place, long_query.read((key, *about), work)


def browse_traces(where: Where, key: str) -> None:
    """A page of interactions, and below it the one that was clicked."""
    place, page = page_of(lists.traces, where, key)
    if not page.rows and page.after is None and place.number == 1:
        empty_states.empty(
            "No interactions here", "Choose a longer time or fewer filters above.", ":material/search_off:"
        )
        return
    rows = listed(page.rows, TRACES)
    picked = tables.table(rows, used(rows, TRACES), alt_text=f"Interactions, {span}", key=f"{key}_{place.number}")
    place.draw(page.after, len(rows), complete=page.complete)
    if picked is None:
        empty_states.note("Click a row to see the interaction.")
    else:
        with st.container(border=True):
            show_trace(page.rows[picked].trace, span.timezone)


def browse_sessions(where: Where) -> None:
    """A page of conversations, and below it the interactions of the one that was clicked."""
    place, page = page_of(lists.sessions, where, "sessions")
    if not page.rows and page.after is None and place.number == 1:
        empty_states.empty(
            "No conversations here",
            "Calls belong to one where they name it: `llmtrack.context(session_id=…)`.",
            ":material/search_off:",
        )
        return
    rows = listed(page.rows, SESSIONS)
    picked = tables.table(rows, used(rows, SESSIONS), alt_text=f"Conversations, {span}", key=f"sessions_{place.number}")
    place.draw(page.after, len(rows), complete=page.complete)
    if picked is None:
        empty_states.note("Click a row to see its interactions.")
    else:
        session = page.rows[picked].session
        st.markdown(f"**Interactions of {formatting.plain(session)}**")
        browse_traces({"session": session}, "of_session")


require_admin()
view = filters.head("Traces", "traces")
span, where = view.span, view.where
with st.container(horizontal=True, vertical_alignment="bottom"):
    listing = st.segmented_control(
        "Show", list(VIEWS), default="traces", required=True, format_func=VIEWS.__getitem__, key="view",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    order = st.selectbox(
        "Order", list(call_list.ORDERS), format_func=call_list.ORDERS.__getitem__, key="trace_order",
        bind="query-params", label_visibility="collapsed", width=200,
    )  # fmt: skip
with st.skeleton(height=420):
    if listing == "traces":
        browse_traces(where, "traces")
    else:
        browse_sessions(where)
