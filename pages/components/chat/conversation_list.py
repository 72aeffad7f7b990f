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
"""How many files were brought: each uploader takes one."""
BROUGHT = "brought"
"""What came of the last one: whether it came in, and what to say."""


def opened() -> int | None:
    """The conversation this page shows: the one in the address, else the one this session had open."""
    told = st.query_params.get(ADDRESS)
    if told is None:
        current = st.session_state.get(OPEN)
        if current is not None:
            st.query_params[ADDRESS] = str(current)
        return current
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else 0


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
        found = conversations.list(search or "", archived=archived, limit=200 if everything else SHOWN + 1)
        shown = found if everything else found[:SHOWN]
        with st.container():  # one place whatever it holds: what follows stays where it is, and an open popover open
            if search and not found:
                st.caption("No conversation holds all of these words.")
            for name, some in groupby(shown, lambda one: group(one, now)):
                st.caption(f"**{name}**")
                with st.container(gap=None):
                    _rows(list(some), current)
            if len(found) > len(shown):
                st.button("Show all", key="show_all", type="tertiary", on_click=_show_all)
        with st.popover("Import", icon=":material/upload:", type="tertiary"):
            _draw_import(ledger, conversations)
        st.toggle("Archived", key=ARCHIVED, persist_state="session")


def _rows(headings: Sequence[Heading], current: int | None) -> None:
    for one in headings:
        st.button(
            formatting.plain(one.title or "New conversation"),
            key=f"open_{one.id}",
            type="secondary" if one.id == current else "tertiary",
            icon=":material/keep:" if one.pinned else None,
            on_click=show,
            args=(one.id,),
            wrap=False,
        )


def _draw_import(ledger: Ledger, conversations: Conversations) -> None:
    """Take conversations over from a file, and say what came of it until the next one."""
    key = f"import_{st.session_state.setdefault(IMPORTS, 0)}"
    st.file_uploader(
        "An export of this app or of ChatGPT, Claude, Open WebUI or LibreChat",
        ["zip", "json"],
        key=key,
        on_change=_bring,
        args=(ledger, conversations, key),
    )
    if said := st.session_state.get(BROUGHT):
        came, text = said
        (st.success if came else st.error)(text, icon=":material/check:" if came else ":material/error:")


def _bring(ledger: Ledger, conversations: Conversations, key: str) -> None:
    """A file was chosen. Before the page is drawn, so that the list has what came in; with a new uploader afterwards,
    so that nothing is read twice."""
    from llmtrack.chat.conversations import import_file

    file = st.session_state[key]
    if file is None:  # taken out again
        st.session_state.pop(BROUGHT, None)
        return
    try:
        brought = import_file(ledger, conversations.user_id, file)
    except ChatError as error:
        st.session_state[BROUGHT] = False, f"{formatting.plain(file.name)}: {formatting.plain(str(error))}"
    else:
        st.session_state[BROUGHT] = True, _report(brought)
    st.session_state[IMPORTS] += 1


def _report(brought: Imported) -> str:
    """What came of an import, as Markdown."""
    what = formatting.counted(brought.conversations, "conversation")
    lines = [f"{what} with {formatting.counted(brought.messages, 'message')} came in."]
    if brought.extended:
        lines[0] = f"{what} came in, {formatting.counted(brought.extended, 'conversation')} went on: "
        lines[0] += f"{formatting.counted(brought.messages, 'message')}."
    if brought.unchanged:
        were = "was" if brought.unchanged == 1 else "were"
        lines.append(f"{formatting.counted(brought.unchanged, 'conversation')} {were} here already.")
    if brought.left_out:
        lines.append(
            f"{formatting.counted(brought.left_out, 'message')} left out: tools' output, or pictures without text."
        )
    text = " ".join(lines)
    if brought.damaged:
        text += f"\n\n{formatting.counted(brought.damaged, 'conversation')} left out:\n"
        text += "".join(f"\n- {formatting.plain(problem)}" for problem in brought.problems)
        if (more := brought.damaged - len(brought.problems)) > 0:
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
