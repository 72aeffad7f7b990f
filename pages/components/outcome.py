"""What an admin's change came to, shown when the page is drawn next."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from llmtrack.ledger import LedgerError
from pages.components import formatting
from pages.components.viewer import require_admin

_OUTCOME = "change_outcome"


def change(work: Callable[[str], object], done: str | Callable[[object], str]) -> None:
    """Does something as the admin who pressed, and keeps what came of it; a `LedgerError` says why it was refused."""
    me = require_admin()
    try:
        result = work(me.id)
    except LedgerError as error:
        st.session_state[_OUTCOME] = (False, str(error))
        return
    st.session_state[_OUTCOME] = (True, done if isinstance(done, str) else done(result))


def done(sentence: str) -> None:
    """Keeps what came of a change that was made already."""
    st.session_state[_OUTCOME] = (True, sentence)


def failed(sentence: str) -> None:
    """Keeps why something was not done."""
    st.session_state[_OUTCOME] = (False, sentence)


def is_waiting() -> bool:
    """Whether there is an outcome that was not shown yet."""
    return _OUTCOME in st.session_state


def show() -> None:
    """Shows the outcome of the latest change, once."""
    if outcome := st.session_state.pop(_OUTCOME, None):
        done, sentence = outcome
        if done:
            st.success(formatting.plain(sentence), icon=":material/check:")
        else:
            st.error(formatting.plain(sentence), icon=":material/error:")
