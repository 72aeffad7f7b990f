"""How often the page was drawn: any control that is pressed draws it again, Stop and what redraws itself do not."""

from __future__ import annotations

import streamlit as st

KEY = "runs"


def begin() -> None:
    """Another run of the whole script has begun."""
    counter()[0] += 1


def counter() -> list[int]:
    """The number so far, shared by all runs of this tab: one that is told to end still sees the next one begin."""
    found: list[int] = st.session_state.setdefault(KEY, [0])
    return found
