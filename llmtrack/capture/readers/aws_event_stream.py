"""Amazon's event stream: the frames in which Bedrock streams an Anthropic answer, instead of Server-Sent Events.

https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html describes the frame: its length, the length of its
headers, a checksum of both, the headers, the payload, a checksum of all.
"""

from __future__ import annotations

import binascii
import struct
from typing import Any

from llmtrack.capture.readers.event_stream import Events, load

CONTENT_TYPE = "vnd.amazon.eventstream"
_PRELUDE = struct.Struct(">III")
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; types 6 and 7 tell their length."""


def aws_events(body: bytes) -> Events:
    """The events in the frames of `body`. What does not look like a frame ends the stream, as does a cut-off one."""
    values: list[Any] = []
    ends: list[int] = []
    at = 0
    while len(body) - at >= _PRELUDE.size + 4:
        whole, of_headers, _ = _PRELUDE.unpack_from(body, at)
        end = at + whole
        start = at + _PRELUDE.size
        if whole < _PRELUDE.size + 4 + of_headers or end > len(body):
            break
        headers = _headers(body[start : start + of_headers])
        value = _value(headers, body[start + of_headers : end - 4])
        at = end
        if value is not None:
            values.append(value)
            ends.append(end)
    return Events(values, ends=ends)


def _headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        name, kind = data[at + 1 : name_end].decode("utf-8", "replace"), data[name_end : name_end + 1]
        at = name_end + 1
        if kind in (b"\x06", b"\x07"):
            size = int.from_bytes(data[at : at + 2], "big")
            at += 2
        elif kind and kind[0] in _SIZES:
            size = _SIZES[kind[0]]
        else:
            break
        headers[name] = data[at : at + size].decode("utf-8", "replace")
        at += size
    return headers


def _value(headers: dict[str, str], payload: bytes) -> Any:
    kind = headers.get(":message-type")
    if kind == "error":
        return {
            "type": "error",
            "error": {"type": headers.get(":error-code"), "message": headers.get(":error-message")},
        }
    value = load(payload)
    if kind == "exception":
        message = value.get("message") if isinstance(value, dict) else None
        return {"type": "error", "error": {"type": headers.get(":exception-type"), "message": message}}
    if not isinstance(value, dict) or not isinstance(value.get("bytes"), str):
        return None
    try:
        return load(binascii.a2b_base64(value["bytes"]))
    except (binascii.Error, ValueError):
        return None
