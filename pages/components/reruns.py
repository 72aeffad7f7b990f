"""How often the whole page was drawn: pressing a control draws it again, Stop and fragments do not."""

from __future__ import annotations

import streamlit as st

KEY = "runs"


def begin() -> None:
    """Another run of the whole script has begun."""
    counter()[0] += 1


def counter() -> list[int]:
    """The number so far, shared by all runs of this tab, so that a run that has to end sees the next one begin."""
    number: list[int] = st.session_state.setdefault(KEY, [0])
    return number
