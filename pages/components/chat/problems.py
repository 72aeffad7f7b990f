"""What a person asked for and could not be done: kept until the page is drawn, and said near the box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from pages.components import formatting

PROBLEM = "chat_problem"
UNSENT_FILES = "chat_files_lost"
"""Names of the files that came with a message that could not be sent."""
P = ParamSpec("P")
T = TypeVar("T")


def attempt(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Do what a person asked for; where it cannot be done, the page says why, and the result is None."""
    try:
        return work(*args, **kwargs)
    except ChatError as error:
        st.session_state[PROBLEM] = str(error)
        return None


def note_unsent_files(names: Sequence[str]) -> None:
    """Say as well which files have to be attached anew."""
    st.session_state[UNSENT_FILES] = list(names)


def draw() -> None:
    """What could not be done, once."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(formatting.visible(problem), icon=":material/error:")
        if unsent := st.session_state.pop(UNSENT_FILES, None):
            names = formatting.plain(" and ".join(unsent))
            st.caption(f"Nothing was sent. The message is in the box again; attach {names} anew if it is missing.")
