"""The stylesheet of all pages: the tokens as variables, and the sheets that are written in terms of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from pages.components.style.tokens import OTHER, SLOTS, STATUSES, TOKENS, Theme, in_both

_SHEETS = ("house.css", "walk.css", "chat.css")


def install() -> None:
    """Give the page the house style; the element takes no room."""
    st.html(f"<style>{stylesheet()}</style>")


def theme() -> Theme:
    """The theme the page is shown in. Charts need to know: what they are drawn with cannot follow it by itself."""
    return "dark" if st.context.theme.type == "dark" else "light"


@cache
def stylesheet() -> str:
    """Variables ``--ll-<token>``, ``--ll-slot-<n>`` and ``--ll-status-<status>``, and the rules."""
    colours = {
        **TOKENS,
        **{f"slot-{number}": colour for number, colour in enumerate(SLOTS, 1)},
        "slot-other": OTHER,
        **{f"status-{name}": colour for name, colour in STATUSES.items()},
    }
    variables = "".join(f"--ll-{name}:{in_both(colour)};" for name, colour in colours.items())
    sheets = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in _SHEETS]
    return "\n".join([f":root{{{variables}}}", *sheets])
