"""The sidebar's list of conversations: find one, open one, begin a new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from pages.components import formatting
from pages.components.chat import parameters

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversations, Imported
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Heading

SHOWN = 30
"""More are a click away: each one is a button that every rerun draws."""
ADDRESS = "c"
"""The conversation's name in the page's address."""
OPEN = "conversation"
ALL, ARCHIVED = "history_all", "history_archived"
IMPORTS = "imports"
"""How many files were uploaded: each uploader takes one."""
IMPORTED = "brought"
"""The result of the last import: whether it succeeded, and its report."""


def opened() -> int | None:
    """The conversation this page shows: the one in the address, else the one this session had open."""
    address = st.query_params.get(ADDRESS)
    if address is None:
        current = st.session_state.get(OPEN)
        if current is not None:
            st.query_params[ADDRESS] = str(current)
        return current
    return int(address) if address.isascii() and address.isdigit() and len(address) < 20 else 0


def show(conversation_id: int | None) -> None:
    """Open a conversation, or a new one."""
    st.session_state[OPEN] = conversation_id
    if conversation_id is None:
        parameters.begin_anew()
        st.query_params.pop(ADDRESS, None)
    else:
        st.query_params[ADDRESS] = str(conversation_id)


def draw(ledger: Ledger, conversations: Conversations, current: int | None, now: datetime) -> None:
    """The list, in the sidebar."""
    with st.sidebar:
        st.button(
            "New chat", icon=":material/edit_square:", width="stretch", key="new_chat", on_click=show, args=(None,)
        )
        search = st.text_input(
            "Search conversations",
            key="history_search",
            placeholder="Search",
            icon=":material/search:",
            label_visibility="collapsed",
        )
        everything = bool(st.session_state.get(ALL))
        archived = bool(st.session_state.get(ARCHIVED))
        headings = conversations.list(search or "", archived=archived, limit=200 if everything else SHOWN + 1)
        shown = headings if everything else headings[:SHOWN]
        with st.container():  # one place whatever it holds: what follows stays where it is, and an open popover open
            if search and not headings:
                st.caption("No conversation holds all of these words.")
            for name, some in groupby(shown, lambda heading: group(heading, now)):
                st.caption(f"**{name}**")
                with st.container(gap=None):
                    _rows(list(some), current)
            if len(headings) > len(shown):
                st.button("Show all", key="show_all", type="tertiary", on_click=_show_all)
        with st.popover("Import", icon=":material/upload:", type="tertiary"):
            _draw_import(ledger, conversations)
        st.toggle("Archived", key=ARCHIVED, persist_state="session")


def _rows(headings: Sequence[Heading], current: int | None) -> None:
    for heading in headings:
        st.button(
            formatting.plain(heading.title or "New conversation"),
            key=f"open_{heading.id}",
            type="secondary" if heading.id == current else "tertiary",
            icon=":material/keep:" if heading.pinned else None,
            on_click=show,
            args=(heading.id,),
            wrap=False,
        )


def _draw_import(ledger: Ledger, conversations: Conversations) -> None:
    """Take conversations over from a file, and say what came of it until the next one."""
    key = f"import_{st.session_state.setdefault(IMPORTS, 0)}"
    st.file_uploader(
        "An export of this app or of ChatGPT, Claude, Open WebUI or LibreChat",
        ["zip", "json"],
        key=key,
        on_change=_import,
        args=(ledger, conversations, key),
    )
    if result := st.session_state.get(IMPORTED):
        came, text = result
        (st.success if came else st.error)(text, icon=":material/check:" if came else ":material/error:")


def _import(ledger: Ledger, conversations: Conversations, key: str) -> None:
    """A file was chosen. Before the page is drawn, so that the list has what came in; with a new uploader afterwards,
    so that nothing is read twice."""
    from llmtrack.chat.conversations import import_file

    file = st.session_state[key]
    if file is None:  # taken out again
        st.session_state.pop(IMPORTED, None)
        return
    try:
        imported = import_file(ledger, conversations.user_id, file)
    except ChatError as error:
        st.session_state[IMPORTED] = False, f"{formatting.plain(file.name)}: {formatting.plain(str(error))}"
    else:
        st.session_state[IMPORTED] = True, _report(imported)
    st.session_state[IMPORTS] += 1


def _report(imported: Imported) -> str:
    """What came of an import, as Markdown."""
    what = formatting.counted(imported.conversations, "conversation")
    lines = [f"{what} with {formatting.counted(imported.messages, 'message')} came in."]
    if imported.extended:
        lines[0] = f"{what} came in, {formatting.counted(imported.extended, 'conversation')} went on: "
        lines[0] += f"{formatting.counted(imported.messages, 'message')}."
    if imported.unchanged:
        were = "was" if imported.unchanged == 1 else "were"
        lines.append(f"{formatting.counted(imported.unchanged, 'conversation')} {were} here already.")
    if imported.left_out:
        lines.append(
            f"{formatting.counted(imported.left_out, 'message')} left out: tools' output, or pictures without text."
        )
    text = " ".join(lines)
    if imported.damaged:
        text += f"\n\n{formatting.counted(imported.damaged, 'conversation')} left out:\n"
        text += "".join(f"\n- {formatting.plain(problem)}" for problem in imported.problems)
        if (more := imported.damaged - len(imported.problems)) > 0:
            text += f"\n- and {formatting.counted(more, 'more', 'more')}"
    return text


def _show_all() -> None:
    st.session_state[ALL] = True


def group(heading: Heading, now: datetime) -> str:
    """Under which words a conversation stands in the list."""
    if heading.pinned:
        return "Pinned"
    at = datetime.fromtimestamp(heading.updated_at / 1_000_000, now.tzinfo)
    days = (now.date() - at.date()) // timedelta(days=1)
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return "Last 7 days" if days < 7 else f"{at:%B %Y}"
