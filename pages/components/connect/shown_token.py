"""The token that was just made: shown until one leaves the page, and nowhere else."""

from __future__ import annotations

import streamlit as st

_KEY = "connect_token"


def keep(token: str) -> None:
    """From here on the page shows it."""
    st.session_state[_KEY] = token


def shown_token() -> str | None:
    """The token that was made since the page was opened."""
    token: str | None = st.session_state.get(_KEY)
    return token


def forget() -> None:
    """Called on every other page: from then on nobody can show it."""
    st.session_state.pop(_KEY, None)
