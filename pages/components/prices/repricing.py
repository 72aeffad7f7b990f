"""Pricing calls that had no price when they were made: the offer, its preview, and undoing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import card, empty_states, formatting, queries, tables
from pages.components.tables import Column

if TYPE_CHECKING:
    from llmtrack.ledger.price_book import Missing
    from llmtrack.ledger.repricing import Run
    from llmtrack.pricing import Pricer


def show_offer(missing: Sequence[Missing], pricer: Pricer, at: int, timezone: str, by: str) -> None:
    """Offers to price unpriced calls where a model of theirs has a price by now; first what it would come to."""
    ready = [usage for usage in missing if pricer.quote(usage.provider, usage.model, at=at).reason is None]
    if not ready:
        st.session_state.pop("looking", None)
        return
    models = ", ".join(dict.fromkeys(usage.model or formatting.UNKNOWN for usage in ready[:3]))
    more = f" and {len(ready) - 3} more" if len(ready) > 3 else ""
    st.info(
        f"{formatting.plain(models)}{more}: there is a price by now, and calls made before have none.",
        icon=":material/price_check:",
    )
    if st.session_state.get("looking"):
        _show_preview(timezone, by)
    else:
        st.button("See what they would cost", on_click=st.session_state.update, kwargs={"looking": True})


def _show_preview(timezone: str, by: str) -> None:
    from llmtrack.ledger import repricing

    preview = repricing.preview(queries.ledger(), timezone=timezone)
    if preview.calls:
        rows = [
            {"month": line.month, "user": line.user or "not given", "calls": line.calls, "cost": line.cost}
            for line in preview.lines
        ]
        columns = [
            Column("month", "Month", pinned=True),
            Column("user", "User"),
            Column("calls", "Calls", "count"),
            Column("cost", "Cost", "usd"),
        ]
        tables.table(rows, columns, alt_text="What unpriced calls would cost, by month and user")
    remarks = [
        "These are calls of all time, not only of the days chosen above. "
        "A call has the price that held when it was made, or else the one that holds now, and is then an estimate.",
        f"{formatting.counted(preview.unpriced, 'call')} still without a price." if preview.unpriced else "",
        f"{formatting.counted(preview.sealed, 'call')} to stay unpriced, of which only totals are left."
        if preview.sealed
        else "",
    ]
    empty_states.note(" ".join(filter(None, remarks)))
    if not preview.calls:
        return
    with st.container(horizontal=True):
        sure = st.button(
            f"Price {formatting.counted(preview.calls, 'call')} at {formatting.usd(preview.cost)}", type="primary"
        )
        if st.button("Not now"):
            st.session_state.pop("looking", None)
            st.rerun()
    if sure:
        run = repricing.apply(queries.ledger(), by=by)
        st.session_state.pop("looking", None)
        st.session_state.outcome = (
            f"Priced {formatting.counted(run.calls, 'call')} at {formatting.usd(run.cost)}. This can be undone below."
        )
        st.rerun()


def show_runs(day: Callable[[int], datetime], by: str) -> None:
    """The repricing runs, and undoing one; nothing where there was none."""
    from llmtrack.ledger import repricing

    runs = repricing.runs(queries.ledger())
    if not runs:
        return
    card.card_head("Priced later on", "calls that had no price when they were made")
    rows = [
        {
            "number": run.number, "at": day(run.at), "models": _models(run), "calls": run.calls, "cost": run.cost,
            "by": run.by, "state": "undone" if run.undone else "holds",
        }
        for run in runs
    ]  # fmt: skip
    columns = [
        Column("number", "Pricing", "count", pinned=True, width="small"),
        Column("at", "When", "time"),
        Column("models", "Models"),
        Column("calls", "Calls", "count"),
        Column("cost", "Cost", "usd"),
        Column("state", "State"),
        Column("by", "By"),
    ]
    tables.table(rows, columns, alt_text="Unpriced calls that were priced later on")
    _ask_to_undo({run.number: run for run in runs if not run.undone}, by)


def _models(run: Run) -> str:
    return "all" if run.models == "*/*" else run.models


def _ask_to_undo(going: dict[int, Run], by: str) -> None:
    from llmtrack.ledger import LedgerError, repricing

    if not going:
        return
    titles = {
        run.number: formatting.visible(f"{run.number}: {_models(run)}, {formatting.counted(run.calls, 'call')}")
        for run in going.values()
    }
    with st.form("undo", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Pricing to undo", list(going), format_func=titles.__getitem__, key="undoing")
        with st.container(key="ll_danger_undo", width="content"):
            undone = st.form_submit_button("Undo")
        if not undone:
            return
    try:
        calls = repricing.undo(queries.ledger(), chosen, by=by)
    except LedgerError as refused:  # somebody else was quicker
        st.error(formatting.plain(str(refused)), icon=":material/error:")
        return
    st.session_state.outcome = f"Pricing {chosen} is undone: {formatting.counted(calls, 'call')} without a price again."
    st.rerun()
