"""The top of a conversation: its title, what it cost so far, and what can be done with all of it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting
from pages.components.chat import conversation_list, dialogs
from pages.components.chat.options import folder, sharing
from pages.components.chat.problems import attempt

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation, Conversations
    from llmtrack.ledger import Ledger

FILES, RENAME, MOVE, PIN, UNPIN, ARCHIVE, RESTORE, DELETE = (
    ":material/folder_open: Files of the folder",
    ":material/edit: Rename",
    ":material/folder: Move to a folder",
    ":material/keep: Pin",
    ":material/keep_off: Unpin",
    ":material/archive: Archive",
    ":material/unarchive: Take out of the archive",
    ":material/delete: Delete",
)
DELETED = "conversation_deleted"


def draw(ledger: Ledger, conversations: Conversations, conversation: Conversation, cost: str) -> None:
    """Title, cost, links for others, files to keep, and the menu, in one row that stays at the top."""
    with st.container(key="ll_top", horizontal=True, vertical_alignment="center", gap=None, wrap=False):
        title, so_far = escape(formatting.visible(conversation.title)), escape(cost)
        st.html(f'<div class="ll ll-title"><h1>{title}</h1><span>{so_far and so_far + " so far"}</span></div>')
        with st.popover(
            "Share or export",
            key="export",
            icon=":material/ios_share:",
            type="tertiary",
            help="Share this conversation by a link, or export it",
        ):
            sharing.draw_links(ledger, conversations.user_id, conversation)
            _draw_export(conversations, conversation)
        st.menu_button(
            "More",
            _possible(conversation),
            key="conversation_menu",
            icon=":material/more_horiz:",
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
    from llmtrack.chat.conversations import is_too_large_for_json, to_archive, to_json, to_markdown

    def markdown() -> str:
        return to_markdown(conversation, conversations.figures(conversation.everything))

    def whole() -> str | bytes:
        ids = [file.id for message in conversation.everything for file in message.files]
        contents = conversations.contents(ids) | conversations.folder_files.contents(beside)
        figures = conversations.figures(conversation.everything)
        return (to_archive if zipped else to_json)(conversation, figures, contents, beside)

    name = file_name(conversation.title)
    beside = conversations.folder_files.list(conversation.folder) if conversation.folder else ()
    zipped = is_too_large_for_json(conversation, beside)
    st.markdown("**Export**")
    for kind, write, extension, media_type in (
        ("Markdown", markdown, "md", "text/markdown"),
        ("JSON", whole, "zip" if zipped else "json", "application/zip" if zipped else "application/json"),
    ):
        st.download_button(
            kind,
            write,
            file_name=f"{name}.{extension}",
            mime=media_type,
            icon=":material/download:",
            key=f"export_{kind}_{conversation.id}",
            on_click="ignore",
            type="tertiary",
        )


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
        MOVE,
        *([FILES] if conversation.folder else []),
        UNPIN if conversation.pinned else PIN,
        RESTORE if conversation.archived else ARCHIVE,
        DELETE,
    ]


def _act(conversations: Conversations, conversation: Conversation) -> None:
    action = st.session_state["conversation_menu"]
    if action == FILES:
        folder.manage_later(conversation.folder or "")
        return
    names = {
        RENAME: "rename",
        MOVE: "move",
        PIN: "pin",
        UNPIN: "pin",
        ARCHIVE: "archive",
        RESTORE: "archive",
        DELETE: "delete",
    }
    _do(conversations, conversation, names[action])


def act_on(conversations: Conversations, conversation_id: int, action: str) -> None:
    """Do what was chosen in the menu of a row: rename, move, pin, archive or delete, by that word."""
    conversation = conversations.open(conversation_id)
    if conversation is not None:
        _do(conversations, conversation, action)


def _do(conversations: Conversations, conversation: Conversation, action: str) -> None:
    if action in (dialogs.RENAME, dialogs.MOVE):
        dialogs.want(action, conversation.id)
    elif action == "pin":
        attempt(conversations.pin, conversation.id, not conversation.pinned)
    elif action == "archive":
        attempt(conversations.archive, conversation.id, not conversation.archived)
    elif action == "delete":
        attempt(conversations.delete, conversation.id)
        st.session_state[DELETED] = (conversation.id, conversation.title)
        if st.session_state.get(conversation_list.OPEN) == conversation.id:
            conversation_list.show(None)


def _undo(conversations: Conversations, conversation_id: int) -> None:
    attempt(conversations.restore, conversation_id)
    st.session_state.pop(DELETED, None)
    conversation_list.show(conversation_id)
