"""The simulated provider's tokens: short pieces that join up to the text again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# A piece is up to four letters or digits with the space before it, or one other character, or a run of spaces.
_PIECE = re.compile(r" ?\w{1,4}|[^\w\s]|\s+")

PER_MESSAGE = 4
"""Tokens around each message, as real providers have them."""
PER_IMAGE = 765
"""What a 1024 x 1024 image costs on GPT-4o at high detail."""
CHARACTERS_PER_FILE_TOKEN = 400
"""A file's tokens are guessed from the length of its base64 text."""


def pieces(text: str) -> list[str]:
    """The text cut into tokens: ``"".join(pieces(text)) == text``."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return sum(1 for _ in _PIECE.finditer(text))


def of_messages(messages: Iterable[Mapping[str, Any]]) -> int:
    """Tokens of a list of messages in either dialect, attachments included."""
    return sum(PER_MESSAGE + of_content(message.get("content")) for message in messages)


def of_content(content: Any) -> int:
    """Tokens of one message's content: a text, or a list of parts."""
    if isinstance(content, str):
        return count(content)
    return sum(_of_part(part) for part in content if isinstance(part, Mapping)) if isinstance(content, list) else 0


def _of_part(part: Mapping[str, Any]) -> int:
    kind = part.get("type")
    if kind in ("text", "thinking"):
        return count(str(part.get(str(kind), "")))
    if kind in ("image_url", "image"):
        return PER_IMAGE
    return max(1, len(str(part)) // CHARACTERS_PER_FILE_TOKEN)
