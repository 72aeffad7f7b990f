"""Journal records back into what the ledger keeps."""

from __future__ import annotations

import json
from typing import Any

from llmtrack.capture.frames import Frame, unpack_times
from llmtrack.capture.reading import Reading, read
from llmtrack.capture.reading.exchange import ErrorSeen, Exchange
from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span

_PLAIN = {"span": Span, "identity": Identity, "feedback": Feedback}


def record_of(frame: Frame) -> Record:
    """The record in `frame`, not yet priced. Raises where the frame makes no sense."""
    known: dict[str, Any] = json.loads(frame.header)
    kind = known["kind"]
    if kind == "call":
        exchange = exchange_of(known, frame.request, frame.response, frame.times)
        return _generation(known, read(known["reader"], exchange, content=True))
    if kind == "reading":
        from llmtrack.capture.stripped import restored

        return _generation(known, restored(known["reading"]))
    record: Record = _PLAIN[kind](**known["record"])
    return record


def exchange_of(known: dict[str, Any], request: bytes, response: bytes, times: bytes) -> Exchange:
    """What was seen on the wire, for a reader."""
    error = known.get("error")
    return Exchange(
        request=None if known.get("no_request") else request,
        response=None if known.get("no_response") else response,
        content_type=known.get("content_type", ""),
        content_encoding=known.get("content_encoding", ""),
        chunks=unpack_times(times) if times else (),
        http_status=known["http_status"],
        ended=known["ended"],
        error=ErrorSeen(**error) if error else None,
        path=known["path"],
        provider=known["provider"],
    )


def _generation(known: dict[str, Any], reading: Reading) -> Generation:
    context = known["context"]
    refused = known["ended"] == "refused"
    return Generation(
        id=known["id"],
        started_at=known["started_at"],
        provider=known["provider"],
        operation=known["operation"],
        status="refused" if refused else "pending" if reading.pending else reading.status,
        request_model=reading.request_model or known.get("model"),
        response_model=reading.response_model,
        user_id=context.get("user_id") or reading.user_id,
        session_id=context.get("session_id"),
        trace_id=context.get("trace_id"),
        span_id=context.get("span_id"),
        feature=context.get("feature"),
        group=context.get("group"),
        properties=context.get("properties", {}),
        streamed=reading.streamed,
        attempts=0 if refused else known["attempts"],
        duration=known["duration"],
        time_to_first_token=reading.time_to_first_token,
        finish_reason=reading.finish_reason,
        service_tier=reading.service_tier,
        response_id=reading.response_id,
        request_id=known.get("request_id"),
        http_status=known["http_status"],
        error_type=reading.error_type,
        error_code=reading.error_code,
        error_message=reading.error_message,
        usage=reading.usage,
        usage_estimated=reading.usage_estimated,
        reported_cost=reading.reported_cost,
        simulated=known.get("simulated", False),
        input=reading.input,
        output=reading.output,
    )
