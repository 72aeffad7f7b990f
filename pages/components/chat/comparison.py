"""Answers of several models to one message, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting
from pages.components.chat import answer_footer, messages

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.conversations import Conversation, Message
    from llmtrack.ledger.chats import Figures


def compared(conversation: Conversation) -> list[Message]:
    """The answers at the end of the branch that were asked for together; none where only one was."""
    last = conversation.messages[-1] if conversation.messages else None
    if last is None or not last.compared:
        return []
    versions = [version for version in map(conversation.message, last.versions) if version is not None]
    return [version for version in versions if version.compared]


def draw(
    answers: Sequence[Message], figures: Mapping[int, Figures], choose: Callable[[int, Sequence[int]], None]
) -> list[tuple[Message, DeltaGenerator]]:
    """The answers in columns, named above and below; the places of those that are still being written."""
    growing = []
    others = [answer.id for answer in answers]
    for message, column in zip(answers, st.columns(len(answers), border=True), strict=True):
        name = formatting.visible((message.model or "").partition("/")[2])
        with column, st.container(key=f"ll_compared_{message.id}", height="stretch"):
            st.html(_name(name))
            if message.in_flight:
                growing.append((message, st.container()))
            else:
                messages.draw_body(message)
                st.html(answer_footer.html(answer_footer.line(message, figures.get(message.id), message.quoted)))
            with st.container(
                key=f"ll_column_end_{message.id}", horizontal=True, vertical_alignment="center",
                horizontal_alignment="distribute",
            ):  # fmt: skip
                st.html(_name(name), width="content")
                if message.in_flight:
                    st.html('<span class="ll ll-muted">writing</span>', width="content")
                elif message.text:
                    st.button(
                        "Go on with this one", key=f"better_{message.id}", on_click=choose, args=(message.id, others)
                    )
    return growing


def _name(name: str) -> str:
    return f'<p class="ll ll-column-name">{escape(name)}</p>'
