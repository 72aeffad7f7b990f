"""Recording from other languages: `POST /api/generations`, `/api/spans`, `/api/feedback`, `/api/identify`.

Everything goes through capture's front: a record in the journal, priced and written like all others.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Discriminator, Tag

from llmtrack.capture.recording import reading_of, record_generation, wire_of
from llmtrack.capture.tracker import default_tracker
from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import owner_of_session, owner_of_trace
from llmtrack.ledger.periods import to_micros
from llmtrack.ledger.records import Generation
from llmtrack.masking import mask_address
from llmtrack.pricing.listing import provider_named
from llmtrack.pricing.regions import region_of
from llmtrack.pricing.usage import Usage
from llmtrack.serving.api.caller import Caller, Recorder
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.records import (
    SEVERAL,
    Accepted,
    FeedbackRecord,
    GenerationRecord,
    IdentityRecord,
    SpanRecord,
    exact,
    micros,
    tag_of,
)
from llmtrack.serving.api.threads import in_thread

Generations = Annotated[
    Annotated[GenerationRecord, Tag("record")] | Annotated[list[GenerationRecord], SEVERAL, Tag("records")],
    Discriminator(tag_of),
]
Spans = Annotated[
    Annotated[SpanRecord, Tag("record")] | Annotated[list[SpanRecord], SEVERAL, Tag("records")], Discriminator(tag_of)
]
router = APIRouter(tags=["recording"], prefix="/api")


@router.post("/generations", status_code=202)
async def record_generations(caller: Recorder, records: Generations) -> Accepted:
    """Records calls that were made elsewhere: one, or a list of up to 1,000. Answered when they are safe on disk.

    Sent again under the same id, a call counts once. A cost that is given counts as reported; without one the call is
    priced like any other.
    """
    several = records if isinstance(records, list) else [records]

    def work() -> None:
        _check_links(caller, several)
        for generation in [generation_of(caller, record) for record in several]:
            _keep(record_generation(generation))

    await in_thread(lambda _: work())
    return Accepted(accepted=len(several))


@router.post("/spans", status_code=202)
async def record_spans(caller: Recorder, records: Spans) -> Accepted:
    """Records timed steps of traces: one, or a list of up to 1,000."""
    several = records if isinstance(records, list) else [records]

    def work() -> None:
        _check_links(caller, several)
        for record in several:
            parent = None if record.parent_id is None else span_number(caller, record.parent_id, record.trace_id)
            _keep(
                default_tracker().record(
                    "span",
                    id=span_number(caller, record.id, record.trace_id),
                    trace_id=record.trace_id,
                    name=mask_address(record.name),
                    started_at=to_micros(record.started_at),
                    duration=micros(record.duration),
                    parent_id=parent,
                    user_id=user_of(caller, record.user_id),
                    session_id=record.session_id,
                    error=record.error,
                )
            )  # fmt: skip

    await in_thread(lambda _: work())
    return Accepted(accepted=len(several))


@router.post("/feedback", status_code=202)
async def record_feedback(caller: Recorder, record: FeedbackRecord) -> Accepted:
    """Records how an answer was judged; the latest judgement of a user on a trace counts."""

    def work() -> None:
        _check_trace(caller, record.trace_id)
        user = user_of(caller, record.user_id)
        fields = {"trace_id": record.trace_id, "score": record.score, "comment": record.comment}
        _keep(default_tracker().record("feedback", **fields, user_id=user, at=_now()))

    await in_thread(lambda _: work())
    return Accepted(accepted=1)


@router.post("/identify", status_code=202)
async def record_identity(caller: Recorder, record: IdentityRecord) -> Accepted:
    """Records what is known about a user; with a person's token that person."""
    if caller.team is not None:
        raise Problem(403, "A team's token says nothing about users: use a service's.")
    user = user_of(caller, record.user_id)
    await in_thread(
        lambda _: _keep(default_tracker().record("identity", user_id=user, attributes=record.attributes, at=_now()))
    )
    return Accepted(accepted=1)


def generation_of(caller: Caller, record: GenerationRecord) -> Generation:
    """The generation that a record is about, booked under whom the token may book. Raises ValueError and `Problem`."""
    provider = provider_named(record.provider)
    read = _read(record)
    started_at = _now() - (micros(record.duration) or 0) if record.started_at is None else to_micros(record.started_at)
    values: dict[str, Any] = {
        "request_model": record.model,
        "response_model": record.response_model or (record.model if record.response is None else None),
        "service_tier": record.service_tier,
        "finish_reason": record.finish_reason,
        "region": record.region,
        "reported_cost": exact(record.cost),
        "status": record.status,
        "error_type": None if record.error_type is None else record.error_type.value,
        "error_code": record.error_code,
        "error_message": record.error_message,
        "time_to_first_token": micros(record.time_to_first_token),
    }
    values = {"status": "ok", **read, **{name: value for name, value in values.items() if value is not None}}
    if values.get("region") is None:
        model = values.get("request_model") or values.get("response_model")
        values["region"] = region_of(provider, record.provider, "", model)
    return Generation(
        id=new_id(started_at),
        started_at=started_at,
        provider=provider,
        operation=record.operation,
        user_id=user_of(caller, record.user_id) or read.get("user_id"),
        group=group_of(caller, record.group),
        session_id=record.session_id,
        trace_id=record.trace_id,
        span_id=None if record.span_id is None else span_number(caller, record.span_id, record.trace_id or ""),
        feature=record.feature,
        properties=record.properties,
        streamed=record.streamed,
        attempts=record.attempts,
        duration=micros(record.duration),
        http_status=record.http_status,
        request_id=record.request_id,
        record_id=f"{owner_of(caller)} {record.id}",
        **{name: value for name, value in values.items() if name != "user_id"},
    )


_READ = ("request_model", "response_model", "response_id", "finish_reason", "service_tier", "region", "status",
         "error_type", "error_code", "error_message", "usage", "usage_estimated", "estimated", "reported_cost", "input",
         "output", "user_id")  # fmt: skip
"""What a reading of the provider's answer tells about a generation, under the same names."""


def _read(record: GenerationRecord) -> dict[str, Any]:
    """What the answer that came along says; or the usage that was given."""
    if record.response is None:
        return {"usage": record.usage.usage() if record.usage is not None else Usage()}
    wire = record.wire or wire_of(record.response)
    if wire is None:
        raise ValueError(
            "response does not say what kind of answer it is (object, or type): give wire, such as openai.chat."
        )
    reading = reading_of(record.response, record.request, wire, record.provider)
    return {name: value for name in _READ if (value := getattr(reading, name)) is not None}


def owner_of(caller: Caller) -> str:
    """Whose ids these are: those of one owner's tokens are one space, and nobody else's get into it."""
    token = caller.bearer.token
    if token.person is not None:
        return f"person {token.person}"
    return f"team {token.team}" if token.team is not None else f"service {token.service}"


def user_of(caller: Caller, user_id: str | None) -> str | None:
    """The user to book under. A person's token books under that person. Raises `Problem` 403 for another."""
    viewer = caller.bearer.viewer
    if viewer is None:
        return user_id
    if user_id is not None and user_id not in viewer.ids:
        raise Problem(
            403, f"This token records for {viewer.id!r} only: leave user_id {user_id!r} out, or use a service's."
        )
    return user_id or viewer.id


def group_of(caller: Caller, group: str | None) -> str | None:
    """The team to book under, among those of the token's owner. Raises `Problem` 403 for another."""
    viewer = caller.bearer.viewer
    if caller.team is not None:
        if group not in (None, caller.team):
            raise Problem(403, f"This token records for the team {caller.team!r} only: leave group {group!r} out.")
        return caller.team
    if viewer is not None and group is not None and group not in viewer.teams:
        raise Problem(403, f"{viewer.id!r} is not in the team {group!r}: leave group out, or use a service's token.")
    return group


def span_number(caller: Caller, span_id: str, trace_id: str) -> int:
    """The ledger's number for a span: 63 bits that stand for its id, its trace and the token's owner."""
    name = f"{owner_of(caller)} {trace_id} {span_id}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") >> 1


def _check_links(caller: Caller, records: Iterable[GenerationRecord | SpanRecord]) -> None:
    """Nobody adds to another person's interactions and conversations. Raises `Problem` 403."""
    viewer = caller.bearer.viewer
    if viewer is None:
        return
    for trace_id in {record.trace_id for record in records if record.trace_id is not None}:
        _check_trace(caller, trace_id)
    ledger = open_ledger()
    for session_id in {record.session_id for record in records if record.session_id is not None}:
        if owner_of_session(ledger, session_id) not in (None, *viewer.ids):
            raise Problem(403, f"The session {session_id!r} is another person's: choose another id.")


def _check_trace(caller: Caller, trace_id: str) -> None:
    viewer = caller.bearer.viewer
    if viewer is not None and owner_of_trace(open_ledger(), trace_id) not in (None, *viewer.ids):
        raise Problem(403, f"The trace {trace_id!r} is another person's: choose another id.")


def _keep(recorded: bool) -> None:
    if not recorded:
        detail = "The record could not be kept: neither the journal nor memory has room. Send it again later."
        raise Problem(503, detail, {"retry-after": "10"})


def _now() -> int:
    return time.time_ns() // 1000
