"""Records of calls whose text is not to be kept, or only redacted: read at once, so that no text reaches the disk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from llmtrack.capture.context import Redactor
from llmtrack.capture.health import Health
from llmtrack.capture.journal.decode import exchange_of
from llmtrack.capture.journal.encode import frame_of
from llmtrack.capture.journal.frame import decode, pieces
from llmtrack.capture.journal.stored_reading import stored
from llmtrack.capture.plain import as_json
from llmtrack.capture.readers import Reading, read
from llmtrack.capture.tracked_call import TrackedCall


def stripped(
    call: TrackedCall, how: str, error: BaseException | None, content: str | Redactor, health: Health
) -> list[bytes]:
    """The frame of a call with its reading in it instead of its bytes. `content` is ``"off"`` or redacts."""
    frame = decode(b"".join(frame_of(call, how, error)), 0, 0)
    assert frame is not None
    metadata: dict[str, Any] = json.loads(frame.metadata)
    reading = read(metadata["reader"], exchange_of(frame, metadata), content=content != "off")
    if callable(content):
        reading = _redacted(reading, content, health)
    else:
        reading.input = reading.output = reading.error_message = None
    metadata.pop("error", None)
    metadata["reading"] = stored(reading)
    return pieces(
        as_json(metadata),
        frame.started_at,
        frame.duration,
        frame.attempts,
        frame.http_status,
        frame.ended,
        frame.flags,
        frame.context,
        frame.request_id,
    )


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
