"""The box for words in prompts and answers, and what a page says where nothing was found."""

from __future__ import annotations

import streamlit as st

from pages.components import empty_states, formatting, links
from pages.components.conditions import sentence
from pages.components.filters import address
from pages.components.filters.bar import View

KEY = "q"


def search_box(placeholder: str) -> str:
    """The words in the address, in a box that writes them there."""
    return_value = address.show(KEY, lambda texts: texts[-1] if texts else "")
    st.text_input(
        "Search",
        key=KEY,
        placeholder=placeholder,
        icon=":material/search:",
        label_visibility="collapsed",
        width=420,
        on_change=_write,
    )
    return return_value


def _write() -> None:
    words = st.session_state[KEY].strip()
    address.write({KEY: [words] if words else [], "after": [], "from": []})


def draw_nothing_found(what: str, view: View, search: str = "") -> None:
    """In place of an empty list: what was looked for, and the ways to more."""
    if search:
        title = f"No {what} has “{formatting.plain(search)}”"
        looked = "Searched prompts and answers"
    else:
        title, looked = f"No {what}s here", "Looked"
    among = f", {sentence(view.where)}" if view.where else ""
    empty_states.empty(title, formatting.plain(f"{looked}, {view.span}{among}."), ":material/search_off:")
    every = links.anchor(f"All {what}s", links.here(q=None, after=None, **{"from": None}), css="ll-k")
    empty_states.draw_ways(view.where, *([every] if search else []))
