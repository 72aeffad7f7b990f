"""Temporary chats: begun with a switch, named as such while they last, and kept where one thinks better of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.chat.problems import attempt

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation, Conversations

WANTED = "temporary_chat"


def draw_switch() -> None:
    """On the page of a new chat: whether anything of it is kept."""
    st.toggle(
        "Temporary",
        key=WANTED,
        help="Nothing you write, attach or read is kept: not here, not in the ledger. Tokens and cost are counted.",
        persist_state="session",
    )


def wanted() -> bool:
    """Whether the chat that begins now is to be temporary."""
    return bool(st.session_state.get(WANTED))


def draw_notice(conversations: Conversations, conversation: Conversation) -> None:
    """In a temporary chat: what that means, and the way to keep it."""
    if not conversation.temporary:
        return
    note = ":material/history_toggle_off: Temporary: nothing of it is kept but tokens and cost."
    keep = (conversations.keep, conversation.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(note, width="content")
        st.button("Keep it", key="keep_chat", type="tertiary", on_click=attempt, args=keep)
