"""Which dialog is open: it is drawn anew in every run until it is done with."""

from __future__ import annotations

from typing import Any

import streamlit as st

_WANTED = "limit_dialog"


def want(name: str, *given: Any) -> None:
    """Has a dialog drawn from the next run on, with what it is about."""
    st.session_state[_WANTED] = (name, *given)


def wanted() -> tuple[Any, ...]:
    """The dialog that is open, and what it is about; ("",) where none is."""
    opened: tuple[Any, ...] = st.session_state.get(_WANTED, ("",))
    return opened


def close() -> None:
    """Draws it no more."""
    st.session_state.pop(_WANTED, None)


def done() -> None:
    """Closes the dialog from inside it, and draws the page anew."""
    close()
    st.rerun()
