"""Pictures, sounds and files of some size inside a request: the journal holds the request without their bytes.

To copy some megabytes takes longer than all else that a call costs. So they stay where they are, in the memory of this
process, for the writer to hash; what the journal has in their place says how many bytes they are. Where the process
is killed before the writer was there, that is all that is left of them (`llmtrack.capture.readers.message_parts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmtrack.capture.tracked_call import TrackedCall

LARGE = 128 << 10
"""Bytes of a request from which on it is worth a look."""
_LARGE_ITEM = 64 << 10
_HEAD, _TAIL = 96, 32
"""Characters of an item by which its place in the request is found, and by which its end there is recognised."""
_LOOKS = 4
"""So many texts that begin like it are looked at."""
_QUOTE = ord('"')
_LONGEST_PREFIX = 240
MARKER = b"{cut:%d}"
"""What stands for the base64 of so many bytes, which could not be base64 itself."""


def without_large_media(call: TrackedCall) -> bytes | None:
    """The request of a call without what is large in it; None where nothing is, or it cannot be told where it is."""
    request, body = call.request, call.wanted
    if type(body) is not dict:
        return None
    pieces: list[bytes] = []
    at = 0
    for item in _items(body):
        if len(item) < _LARGE_ITEM or not item.isascii():
            continue
        begin = _place_of(item, request, at)
        if begin is None:
            return None
        end = begin + len(item)
        begin += max(0, item.find(",", 0, _LONGEST_PREFIX) + 1) if item.startswith("data:") else 0
        padding = 2 if item.endswith("==") else 1 if item.endswith("=") else 0
        pieces += (request[at:begin], MARKER % ((end - begin) // 4 * 3 - padding))
        at = end
    return b"".join((*pieces, request[at:])) if pieces else None


def _place_of(item: str, request: bytes, at: int) -> int | None:
    """Where a text stands in a request, from `at` on, by its ends; None where it does not, or is spelled otherwise."""
    head, tail = item[:_HEAD].encode(), item[-_TAIL:].encode()
    for _ in range(_LOOKS):
        begin = request.find(head, at)
        end = begin + len(item)
        if begin < 1:
            return None
        if request[begin - 1] == _QUOTE and request[end : end + 1] == b'"' and request[end - _TAIL : end] == tail:
            return begin
        at = begin + 1
    return None


def _items(body: dict[str, Any]) -> Iterator[str]:
    """The texts of a request that may be base64 of something, in the order in which they stand in it."""
    messages = body.get("messages", body.get("input"))
    for message in messages if type(messages) is list else ():
        content = message.get("content") if type(message) is dict else None
        for part in content if type(content) is list else ():
            if type(part) is dict:
                yield from _items_of_part(part)


def _items_of_part(part: dict[str, Any]) -> Iterator[str]:
    for name, value in part.items():
        if type(value) is dict:
            for inner, item in value.items():
                if inner in _INSIDE and type(item) is str:
                    yield item
        elif name in _BESIDE and type(value) is str:
            yield value


_INSIDE = frozenset({"url", "data", "file_data"})
"""Members of ``image_url``, ``input_audio``, ``file`` and ``source``."""
_BESIDE = frozenset({"image_url", "file_data"})
"""Members of a part of the Responses API."""
