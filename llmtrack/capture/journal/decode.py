"""Journal records back into what the ledger keeps."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
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
from llmtrack.statuses import Status

_PLAIN = {"span": Span, "identity": Identity, "feedback": Feedback}


def record_of(frame: Frame) -> Record | None:
    """The record in `frame`, not yet priced; `None` if there is nothing to keep. Raises where it makes no sense."""
    if frame.ended == "damage":
        raise ValueError("these bytes are no record")
    if frame.ended == "record":
        header = json.loads(frame.metadata)
        record: Record = _PLAIN[header["kind"]](**header["record"])
        return record
    # The header of a call is mostly that of the one before.
    header = _members(frame.metadata) if len(frame.metadata) < 1000 else json.loads(frame.metadata)
    if "reading" in header:
        from llmtrack.capture.journal.stored_reading import restored

        reading = restored(header["reading"])
    else:
        reading = read(header["reader"], exchange_of(frame, header), content=True)
    if header.get("settles") and (reading.open or reading.response_id is None or frame.http_status != 200):
        return None  # Asking after an answer is no request to a model, and this one found none that is ready.
    if header.get("if_used") and reading.usage == _UNKNOWN:
        return None  # A request of some other kind, such as making an assistant.
    return _generation(frame, header, reading)


_UNKNOWN = Usage()


@lru_cache(4096)
def _members(data: bytes) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(data)
    return members


def exchange_of(frame: Frame, header: dict[str, Any]) -> Exchange:
    """The exchange of a call, for a reader."""
    error = header.get("error")
    return Exchange(
        request=None if frame.flags & NO_REQUEST else frame.request,
        response=None if frame.flags & NO_RESPONSE else frame.response,
        content_type=header["content_type"],
        content_encoding=header["content_encoding"],
        chunks=unpack_times(frame.times) if frame.times else (),
        http_status=frame.http_status,
        ended=frame.ended,
        error=ErrorSeen(**error) if error else None,
        path=header["path"],
        provider=provider_id(header["provider"], header.get("url_path", "")),
        size=header.get("size"),
    )


_FIELDS = {field.name for field in fields(Generation)}
_READ = tuple(field.name for field in fields(Reading) if field.name in _FIELDS)
"""The fields of a generation that its reading has under the same name."""
_read_of = attrgetter(*_READ)


def _generation(frame: Frame, header: dict[str, Any], reading: Reading) -> Generation:
    refused = frame.ended == "refused"
    settles = header.get("settles", False)
    values: dict[str, Any] = dict(zip(_READ, _read_of(reading), strict=True))
    provider = provider_named(header["provider"], header.get("url_path", ""))
    model = reading.request_model or header["model"]
    region = reading.region or region_of(
        provider, header.get("host"), header.get("url_path", ""), model or reading.response_model
    )
    context = _members(frame.context) if frame.context else {}
    # What the caller set is taken over by name; a user of the caller's comes before one that the request names.
    values |= {name: value for name, value in context.items() if name in _FIELDS and value}
    values |= {
        "id": new_id(frame.started_at),
        "started_at": frame.started_at,
        "provider": provider,
        "operation": header["operation"],
        "request_model": model,
        "attempts": 0 if refused else frame.attempts,
        "duration": frame.duration,
        "region": region,
        "request_id": frame.request_id.decode("latin-1") or None,
        "http_status": frame.http_status,
        "usage_estimated": reading.usage_estimated,
        "simulated": header.get("simulated", False),
        "sent": not header.get("unsent", False) and (refused or frame.attempts > 0),
        "settles": settles,
        "completes_only": settles and not reading.background,
    }
    if refused:
        values["status"] = Status.REFUSED.value
    return Generation(**values)
