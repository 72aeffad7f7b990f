"""What asks for more before it is done: renaming, editing, looking at plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation, Conversations, Message
    from llmtrack.chat.models import Model

WANTED = "chat_dialog"
"""The dialog that is open: the action chosen in a menu, and the message it is about (0 for the whole conversation).

It is opened anew in every run until it is done with: an answer that ends meanwhile draws the page again.
"""
RENAME, MOVE, PRESETS, FOLDER = "rename", "move", "presets", "folder"


def want(action: str, message_id: int = 0) -> None:
    """Open a dialog in the next run."""
    st.session_state[WANTED] = (action, message_id)


def close() -> None:
    """Do not open it again."""
    st.session_state.pop(WANTED, None)


def done(work: Callable[..., Any], *args: Any) -> None:
    """Do it and close the dialog; what cannot be done is said in it."""
    try:
        work(*args)
    except ChatError as error:
        st.error(formatting.visible(str(error)), icon=":material/error:")
    else:
        close()
        st.rerun()


@st.dialog("Rename", icon=":material/edit:", on_dismiss=close)
def rename(conversations: Conversations, conversation: Conversation) -> None:
    """Give a conversation another title."""
    with st.form("rename", border=False):
        title = st.text_input("Title", conversation.title, max_chars=200)
        if st.form_submit_button("Rename"):
            done(conversations.rename, conversation.id, title)


@st.dialog("Move to a folder", icon=":material/folder:", on_dismiss=close)
def move(conversations: Conversations, conversation: Conversation) -> None:
    """Put a conversation into a folder, one there is or a new one, or take it out."""
    filed = {heading.id: heading.folder or "" for heading in conversations.in_folders()}
    names = sorted({*filed.values(), *conversations.folder_files.counts()}, key=str.casefold)
    inside = filed.get(conversation.id)
    with st.form("move", border=False):
        chosen = None
        if names:
            chosen = st.pills("Folder", names, default=inside, format_func=formatting.plain)
        new = st.text_input("New folder" if names else "Folder", max_chars=60)
        name = new.strip() or chosen
        with st.container(horizontal=True):
            if st.form_submit_button("Move", type="primary") and name:
                done(conversations.move, conversation.id, name)
            if inside and st.form_submit_button("Take it out"):
                done(conversations.move, conversation.id, None)


@st.dialog("Edit and ask again", width="medium", icon=":material/edit:", on_dismiss=close)
def edit(conversations: Conversations, message: Message, model: Model) -> None:
    """Another version of a message; the one there stays, as a branch."""
    with st.form("edit", border=False):
        text = st.text_area("Message", message.text, height=200)
        asked = formatting.plain(model.name)
        st.caption(f"Asks {asked}. The message as it was, and the answers to it, stay as a version beside it.")
        if st.form_submit_button("Ask"):
            done(conversations.edit, message.id, text, model)


@st.dialog("Plain text", width="medium", icon=":material/content_copy:", on_dismiss=close)
def plain_text(message: Message) -> None:
    """An answer as the model wrote it, with a button to copy it."""
    st.code(message.text, language=None, wrap_lines=True, height=420)
