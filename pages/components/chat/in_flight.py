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
LOOKS, MOST_LOOKS = "looks_for_figures", 60
"""How often one has looked for an answer's figures, by message, and when nobody looks any more."""
FOLLOWED = "followed_answers"
"""The answers watched last."""


def follow(
    conversations: Conversations,
    conversation_id: int,
    growing: Sequence[tuple[Message, DeltaGenerator]],
    stop_place: DeltaGenerator,
) -> None:
    """Watch answers of a conversation, each in its place, and draw the page again when they have ended.

    `stop_place` is where the button goes that stops those of this process.
    """
    st.session_state[FOLLOWED] = {message.id for message, _ in growing}
    here = [(reply, place) for message, place in growing if (reply := reply_to(message.id))]
    replies = [reply for reply, _ in here]
    if here:
        stop_place.button(
            "Stop", icon=":material/stop:", key="ll_stop", type="primary", on_click=_stop, args=(replies,)
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
    """The square in place of the arrow, or Escape, which `assets/keys.js` hands to it."""
    for reply in replies:
        reply.cancel()


@st.fragment(run_every=WATCH_SECONDS)
def _redraw_at_end(reply: Reply) -> None:
    """After Stop nothing would draw the page again; this does, once the answer has ended."""
    if reply.done.is_set():
        st.rerun()


def is_expected(message: Message) -> bool:
    """Whether a row may still come for an answer without one: this session has just seen it being written."""
    state = st.session_state
    return message.id in state.get(FOLLOWED, ()) and state.get(LOOKS, {}).get(message.id, 0) < MOST_LOOKS


@st.fragment(run_every=WATCH_SECONDS)
def redraw_with_figures(conversations: Conversations, message: Message) -> None:
    """An answer has ended and its row is still on its way to the ledger: draw the page again when it is there."""
    looks = st.session_state.setdefault(LOOKS, {})
    looks[message.id] = looks.get(message.id, 0) + 1
    if looks[message.id] <= MOST_LOOKS and conversations.figures([message]):
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
