"""Text of models and people as Markdown that shows what they meant. What is kept is never changed.

`markdown-it-py` reads a text (`parser`), and what it found is written anew (`writer`) so that Streamlit, which knows
more marks than Markdown has, can draw nothing else. A text without any mark that could be taken wrongly stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pages.components.chat.markdown.blocks import code_of, pieces
from pages.components.chat.markdown.escapes import without_citations, written_out
from pages.components.chat.markdown.writer import fenced, write

MOST_CHARACTERS = 50_000
"""A longer piece of Markdown is shown letter for letter: no answer has one, and reading it would take seconds."""
_REMEMBERED = 2_000  # pieces of some 1,000 characters each, for all visitors together
_SUSPICIOUS = re.compile(
    r"[$\\<&~|\ue200\ud800-\udfff]|!\[|\[\^|:(?=[^\s/]|$)|(?<!\S)(?:->|--|>=|~=)|https?:|www\.|cite"
    r"|^(?: {4}|\t)|^\[|\]\[|``|\0",
    re.MULTILINE,
)


def from_model(text: str) -> str:
    """A model's Markdown for Streamlit: formulas in either notation, amounts left alone, no foreign pictures.

    A picture on another server would tell that server who reads the answer; it becomes a link.
    """
    return _from_model(text) if _SUSPICIOUS.search(text) else text


def from_person(text: str) -> str:
    """A message as it was typed: lines, indents and stars stay as they are; fenced code is code."""
    if "```" not in text and "~~~" not in text:
        return written_out(text)
    parts = [part for part in pieces(text, size=len(text)) if part.strip()]
    return "\n\n".join(
        fenced(code.text, code.language) if (code := code_of(part)) else written_out(part.strip("\n")) for part in parts
    )


@lru_cache(_REMEMBERED)
def _from_model(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        return written_out(text)
    return write(without_citations(text))
