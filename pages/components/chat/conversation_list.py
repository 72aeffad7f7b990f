"""The sidebar's list of conversations: find one, open one, begin a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from llmtrack.ledger.periods import zone
from llmtrack.settings import get_settings
from pages.components import formatting, queries, sidebar
from pages.components.chat import composer, parameters
from pages.components.chat.notes import search_place
from pages.components.chat.options import folder

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

    from llmtrack.chat.conversations import Conversations, Imported
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Heading
    from llmtrack.serving.identity import Viewer

SHOWN, MOST = 100, 1_000
"""So many are listed, and so many after a press: every run of the page sends their links."""
PINNED = "Pinned"
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
    folder.begin_in(None)
    if conversation_id is None:
        parameters.begin_anew()
        composer.stop_comparing()
        st.query_params.pop(ADDRESS, None)
    else:
        st.query_params[ADDRESS] = str(conversation_id)


def draw(ledger: Ledger, conversations: Conversations, current: int | None, now: datetime) -> None:
    """The list, in the sidebar: a new one, search, the conversations by day, and what else can be done with them."""
    with sidebar.conversations_place():
        st.button(
            "New chat",
            icon=":material/edit_square:",
            width="stretch",
            key="new_chat",
            shortcut="Ctrl+Shift+O",
            on_click=show,
            args=(None,),
        )
        search = st.text_input(
            "Search conversations",
            key="history_search",
            placeholder="Search",
            icon=":material/search:",
            label_visibility="collapsed",
            live=True,
        )
        everything = bool(st.session_state.get(ALL))
        archived = bool(st.session_state.get(ARCHIVED))
        limit = MOST if everything else SHOWN + 1
        hits = conversations.search(search, limit) if search and search.strip() else None
        headings = conversations.list(archived=archived, limit=limit) if hits is None else [hit.heading for hit in hits]
        shown = headings if everything else headings[:SHOWN]
        filed = () if search or archived else conversations.in_folders()
        with st.container(gap=None):  # one place whatever it holds: what follows stays where it is
            if search and not headings:
                st.caption("No conversation holds all of these words.")
            elif not headings:
                st.caption("The archive is empty." if archived else "What you ask is kept here.")
            places = {hit.heading.id: search_place.html(hit) for hit in hits or ()}
            counts = {} if search or archived else conversations.folder_files.counts()
            st.html(html(shown, current, now, filed, places, counts))
            if len(headings) > len(shown):
                st.button("Show all", key="show_all", type="tertiary", on_click=_show_all)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ll_list_tools"):
            with st.popover("Import", icon=":material/upload:", type="tertiary"):
                _draw_import(ledger, conversations)
            st.toggle("Archived", key=ARCHIVED, persist_state="session")


def draw_beside(me: Viewer, chat: Page) -> None:
    """The list beside another page of one's own: the way to a new chat, and to those there are."""
    from llmtrack.chat.conversations import Conversations

    with sidebar.conversations_place():
        if st.button(
            "New chat", icon=":material/edit_square:", width="stretch", key="new_chat", shortcut="Ctrl+Shift+O"
        ):
            show(None)
            st.switch_page(chat)
        now = datetime.now(zone(get_settings().timezone))
        mine = Conversations(queries.ledger(), me.id, me.team)
        st.html(html(mine.list(limit=SHOWN), None, now, mine.in_folders(), {}, mine.folder_files.counts()))


def html(
    headings: Sequence[Heading],
    current: int | None,
    now: datetime,
    filed: Sequence[Heading] = (),
    lines: Mapping[int, str] = {},
    files: Mapping[str, int] = {},
) -> str:
    """The conversations as links: those `filed` in folders by these, the others under the days they were used last.

    `lines` are HTML to stand under a title, by conversation. `assets/menu.js` gives the links their menu.
    """
    by_folder: dict[str, list[Heading]] = {name: [] for name in files}
    for heading in filed:
        by_folder.setdefault(heading.folder or "", []).append(heading)
    folders = "".join(
        _folder(name, inside, current, lines, files.get(name, 0))
        for name, inside in sorted(by_folder.items(), key=lambda item: item[0].casefold())
    )
    in_folders = {heading.id for heading in filed}
    loose = [heading for heading in headings if heading.id not in in_folders]
    days = [(name, _rows(list(some), current, lines)) for name, some in groupby(loose, lambda one: group(one, now))]
    if folders:
        days.insert(1 if days and days[0][0] == PINNED else 0, ("Folders", folders))
    sections = "".join(f'<section aria-label="{name}"><h2>{name}</h2>{rows}</section>' for name, rows in days)
    return f'<nav class="ll ll-talks" aria-label="Conversations">{sections}</nav>'


def _folder(name: str, inside: Sequence[Heading], current: int | None, lines: Mapping[int, str], files: int) -> str:
    is_open = " open" if any(heading.id == current for heading in inside) else ""
    return (
        f'<details{is_open}><summary data-folder="{escape(name)}"{_about(files)}>'
        '<i class="ll-icon" aria-hidden="true">folder</i>'
        f"<span>{escape(formatting.visible(name))}</span><small>{len(inside)}</small></summary>"
        f"{_rows(inside, current, lines)}</details>"
    )


def _about(files: int) -> str:
    return f' title="{formatting.counted(files, "file")} with every message"' if files else ""


def _rows(headings: Sequence[Heading], current: int | None, lines: Mapping[int, str]) -> str:
    return "".join(_row(heading, current, lines.get(heading.id, "")) for heading in headings)


def _row(heading: Heading, current: int | None, line: str) -> str:
    more = ' aria-current="page"' if heading.id == current else ""
    more += " data-pinned" * heading.pinned + " data-archived" * heading.archived
    title = escape(formatting.visible(heading.title or "New conversation"))
    return f'<a data-in href="./?{ADDRESS}={heading.id}" data-c="{heading.id}"{more}>{title}{line}</a>'


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
        return PINNED
    at = datetime.fromtimestamp(heading.updated_at / 1_000_000, now.tzinfo)
    days = (now.date() - at.date()) // timedelta(days=1)
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return "Last 7 days" if days < 7 else f"{at:%B %Y}"
