"""The popover with one's statements: files as they were issued, and the button that issues one of a closed cycle."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from llmtrack.billing import statements
from llmtrack.billing.cycles import Cycle
from llmtrack.ledger import LedgerError
from llmtrack.ledger.statements import statement_file
from pages.components import formatting, queries
from pages.components.usage.choice import Time
from pages.components.viewer import viewer

_OUTCOME = "statement_outcome"


def draw(time: Time, users: Sequence[str]) -> None:
    """The button, and what opens under it: of the cycle shown, or of the latest closed one."""
    popover = st.popover("Statement", icon=":material/receipt_long:", key="statement_menu", on_change="rerun")
    if outcome := st.session_state.pop(_OUTCOME, None):
        st.toast(formatting.plain(outcome), icon=":material/error:")
    if not popover.open:
        return
    with popover:
        shown = time.cycle if time.cycle is not None and not time.running else None
        cycle = shown or next((cycle for cycle in time.cycles if cycle.closed(time.now)), None)
        if time.running:
            last = formatting.short_day(time.span.last, time.today)
            st.caption(f"This cycle runs to {last}; its statement can be issued after that.")
        if cycle is not None:
            _draw_cycle(cycle, time, users)


def _draw_cycle(cycle: Cycle, time: Time, users: Sequence[str]) -> None:
    days = formatting.short_span(cycle.first, cycle.last, time.today)
    st.markdown(f"**{formatting.plain(days)}**")
    if cycle.number is None:
        st.caption("Not issued yet. A statement stays as it is issued; what comes later is an adjustment on the next.")
        st.button(
            "Issue the statement", key="issue_statement", icon=":material/receipt_long:", on_click=_issue, args=(cycle,)
        )
        return
    number = statements.printed_number(cycle.number)
    st.caption(f"{number}, kept as it was issued.")
    ledger = queries.ledger()
    with st.container(horizontal=True):
        for kind in ("pdf", "csv"):
            st.download_button(
                kind.upper(), statement_file(ledger, cycle.number, kind),
                f"statement-{cycle.first}-{cycle.last}.{kind}", icon=":material/download:", key=f"statement_{kind}",
                on_click="ignore",
            )  # fmt: skip


def _issue(cycle: Cycle) -> None:
    """Issue the viewer's own statement; who that is, is asked anew: a callback runs before the page."""
    me = viewer()
    try:
        statements.issue(queries.ledger(), me.ids, cycle, by=me.id)
    except LedgerError as error:
        st.session_state[_OUTCOME] = str(error)
