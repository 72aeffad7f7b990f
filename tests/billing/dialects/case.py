"""A request with an answer that its provider may give to it, and how many tokens the provider may count.

That is worked out from the texts of the request alone, apart from `llmtrack.billing.limits`: a token is at least a byte
of text; what is added for messages, tools and pictures is at most what providers state; an answer has at most the
tokens that were asked for, in each of its choices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

PICTURE = "data:image/png;base64,iVBORw0KGgo="
FRAME = 7
"""Tokens around each message."""


@dataclass(frozen=True)
class Case:
    """A request, and what came back."""

    reader: str
    operation: str
    provider: str
    body: Json
    answer: Json | bytes
    content_type: str = "application/json"

    @property
    def model(self) -> str:
        return str(self.body["model"])


def up_to(most: int) -> st.SearchStrategy[int]:
    """A count, the most that it may be among the first."""
    return st.sampled_from((most, 0)) | st.integers(0, most)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def text_tokens(*values: Any) -> int:
    """The most tokens that these make as text: a byte each, pictures left out."""
    return sum(len(text.encode()) for value in values for text in texts(value) if text != PICTURE)


def definitions(tools: list[Json]) -> int:
    """The most tokens that definitions of tools make."""
    return len(json.dumps(tools, ensure_ascii=False, separators=(",", ":")).encode()) if tools else 0


words = st.text(min_size=1, max_size=120)


def streamed(events: list[Json], *, named: bool) -> bytes:
    lines = [(f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join(lines).encode() + (b"" if named else b"data: [DONE]\n\n")
