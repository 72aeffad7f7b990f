"""Journal records back into what the ledger keeps."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

from llmtrack.capture.exchange import ErrorSeen, Exchange
from llmtrack.capture.journal.frame import NO_REQUEST, NO_RESPONSE, Frame, unpack_times
from llmtrack.capture.readers import Reading, parse
from llmtrack.ids import new_id
from llmtrack.ledger.records import CallHold, EndedHold, Entry, Feedback, Generation, Identity, Record, Span
from llmtrack.pricing.listing import provider_named
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.regions import region_of
from llmtrack.pricing.usage import Usage
from llmtrack.statuses import Status

_PLAIN = {"span": Span, "identity": Identity, "feedback": Feedback}


def record_of(frame: Frame) -> Entry | None:
    """The record in `frame`, not yet priced; `None` if there is nothing to keep. Raises where it makes no sense."""
    if frame.ended == "damage":
        raise ValueError("these bytes are no record")
    if frame.ended == "record":
        header = json.loads(frame.metadata)
        if header["kind"] == "generation":
            from llmtrack.capture.journal import stored_generation

            return stored_generation.restored(header["record"])
        record: Record = _PLAIN[header["kind"]](**header["record"])
        return record
    # The header of a call is mostly that of the one before.
    kind = _kind(frame.metadata) if len(frame.metadata) < 1000 else _Kind(json.loads(frame.metadata))
    header = kind.header
    if "reading" in header:
        from llmtrack.capture.journal.stored_reading import restored

        reading = restored(header["reading"])
    else:
        reading = parse(header["reader"], exchange_of(frame, header), content="textless" not in header)
    if header.get("settles") and (reading.open or reading.response_id is None or frame.http_status != 200):
        return _without_record(
            header
        )  # Asking after an answer is no request to a model, and this one found none that is ready.
    if header.get("if_used") and reading.usage == _UNKNOWN:
        return _without_record(header)  # A request of some other kind, such as making an assistant.
    return _generation(frame, kind, reading)


def _without_record(header: dict[str, Any]) -> Entry | None:
    """What is left of a call that is no generation: the end of its hold."""
    hold = _hold(header)
    return None if hold is None else EndedHold(hold.call_id)


def _hold(header: dict[str, Any]) -> CallHold | None:
    if (held := header.get("hold")) is None:
        return None
    call_id, amounts, tries, unseen = held
    return CallHold(call_id, dict(amounts), tries, unseen)


_UNKNOWN = Usage()


class _Kind:
    """What calls with the same header have in common."""

    __slots__ = ("common", "header", "host", "model", "names_users", "provider", "unsent", "url_path")

    def __init__(self, header: dict[str, Any]) -> None:
        self.header = header
        self.url_path: str = header.get("url_path", "")
        self.host: str | None = header.get("host")
        self.model: str | None = header["model"]
        self.names_users = header.get("names_users", True)
        self.unsent = header.get("unsent", False)
        self.common: dict[str, Any] = {
            "operation": header["operation"],
            "simulated": header.get("simulated", False),
            "subscription": header.get("subscription", False),
            "refusal": header.get("refusal"),
            "settles": header.get("settles", False),
        }


@lru_cache(4096)
def _kind(data: bytes) -> _Kind:
    return _Kind(json.loads(data))


@lru_cache(4096)
def _set_by_caller(data: bytes) -> dict[str, Any]:
    """What a context says of a generation, by the generation's field."""
    return {name: value for name, value in json.loads(data).items() if name in _FIELDS and value}


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


def _generation(frame: Frame, kind: _Kind, reading: Reading) -> Generation:
    refused = frame.ended == "refused"
    header = kind.header
    values: dict[str, Any] = dict(zip(_READ, _read_of(reading), strict=True))
    if not kind.names_users:
        values["user_id"] = None
    provider = provider_named(header["provider"], kind.url_path)
    model = reading.request_model or kind.model
    region = reading.region or region_of(provider, kind.host, kind.url_path, model or reading.response_model)
    # What the caller set is taken over by name; a user of the caller's comes before one that the request names.
    if frame.context:
        values |= _set_by_caller(frame.context)
    values |= kind.common
    values |= {
        "id": new_id(frame.started_at),
        "started_at": frame.started_at,
        "provider": provider,
        "request_model": model,
        "attempts": 0 if refused else frame.attempts,
        "duration": frame.duration,
        "region": region,
        "request_id": frame.request_id.decode("latin-1") or None,
        "http_status": frame.http_status,
        "usage_estimated": reading.usage_estimated,
        "sent": not kind.unsent and (refused or frame.attempts > 0),
        "hold": _hold(header),
        "completes_only": kind.common["settles"] and not reading.background,
    }
    if refused:
        values["status"] = Status.REFUSED.value
    return Generation(**values)
