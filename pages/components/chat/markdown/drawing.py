"""Markdown on screen: prose as Markdown, blocks of code as code, each paragraph in the direction it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components.chat.markdown import from_model
from pages.components.chat.markdown.blocks import code_of, from_right, pieces

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

COLOURED_LINES = 1_500
"""A longer block of code is drawn in one colour: a browser needs some seconds for the colours of 5,000 lines."""
CHARACTERS_A_SECOND = 60_000
"""How much of a growing piece is drawn again in a second, however often it grows."""
_MARK = "ll-from-right"
_STYLE = f"""<style>
[data-testid=stMarkdownContainer]:has(table, .katex-display) {{ overflow-x: auto; overflow-y: hidden }}
[data-testid=stMarkdownContainer] :is(p, li, h1, h2, h3, h4, h5, h6, th, td, blockquote) {{
  unicode-bidi: plaintext; text-align: start }}
[data-testid=stMarkdownContainer] :is(p, li) {{ overflow-wrap: anywhere }}
[data-testid=stMarkdownContainer] td {{ white-space: pre-line }}
[data-testid=stElementContainer]:has(.{_MARK}) {{ display: none }}
[data-testid=stVerticalBlock]:has(> [data-testid=stElementContainer] .{_MARK}) {{ direction: rtl }}
[data-testid=stMarkdownContainer] :is(pre, code, .katex) {{ direction: ltr }}
</style>"""


def style() -> None:
    """Once on a page with Markdown: what is wider than its place scrolls, and each paragraph has its own direction."""
    st.html(_STYLE)


def draw(text: str) -> None:
    """A finished text, in the pieces it was drawn in while it grew, so that nothing moves when it ends."""
    for piece in pieces(text):
        draw_piece(piece)


def draw_piece(piece: str, place: DeltaGenerator | None = None, cursor: str = "") -> None:
    """One piece, here or in an empty `place`; with a cursor behind it while it grows."""
    here: Any = st if place is None else place
    code = code_of(piece)
    if code is not None:
        coloured = code.text.count("\n") < COLOURED_LINES
        here.code(code.text + cursor, language=code.language if coloured and code.language else None)
    elif not piece.isascii() and from_right(piece):
        # A list has its bullets, and a table its first column, on the side where its text begins.
        with here.container():
            st.html(f'<span class="{_MARK}"></span>')
            st.markdown(from_model(piece) + cursor)
    elif piece.strip() or cursor:
        here.markdown(from_model(piece) + cursor)


def redraw_seconds(piece: str) -> float:
    """How long to wait before a growing piece is drawn again: all of it goes to the browser each time."""
    return len(piece) / CHARACTERS_A_SECOND
