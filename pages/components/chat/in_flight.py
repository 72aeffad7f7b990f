"""Answers being written, by this process or another one: watched until they end, when the page is drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.conversations import reply_to
from pages.components.chat import live_answer

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.answers import Reply
    from llmtrack.chat.conversations import Conversations, Message

WATCH_SECONDS = 0.5


def follow(
    conversations: Conversations,
    conversation_id: int,
    growing: Sequence[tuple[Message, DeltaGenerator]],
    stop_place: DeltaGenerator,
) -> None:
    """Watch answers of a conversation, each in its place, and draw the page again when they have ended.

    `stop_place` is where the button goes that stops those of this process.
    """
    here = [(reply, place) for message, place in growing if (reply := reply_to(message.id))]
    replies = [reply for reply, _ in here]
    if here:
        stop_place.button(
            "Stop", icon=":material/stop_circle:", type="tertiary", shortcut="escape", on_click=_stop, args=(replies,)
        )
    for reply in replies:
        _redraw_at_end(reply)
    for message, place in growing:
        if not reply_to(message.id):
            with place:
                _draw_elsewhere(conversations, conversation_id, message.id)
    if here:
        live_answer.follow(here)
        st.rerun()


def _stop(replies: Sequence[Reply]) -> None:
    """Escape, or the button by that name."""
    for reply in replies:
        reply.cancel()


@st.fragment(run_every=WATCH_SECONDS)
def _redraw_at_end(reply: Reply) -> None:
    """After Stop nothing would draw the page again; this does, once the answer has ended."""
    if reply.done.is_set():
        st.rerun()


@st.fragment(run_every=WATCH_SECONDS)
def _draw_elsewhere(conversations: Conversations, conversation_id: int, message_id: int) -> None:
    """An answer that another process writes, as far as it has come, until it ends or its conversation is gone."""
    conversation = conversations.open(conversation_id)
    message = conversation.message(message_id) if conversation else None
    if message is None or not message.in_flight:
        st.rerun()
    live_answer.draw_text(message.text)
    st.markdown(":shimmer[Generating…]")
