"""The frame at the side: conversations for everyone, the menu of pages for admins, and who is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.navigation.page import Page

HOME = "./"
"""The chat's address: the app's root."""


_PLACE = "sidebar_conversations"


def place_conversations() -> None:
    """Keep the place of the conversations: a page that changes them draws them once it has."""
    st.session_state[_PLACE] = st.container(key="ll_conversations")


def conversations_place() -> DeltaGenerator:
    """The place kept in this run."""
    place: DeltaGenerator = st.session_state[_PLACE]
    return place


def entry(name: str, href: str, icon: str, *, current: bool = False, note: str = "") -> str:
    """A line that leads to a page; `icon` is a name of Material Symbols.

    It has the mark of Streamlit's own menu, which `llmtrack/serving/links.js` follows with the filters of the page.
    """
    here = ' aria-current="page"' if current else ""
    right = f"<small>{escape(note)}</small>" if note else ""
    mark = f'<i class="ll-icon" aria-hidden="true">{escape(icon)}</i>'
    return (
        f'<a data-testid="stSidebarNavLink" href="{escape(href)}"{here}>{mark}'
        f"<span>{escape(formatting.visible(name))}</span>{right}</a>"
    )


def admin_menu(sections: Mapping[str, Sequence[Page]], page: Page) -> str:
    """The pages of admins by what they are about, and the way back."""
    parts = [entry("Chat", HOME, "arrow_back")]
    for name, pages in sections.items():
        lines = "".join(entry(one.title, one.url_path, _icon(one), current=one == page) for one in _listed(pages))
        parts.append(f'<section aria-label="{escape(name)}"><h2>{escape(name)}</h2>{lines}</section>')
    return f'<nav class="ll ll-menu-of-pages" aria-label="Admin">{"".join(parts)}</nav>'


def own_menu(pages: Sequence[Page], page: Page, admin: str | None) -> str:
    """What everyone has below the conversations: the pages about themselves, and for admins the way to theirs."""
    lines = [entry(one.title, one.url_path or HOME, _icon(one), current=one == page) for one in _listed(pages)]
    if admin is not None:
        lines.append(entry("Admin", admin, "tune"))
    return f'<nav class="ll ll-menu-of-pages" aria-label="Pages">{"".join(lines)}</nav>'


def _listed(pages: Sequence[Page]) -> list[Page]:
    return [one for one in pages if one.visibility != "hidden"]


def _icon(page: Page) -> str:
    return page.icon.removeprefix(":material/").removesuffix(":")
