"""The parts that messages are made of, as OpenTelemetry GenAI has them.

``{"type": "text", "content"}`` · ``{"type": "reasoning", "content"}`` · ``{"type": "refusal", "content"}`` ·
``{"type": "tool_call", "id", "name", "arguments"}`` · ``{"type": "tool_call_response", "id", "response"}`` ·
``{"type": "uri", "modality", "mime_type", "uri"}`` · ``{"type": "file", "modality", "file_id"}`` ·
``{"type": "blob", "modality", "mime_type", "size", "sha256"}``: bytes sent inside the message are not kept, only what
they were. Whatever has no such form keeps its own ``type`` and fields, with bytes replaced the same way.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from typing import Any

from pydantic_core import to_json

from llmtrack.capture.readers.event_stream import load

Json = dict[str, Any]

_DATA_URL = re.compile(r"data:([^;,]*)[^,]{0,200};base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*\Z")
_CUT = re.compile(r"\{cut:(\d{1,12})\}")
"""Stands for bytes that a killed program had in its memory: `llmtrack.capture.journal.large_media`."""
_LONG = 512
"""A text longer than this that looks like base64 is taken for bytes."""


def text_part(content: Any) -> Json:
    """Words."""
    return {"type": "text", "content": content if isinstance(content, str) else str(content)}


def reasoning_part(content: str) -> Json:
    """What the model thought, as far as it is shown."""
    return {"type": "reasoning", "content": content}


def refusal_part(content: Any) -> Json:
    """Words with which the model declined."""
    return {"type": "refusal", "content": content if isinstance(content, str) else str(content)}


def tool_call(id: Any, name: Any, arguments: Any, *, kind: str = "tool_call") -> Json:
    """A tool that the model wants run. Arguments are an object where they are one in JSON, else the text as it came."""
    if isinstance(arguments, str):
        parsed = load(arguments.encode("utf-8", "replace")) if arguments[:1] in "{[" and arguments else None
        arguments = arguments if parsed is None else parsed
    return {"type": kind, "id": id, "name": name, "arguments": scrub(arguments)}


def tool_response(id: Any, response: Any, *, kind: str = "tool_call_response") -> Json:
    """What a tool gave back."""
    return {"type": kind, "id": id, "response": scrub(response)}


def media(modality: str, source: Any, mime_type: str | None = None) -> Json:
    """An image, a sound or a file: `source` is a URL, a data URL, or base64."""
    if not isinstance(source, str):
        return {"type": "blob", "modality": modality, "mime_type": mime_type}
    match = _DATA_URL.match(source)
    if match:
        return _blob(modality, match[1].lower() or mime_type, source[match.end() :])
    if "://" in source[:16] or source[:5] == "data:":
        part = {"type": "uri", "modality": modality, "uri": source}
        return {**part, "mime_type": mime_type} if mime_type else part
    return _blob(modality, mime_type, source)


def file_part(modality: str, file_id: Any) -> Json:
    """A file that lies with the provider."""
    return {"type": "file", "modality": modality, "file_id": file_id}


def _blob(modality: str, mime_type: str | None, encoded: str) -> Json:
    if (cut := _CUT.fullmatch(encoded)) is not None:
        blob = {"type": "blob", "modality": modality, "mime_type": mime_type, "size": int(cut[1]), "sha256": None}
        return {**blob, "note": "Its hash was lost: the program was killed before it was worked out."}
    data = from_base64(encoded)
    return {
        "type": "blob",
        "modality": modality,
        "mime_type": mime_type,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def from_base64(encoded: str) -> bytes:
    """The bytes that `encoded` stands for; its own, if it is no base64."""
    try:
        return binascii.a2b_base64(encoded)
    except (binascii.Error, ValueError):
        return encoded.encode("utf-8", "replace")


def joined_base64(pieces: list[str]) -> str:
    """One base64 text of pieces that were encoded each by itself."""
    return binascii.b2a_base64(b"".join(map(from_base64, pieces)), newline=False).decode()


def scrub(value: Any) -> Any:
    """`value` with all bytes that hide in it as base64 replaced by what they were."""
    if isinstance(value, str):
        if len(value) < _LONG:
            return value
        match = _DATA_URL.match(value)
        if match:
            return _blob(_modality(match[1]), match[1].lower() or None, value[match.end() :])
        # Text has spaces early on; only what has none is worth the second, longer look.
        if " " not in value[:_LONG] and _BASE64.match(value):
            return _blob("file", None, value)
        return value
    if isinstance(value, dict):
        return {key: scrub(item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value


def _modality(mime_type: str) -> str:
    kind = mime_type.partition("/")[0].lower()
    return kind if kind in ("image", "audio", "video") else "file"


def other(part: Json) -> Json:
    """A part of a kind without a form of its own here, as it is but for bytes."""
    kind = part.get("type")
    return {**scrub(part), "type": kind if isinstance(kind, str) else "unknown"}


def as_json(value: Any) -> str:
    """`value` as JSON text."""
    return to_json(value, fallback=str).decode("utf-8", "replace")
