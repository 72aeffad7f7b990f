"""After a refusal by a limit: the button that asks again for no longer an answer than would fit."""

from __future__ import annotations

import re

import streamlit as st

from llmtrack.chat.conversations import Conversations, Message
from pages.components import formatting
from pages.components.chat.problems import attempt

LEAST = 16
"""Tokens; a shorter answer says nothing, and some providers refuse to be asked for it."""
_FITS = re.compile(r"It would fit with max_tokens=(\d+)\.")


def fitting(message: Message) -> int | None:
    """How many tokens of output would have fitted, of an answer that a limit refused; None where none would."""
    said = _FITS.search(message.error or "") if message.status == "error" else None
    tokens = int(said[1]) if said else 0
    return tokens if tokens >= LEAST else None


def draw(message: Message, conversations: Conversations) -> None:
    """The button, where there is something to offer."""
    tokens = fitting(message)
    if tokens is not None:
        st.button(
            f"Ask for at most {formatting.count(tokens)} tokens", key=f"smaller_{message.id}", type="primary",
            icon=":material/compress:", on_click=attempt, args=(conversations.regenerate, message.id),
            kwargs={"max_tokens": tokens}, help="An answer of that length fits into what the limit has left.",
        )  # fmt: skip
