"""Views of one's own: the address of a page with its filters, under a name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from llmtrack.ledger import preferences
from pages.components import links, queries
from pages.components.viewer import viewer

PREFERENCE = "views"
LONGEST_NAME, MOST_VIEWS = 60, 100
_NAME = "view_name"


def draw(page: str) -> None:
    """The popover with the viewer's views, and a name to save the present one under."""
    popover = st.popover("Views", icon=":material/bookmark:", key="views", on_change="rerun")
    if not popover.open:
        return
    with popover:
        for name, address in read().items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.html(f'<div class="ll ll-values">{links.anchor(name, address)}</div>')
                st.button(
                    "Delete", key=f"delete_view_{name}", icon=":material/delete:", type="tertiary", on_click=_delete,
                    args=(name,), help=f"Delete the view {name}",
                )  # fmt: skip
        st.text_input(
            "Save this view as", key=_NAME, placeholder="A name, then Enter", max_chars=LONGEST_NAME, on_change=_save,
            args=(page,),
        )  # fmt: skip


def read() -> dict[str, str]:
    """The viewer's views: addresses by name. What is no address of a page with filters is left out."""
    stored = preferences.read(queries.ledger(), viewer().id).get(PREFERENCE)
    return {name: address for name, address in _pairs(stored) if urlsplit(address).path in links.FILTERED}


def _pairs(stored: Any) -> list[tuple[str, str]]:
    if not isinstance(stored, dict):
        return []
    return [(name, address) for name, address in stored.items() if isinstance(name, str) and isinstance(address, str)]


def _save(page: str) -> None:
    name = st.session_state[_NAME].strip()
    if not name:
        return
    st.session_state[_NAME] = ""
    address = f"{page}{links.here(after=None)}"
    preferences.change(
        queries.ledger(), viewer().id, PREFERENCE,
        lambda stored: dict([*_pairs(stored), (name, address)][-MOST_VIEWS:]),
    )  # fmt: skip


def _delete(name: str) -> None:
    preferences.change(
        queries.ledger(), viewer().id, PREFERENCE,
        lambda stored: {other: address for other, address in _pairs(stored) if other != name} or None,
    )  # fmt: skip
