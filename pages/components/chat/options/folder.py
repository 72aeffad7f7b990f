"""The files of a folder: managing them, beginning a chat with them, and saying which of them do not go along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.answers import File
from llmtrack.chat.error_messages import ChatError
from llmtrack.settings import get_settings
from pages.components import formatting
from pages.components.chat import dialogs

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation, Conversations
    from llmtrack.chat.cost_estimate import Quote
    from llmtrack.chat.models import Model
    from llmtrack.ledger.chats import FolderFile

OF_NEW_CHAT = "new_chat_folder"
"""The folder in which the next new chat begins."""
MANAGED = "folder_managed"
"""The folder whose dialog is open."""
UPLOADS = "folder_uploads"
"""How many uploads there were: each uploader takes one."""
REFUSED = "folder_refused"
DELETING = "folder_deleting"
"""The folder that is about to be deleted."""


def manage_later(name: str) -> None:
    """Open the dialog of a folder in the next run."""
    st.session_state[MANAGED] = name
    for key in (DELETING, REFUSED):
        st.session_state.pop(key, None)
    dialogs.want(dialogs.FOLDER)


def of_new_chat() -> str | None:
    """The folder in which the chat that begins now is to lie."""
    name = st.session_state.get(OF_NEW_CHAT)
    return name if isinstance(name, str) else None


def begin_in(name: str | None) -> None:
    """The next new chat begins in this folder; None for in none."""
    st.session_state[OF_NEW_CHAT] = name


def along(temporary: bool) -> bool | None:
    """Whether the folder's files go along with the chat that begins now; None where nobody chose."""
    chosen = st.session_state.get(_along_key(temporary))
    return chosen if isinstance(chosen, bool) else None


def _along_key(temporary: bool) -> str:
    # A temporary chat has a choice of its own: what was chosen for others does not hold for it.
    return f"folder_along_{'temporary' if temporary else 'new'}"


def draw_new_chat(conversations: Conversations, temporary: bool) -> None:
    """On the page of a new chat that begins in a folder: which one, whether its files go along, and the way out."""
    name = of_new_chat()
    if name is None:
        return
    files = conversations.folder_files.list(name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/folder: In “{formatting.plain(name)}”", width="content")
        if files:
            st.toggle(
                f"Send its {formatting.counted(len(files), 'file')}",
                not temporary if (chosen := along(temporary)) is None else chosen,
                key=_along_key(temporary),
                help="With every message of this chat. They are part of the price beside the box.",
            )
        st.button(
            "Files",
            key="new_chat_folder_files",
            icon=":material/folder_open:",
            type="tertiary",
            on_click=manage_later,
            args=(name,),
        )
        st.button(
            "Leave the folder",
            key="leave_folder",
            icon=":material/close:",
            type="tertiary",
            on_click=begin_in,
            args=(None,),
        )


def draw_along(conversation: Conversation, choose: Callable[[bool], None]) -> None:
    """In a conversation's settings: whether its folder's files go along."""
    if conversation.folder is None:
        return
    takes = conversation.takes_folder_files
    key = f"folder_along_{conversation.id}_{takes}"
    st.toggle(
        f"Send the files of “{formatting.plain(conversation.folder)}”",
        takes,
        key=key,
        help="With every message, before the first one. It costs their tokens each time, less where they are cached.",
        on_change=lambda: choose(bool(st.session_state[key])),
    )


def left_out(quotes: Sequence[Quote]) -> list[str]:
    """What does not go along with the next message, each with its name and why; once, whoever is asked."""
    return list(dict.fromkeys(line for quote in quotes for line in quote.folder.left_out))


def draw_left_out(models: Sequence[Model], files: Sequence[FolderFile]) -> None:
    """At the top of the composer, in sight: what of the folder's files is not sent to those who are to answer."""
    from llmtrack.chat.conversations import fit

    if lines := list(dict.fromkeys(line for model in models for line in fit(files, model).left_out)):
        with st.bottom, st.container(key="ll_left_out"):
            st.caption(f":material/warning: Not sent from the folder: {formatting.plain('; '.join(lines))}.")


@st.dialog("Files of the folder", width="medium", icon=":material/folder_open:", on_dismiss=dialogs.close)
def manage(conversations: Conversations, begin: Callable[[str], None]) -> None:
    """Upload, look through and remove the files of a folder; begin a chat in it; delete it."""
    name = st.session_state.get(MANAGED)
    if not isinstance(name, str):
        dialogs.close()
        return
    settings = get_settings()
    files = conversations.folder_files.list(name)
    st.markdown(f"**{formatting.plain(name)}**")
    st.caption(
        "They go with every message of the conversations in this folder, and only you can read them. "
        "What a model cannot take is named beside the price."
    )
    for file in files:
        _draw_file(conversations, file)
    st.caption(
        f"{len(files)} of {formatting.counted(settings.folder_files_max, 'file')}, "
        f"{_size(sum(file.size for file in files))} of {settings.folder_max_mb:g}{formatting.NBSP}MB"
    )
    key = f"folder_upload_{st.session_state.setdefault(UPLOADS, 0)}"
    st.file_uploader(
        "Add text files, pictures or PDFs",
        accept_multiple_files=True,
        key=key,
        max_upload_size=max(1, int(settings.attachment_max_mb)),
        on_change=_upload,
        args=(conversations, name, key),
    )
    if refused := st.session_state.get(REFUSED):
        st.error(formatting.visible(refused), icon=":material/error:")
    if st.session_state.get(DELETING) == name:
        _draw_deleting(conversations, name, len(files))
        return
    with st.container(horizontal=True):
        if st.button("New chat in this folder", key="folder_chat", icon=":material/edit_square:", type="primary"):
            begin(name)
            dialogs.close()
            st.rerun()
        st.button("Delete the folder…", key="folder_delete", type="tertiary", on_click=_ask_to_delete, args=(name,))


def _draw_file(conversations: Conversations, file: FolderFile) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        pages = f" · {formatting.counted(file.pages, 'page')}" if file.pages else ""
        st.markdown(f":material/draft: {formatting.plain(file.name)}", width="stretch")
        st.caption(f"{_size(file.size)}{pages}", width="content")
        st.button(
            "Remove",
            key=f"folder_file_{file.id}",
            type="tertiary",
            help=f"Remove {formatting.plain(file.name)}",
            on_click=conversations.folder_files.remove,
            args=(file.id,),
        )


def _draw_deleting(conversations: Conversations, name: str, files: int) -> None:
    st.warning(
        f"Its {formatting.counted(files, 'file')} will be gone for good. Its conversations stay, outside of the folder."
    )
    with st.container(horizontal=True):
        if st.button("Delete it", key="folder_delete_now", type="primary"):
            conversations.folder_files.delete(name)
            if of_new_chat() == name:
                begin_in(None)
            dialogs.close()
            st.rerun()
        st.button("Keep it", key="folder_keep", on_click=_ask_to_delete, args=(None,))


def _ask_to_delete(name: str | None) -> None:
    st.session_state[DELETING] = name


def _upload(conversations: Conversations, name: str, key: str) -> None:
    """Files were chosen. Before the dialog is drawn, so that the list has them; with a new uploader afterwards."""
    given = st.session_state[key] or []
    files = [File(file.name, file.type or "text/plain", file.getvalue()) for file in given]
    st.session_state.pop(REFUSED, None)
    try:
        conversations.folder_files.add(name, files)
    except ChatError as error:
        st.session_state[REFUSED] = str(error)
    st.session_state[UPLOADS] += 1


def _size(size: int) -> str:
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f}{formatting.NBSP}MB"
    return f"{max(1, size // 1000) if size else 0:,}{formatting.NBSP}kB"
