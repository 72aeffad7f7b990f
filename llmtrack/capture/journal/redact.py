"""Records of calls whose text is not to be kept, or only redacted: read at once, so that no text reaches the disk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, TypeVar

from llmtrack.capture.context import Redactor
from llmtrack.capture.health import Health
from llmtrack.capture.journal.decode import exchange_of
from llmtrack.capture.journal.encode import frame_of
from llmtrack.capture.journal.frame import decode, pieces
from llmtrack.capture.journal.large_media import LARGE, without_large_media
from llmtrack.capture.journal.stored_reading import stored
from llmtrack.capture.plain import as_json
from llmtrack.capture.readers import Outline, Reading, outline, read
from llmtrack.capture.tracked_call import TrackedCall
from llmtrack.ledger.records import Generation


def stripped(
    call: TrackedCall, how: str, error: BaseException | None, content: str | Redactor, health: Health
) -> list[bytes]:
    """The frame of a call without its texts, or with what `content` leaves of them, where that is a function.

    Mostly there is an outline to be kept in place of what was sent and came back, and the reading is left to the
    writer. Elsewhere (no tokens reported, so that they are estimated from the text; errors; a function that redacts)
    the call is read here, and its reading kept.
    """
    if content == "off" and error is None and (left := _outline(call)) is not None:
        return frame_of(call, how, None, left)
    frame = decode(b"".join(frame_of(call, how, error)), 0, 0)
    assert frame is not None
    metadata: dict[str, Any] = json.loads(frame.metadata)
    reading = read(metadata["reader"], exchange_of(frame, metadata), content=content != "off")
    reading = redacted(reading, content, health) if callable(content) else without_text(reading)
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


def _outline(call: TrackedCall) -> Outline | None:
    """The outline of a call that went well; None where there is none that is sure to be read as the call is."""
    if call.http_status != 200 or call.size is not None or call.refusal is not None:
        return None
    reader, kind, request = call.endpoint.reader, call.content_type, call.request
    if len(request) >= LARGE:
        request = without_large_media(call) or request
    if not call.streamed:
        response = call.response
        return None if not response or b"json" not in kind else outline(reader, request, response, streamed=False)
    if not call.chunks or b"text/event-stream" not in kind or call.content_encoding not in (b"", b"identity"):
        return None
    if len(call.ticks) != len(call.chunks):
        return None
    return outline(reader, request, b"".join(call.chunks), streamed=True)


T = TypeVar("T", Reading, Generation)


def without_text(record: T) -> T:
    """A reading or a generation without what was said in it."""
    return replace(record, input=None, output=None, error_message=None)


def redacted(reading: T, redact: Redactor, health: Health) -> T:
    """A reading or a generation with what the function leaves of its texts; with none of them where it fails."""
    try:
        return replace(
            reading,
            input=_redact(reading.input, redact),
            output=_redact(reading.output, redact),
            error_message=None if reading.error_message is None else str(redact(reading.error_message)),
        )
    except Exception as failure:
        health.failed("redact", "The redacting function failed; a call's text is left out", failure, secret=True)
        return without_text(reading)


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
