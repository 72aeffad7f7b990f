"""Journal records back into what the ledger keeps."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from llmtrack.capture.exchange import ErrorSeen, Exchange
from llmtrack.capture.journal.frame import NO_REQUEST, NO_RESPONSE, Frame, unpack_times
from llmtrack.capture.readers import Reading, read
from llmtrack.ids import new_id
from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.pricing.listing import provider_named
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.regions import region_of
from llmtrack.pricing.usage import Usage

_PLAIN = {"span": Span, "identity": Identity, "feedback": Feedback}


def record_of(frame: Frame) -> Record | None:
    """The record in `frame`, not yet priced; `None` if there is nothing to keep. Raises where it makes no sense."""
    if frame.ended == "said":
        known = json.loads(frame.known)
        record: Record = _PLAIN[known["kind"]](**known["record"])
        return record
    # What is known of a call is mostly what was known of the one before.
    known = _members(frame.known) if len(frame.known) < 1000 else json.loads(frame.known)
    if "reading" in known:
        from llmtrack.capture.journal.stored_reading import restored

        reading = restored(known["reading"])
    else:
        reading = read(known["reader"], exchange_of(frame, known), content=True)
    if known.get("settles") and (reading.open or reading.response_id is None or frame.http_status != 200):
        return None  # Asking after an answer is no request to a model, and this one found none that is ready.
    if known.get("if_used") and reading.usage == _UNKNOWN:
        return None  # A request of some other kind, such as making an assistant.
    return _generation(frame, known, reading)


_UNKNOWN = Usage()


@lru_cache(4096)
def _members(data: bytes) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(data)
    return members


def exchange_of(frame: Frame, known: dict[str, Any]) -> Exchange:
    """What was seen on the wire, for a reader."""
    error = known.get("error")
    return Exchange(
        request=None if frame.flags & NO_REQUEST else frame.request,
        response=None if frame.flags & NO_RESPONSE else frame.response,
        content_type=known["content_type"],
        content_encoding=known["content_encoding"],
        chunks=unpack_times(frame.times) if frame.times else (),
        http_status=frame.http_status,
        ended=frame.ended,
        error=ErrorSeen(**error) if error else None,
        path=known["path"],
        provider=provider_id(known["provider"], known.get("url_path", "")),
        size=known.get("size"),
    )


def _generation(frame: Frame, known: dict[str, Any], reading: Reading) -> Generation:
    context = _members(frame.context) if frame.context else {}
    refused = frame.ended == "refused"
    provider = provider_named(known["provider"], known.get("url_path", ""))
    request_model = reading.request_model or known["model"]
    return Generation(
        id=new_id(frame.started_at),
        started_at=frame.started_at,
        provider=provider,
        operation=known["operation"],
        status="refused" if refused else "pending" if reading.pending else reading.status,
        request_model=request_model,
        response_model=reading.response_model,
        user_id=context.get("user_id") or reading.user_id,
        session_id=context.get("session_id"),
        trace_id=context.get("trace_id"),
        span_id=context.get("span_id"),
        feature=context.get("feature"),
        group=context.get("group"),
        properties=context.get("properties", {}),
        streamed=reading.streamed,
        attempts=0 if refused else frame.attempts,
        duration=frame.duration,
        time_to_first_token=reading.time_to_first_token,
        finish_reason=reading.finish_reason,
        service_tier=reading.service_tier,
        region=reading.region
        or region_of(provider, known.get("host"), known.get("url_path", ""), request_model or reading.response_model),
        response_id=reading.response_id,
        request_id=frame.request_id.decode("latin-1") or None,
        http_status=frame.http_status,
        error_type=reading.error_type,
        error_code=reading.error_code,
        error_message=reading.error_message,
        usage=reading.usage,
        usage_estimated=reading.usage_estimated,
        estimated=reading.estimated,
        reported_cost=reading.reported_cost,
        simulated=known.get("simulated", False),
        sent=not known.get("unsent", False) and (refused or frame.attempts > 0),
        open=reading.open,
        settles=known.get("settles", False),
        completes_only=known.get("settles", False) and not reading.background,
        input=reading.input,
        output=reading.output,
    )
