"""The top of a conversation: its title, what it cost so far, and what can be done with all of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting
from pages.components.chat import conversation_list, dialogs
from pages.components.chat.problems import attempt

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation, Conversations

RENAME, PIN, UNPIN, ARCHIVE, RESTORE, DELETE = (
    ":material/edit: Rename",
    ":material/keep: Pin",
    ":material/keep_off: Unpin",
    ":material/archive: Archive",
    ":material/unarchive: Take out of the archive",
    ":material/delete: Delete",
)
DELETED = "conversation_deleted"


def draw(conversations: Conversations, conversation: Conversation, cost: str) -> None:
    """Title, cost and menu in one row."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{formatting.plain(conversation.title)}**")
            if cost:
                st.caption(f"So far {cost}")
        with st.popover("Export", icon=":material/download:", type="tertiary", help="Take this conversation out"):
            _draw_export(conversations, conversation)
        st.menu_button(
            "More",
            _possible(conversation),
            key="conversation_menu",
            type="tertiary",
            help="What can be done with this conversation",
            on_click=_act,
            args=(conversations, conversation),
        )


def _draw_export(conversations: Conversations, conversation: Conversation) -> None:
    """Download buttons; a file is made only when its button is pressed.

    Streamlit serves it to whoever has its address, without a cookie, until this session ends. The address is a hash of
    all that is in it: nobody can guess it who does not have the conversation already.
    """
    from llmtrack.chat.conversations import to_json, to_markdown

    name = file_name(conversation.title)
    for kind, write, extension, media_type in (
        ("Markdown", to_markdown, "md", "text/markdown"),
        ("JSON", to_json, "json", "application/json"),
    ):
        st.download_button(
            kind,
            partial(_export, write, conversations, conversation),
            file_name=f"{name}.{extension}",
            mime=media_type,
            icon=":material/download:",
            key=f"export_{kind}_{conversation.id}",
            on_click="ignore",
            type="tertiary",
        )


def _export(write: Callable[..., str], conversations: Conversations, conversation: Conversation) -> str:
    return write(conversation, conversations.figures(conversation.everything))


def file_name(title: str) -> str:
    """A title as the name of a file on any system."""
    letters = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    return "-".join(filter(None, letters.split("-")))[:60] or "conversation"


def draw_undo(conversations: Conversations) -> None:
    """After a conversation was deleted: the way back."""
    deleted = st.session_state.get(DELETED)
    if deleted is None:
        return
    conversation_id, title = deleted
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"“{formatting.plain(title)}” was deleted.", width="content")
        st.button("Undo", key="undo", icon=":material/undo:", on_click=_undo, args=(conversations, conversation_id))


def _possible(conversation: Conversation) -> list[str]:
    return [
        RENAME,
        UNPIN if conversation.pinned else PIN,
        RESTORE if conversation.archived else ARCHIVE,
        DELETE,
    ]


def _act(conversations: Conversations, conversation: Conversation) -> None:
    action = st.session_state["conversation_menu"]
    if action == RENAME:
        dialogs.want(dialogs.RENAME)
    elif action in (PIN, UNPIN):
        attempt(conversations.pin, conversation.id, action == PIN)
    elif action in (ARCHIVE, RESTORE):
        attempt(conversations.archive, conversation.id, action == ARCHIVE)
    elif action == DELETE:
        attempt(conversations.delete, conversation.id)
        st.session_state[DELETED] = (conversation.id, conversation.title)
        conversation_list.show(None)


def _undo(conversations: Conversations, conversation_id: int) -> None:
    attempt(conversations.restore, conversation_id)
    st.session_state.pop(DELETED, None)
    conversation_list.show(conversation_id)
