"""What is kept of the head of an answer, and whether its body is."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

_TEXT = (b"json", b"text/", b"event-stream", b"xml", b"amazon.eventstream")


class _Headers(dict[bytes, str | None]):
    """Which attribute of a call keeps a header, by the header's name in any case; `None` for most."""

    ATTRIBUTES: ClassVar = {
        b"content-type": "content_type",
        b"content-encoding": "content_encoding",
        b"x-request-id": "request_id",
        b"request-id": "request_id",
        b"apim-request-id": "request_id",
        b"x-amzn-requestid": "request_id",
    }

    def __missing__(self, name: bytes) -> str | None:
        attribute = self.ATTRIBUTES.get(name.lower())
        if len(self) < 1000:
            self[name] = attribute
        return attribute


HEADERS = _Headers()
HEADER_ATTRIBUTES = frozenset(_Headers.ATTRIBUTES.values())


@lru_cache(1000)
def is_text(content_type: bytes) -> bool:
    """Whether a body of this type is kept: JSON, events and other text; not sound or pictures."""
    return not content_type or any(kind in content_type.lower() for kind in _TEXT)
