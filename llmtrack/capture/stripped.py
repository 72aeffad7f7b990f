"""Records of calls whose text is not to be kept, or only redacted: read at once, so that no text reaches the disk."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from llmtrack.capture.call import Call
from llmtrack.capture.context import Redactor
from llmtrack.capture.frames import pack_times
from llmtrack.capture.header import fields
from llmtrack.capture.health import Health
from llmtrack.capture.reading import Reading, read
from llmtrack.capture.unpack import exchange_of


def stripped(call: Call, how: str, error: BaseException | None, content: str | Redactor, health: Health) -> bytes:
    """The header of a record that holds a call's reading instead of its bytes. `content` is ``"off"`` or redacts."""
    known = fields(call, how, error)
    body = b"".join(call.chunks) if call.chunks else call.response
    times = pack_times([len(chunk) for chunk in call.chunks], call.ticks, call.sent) if call.chunks else b""
    exchange = exchange_of(known, call.request, body or b"", times)
    reading = read(known["reader"], exchange, content=content != "off")
    if callable(content):
        reading = _redacted(reading, content, health)
    else:
        reading = replace(reading, input=None, output=None, error_message=None)
    known.pop("error", None)
    known["kind"] = "reading"
    known["reading"] = _readings().dump_python(reading, mode="json")
    return to_json(known, fallback=str, inf_nan_mode="strings")


def restored(reading: Any) -> Reading:
    """The reading that `stripped` put into a header."""
    return _readings().validate_python(reading)


@cache
def _readings() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)


def _redacted(reading: Reading, redact: Redactor, health: Health) -> Reading:
    try:
        return replace(
            reading,
            input=_redact(reading.input, redact),
            output=_redact(reading.output, redact),
            error_message=None if reading.error_message is None else str(redact(reading.error_message)),
        )
    except Exception as failure:
        health.failed("redact", "The redacting function failed; a call's text is left out", failure, secret=True)
        return replace(reading, input=None, output=None, error_message=None)


_NAMES = frozenset({"role", "type", "id", "name", "mime_type", "modality", "finish_reason"})
"""Members of a message that name things and hold no text of anybody's."""


def _redact(value: Any, redact: Redactor, name: str = "") -> Any:
    if isinstance(value, str):
        return value if name in _NAMES else str(redact(value))
    if isinstance(value, dict):
        return {key: _redact(item, redact, key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redact(item, redact, name) for item in value]
    return value
