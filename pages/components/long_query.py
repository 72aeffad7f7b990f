"""Queries that have to read many rows: announced first, run when confirmed, cancelled when the page is left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.ledger.metrics import Cancel, TooManyRows

T = TypeVar("T")
_ALLOWED = "rows_allowed"
_LOOK_SECONDS = 0.2
"""How often a page that waits checks whether it has been left."""
_readers = ThreadPoolExecutor(4, thread_name_prefix="llmtrack-reader")


def read(about: Any, work: Callable[[bool, Cancel | None], T]) -> T:
    """What `work` reads. It is called with whether it may read any number of rows, and how to cancel.

    Where it would have to read more than it may, the page says how many rows and ends here, with a button to go on.
    `about` is what a confirmation is for: the same span, filters and order.
    """
    from llmtrack.ledger.metrics import TooManyRows

    if st.session_state.get(_ALLOWED) != about:
        try:
            return work(False, None)
        except TooManyRows as many:
            _ask(about, many)
            st.stop()
    return _watched(work)


def _ask(about: Any, many: TooManyRows) -> None:
    with st.container(border=True):
        st.markdown(
            f":material/hourglass_top: **{formatting.count(many.rows)} {_named(many.what)} "
            "have to be read one by one**, "
            f"because {formatting.plain(many.reason)}."
        )
        st.markdown("That takes about a second for each million or two. A shorter time, or one user, is quicker.")
        if st.button("Read them", key="read_rows", icon=":material/play_arrow:"):
            st.session_state[_ALLOWED] = about
            st.rerun()


def _watched(work: Callable[[bool, Cancel | None], T]) -> T:
    """Reads in a thread of its own, so that the page notices when it is left, and stops the database."""
    from llmtrack.ledger.metrics import Cancel

    cancel = Cancel()
    reading = _readers.submit(work, True, cancel)
    try:
        with st.spinner("Reading", show_time=True):
            while not reading.done():
                wait([reading], timeout=_LOOK_SECONDS)
                st.session_state.get(_ALLOWED)  # raises once there was a click elsewhere, Stop, or a closed tab
        return reading.result()
    finally:
        if not reading.done():
            cancel()


def _named(what: str) -> str:
    return {"generations": "calls", "traces": "interactions", "sessions": "conversations"}.get(what, what)
