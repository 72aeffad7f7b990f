"""Where a search was found in a conversation, under its title in the list."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pages.components import formatting

if TYPE_CHECKING:
    from llmtrack.ledger.chats import SearchHit


def html(hit: SearchHit) -> str:
    """The place as one line, the words that were found marked; empty where only the title has them."""
    place = hit.excerpt
    if place is None:
        return ""
    before, match, after = (
        escape(formatting.visible(" ".join(text.split()))) for text in (place.before, place.match, place.after)
    )
    opening = " " if place.before[-1:].isspace() else ""
    closing = " " if place.after[:1].isspace() else ""
    return f"<small>{f'{before}{opening}<mark>{match}</mark>{closing}{after}'.strip()}</small>"
