"""A call as a journal record: what the writer needs to know besides the bytes."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from llmtrack.capture.call import Call
from llmtrack.capture.frames import pack_times

REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid")
"""Headers in which providers name a request."""


def for_call(call: Call, how: str, error: BaseException | None) -> tuple[bytes, bytes, list[bytes], bytes]:
    """The parts of the frame of a call that ended `how`, for `Journal.append`."""
    header = to_json(fields(call, how, error), fallback=str, inf_nan_mode="strings")
    if call.chunks:
        times = pack_times([len(chunk) for chunk in call.chunks], call.ticks, call.sent)
        return header, call.request, call.chunks, times
    return header, call.request, [call.response] if call.response is not None else [], b""


def fields(call: Call, how: str, error: BaseException | None) -> dict[str, Any]:
    """What is known of a call besides the bytes of its request and response."""
    origin, endpoint = call.origin, call.origin.endpoint
    now = call.ticks[-1] if call.ticks and error is None else call.tracker.tick()
    known: dict[str, Any] = {
        "kind": "call",
        "id": call.id,
        "started_at": call.started_at,
        "duration": (now - call.sent) // 1000,
        "operation": endpoint.operation,
        "reader": endpoint.reader,
        "provider": origin.provider or origin.name_of(origin.host),
        "path": origin.path,
        "ended": how,
        "attempts": call.attempts,
        "http_status": call.http_status,
        "context": call.context.fields(),
    }
    if call.model is not None:
        known["model"] = call.model
    if call.streamed:
        known["streamed"] = True
    if endpoint.settles:
        known["settles"] = True
    if origin.simulated:
        known["simulated"] = True
    if not call.request:
        known["no_request"] = True
    if call.response is None and not call.chunks:
        known["no_response"] = True
    headers = call.response_headers
    if headers is not None:
        known["content_type"] = headers.get("content-type", "")
        if call.chunks or error is not None:
            # Only a body that was read piece by piece is kept as it came over the wire.
            known["content_encoding"] = headers.get("content-encoding", "") if call.chunks else ""
        for name in REQUEST_IDS:
            if (value := headers.get(name)) is not None:
                known["request_id"] = value
                break
    if error is not None:
        known["error"] = _error(error)
    return known


def _error(error: BaseException) -> dict[str, Any]:
    cause = error.__cause__
    message = str(error)
    seen = {"name": type(error).__name__, "message": message[:10_000]}
    if cause is not None and not getattr(error, "response", None):
        seen["message"] = f"{message} ({type(cause).__name__}: {cause})"[:10_000]
    status = getattr(error, "status_code", None)
    return {**seen, "http_status": status if isinstance(status, int) else None, "body": getattr(error, "body", None)}
