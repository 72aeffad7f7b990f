"""The reading of a call, the response that it is read off, and what a dialect is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from operator import attrgetter
from typing import Any

from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.json_values import text
from llmtrack.pricing.usage import Usage
from llmtrack.statuses import Status

Json = dict[str, Any]
Message = dict[str, Any]

_UNKNOWN = Usage()


@dataclass(slots=True)
class Failure:
    """An error that the provider reports."""

    kind: str | None = None
    """Its type."""
    code: str | None = None
    message: str | None = None


@dataclass(slots=True, kw_only=True)
class Reading:
    """What the bytes of a call say about it. None: they say nothing of it.

    What a generation of the ledger has under the same name is taken over as it is.
    """

    status: str = Status.OK.value
    """A word of `llmtrack.statuses.Status`."""
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    finish_reason: str | None = None
    """Of the first choice; for Responses the reason it is incomplete, or its status."""
    service_tier: str | None = None
    """The tier served."""
    region: str | None = None
    """Where it was served, where request or answer name it."""
    usage: Usage = _UNKNOWN
    estimated: tuple[str, ...] = ()
    """The fields of `usage` that are our estimate, or that follow from what was reported."""
    reported_cost: Decimal | None = None
    """US dollars that the provider says it charged."""
    error_type: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    """None without content: providers echo prompts in it."""
    time_to_first_token: int | None = None
    """Microseconds from sending to the piece of the body that completed the first event with output."""
    input: list[Json] | None = None
    output: list[Json] | None = None
    open: bool = False
    """Its end was not seen, and the provider may be asked for it later."""
    background: bool = False
    """The answer says that it was made in the background."""
    user_id: str | None = None
    """Whom the request itself names: its ``safety_identifier``, ``user`` or ``metadata.user_id``."""
    streamed: bool = False
    note: str | None = None
    """What was odd about the answer, in words."""

    @property
    def usage_estimated(self) -> bool:
        """Whether any count is our estimate."""
        return bool(self.estimated)


@dataclass(slots=True, kw_only=True)
class ParsedResponse(Reading):
    """A reading on its way: what a dialect reads off a response, with what is needed until the reading is complete."""

    request: Json = field(default_factory=dict)
    """The request's body, for what an answer leaves to it."""
    provider: str = ""
    reported: Json = field(default_factory=dict)
    """What `usage` was read from."""
    settled: bool = False
    """`usage` says already what the request tells of it, and nothing in `reported` contradicts it."""
    others: list[tuple[str, Usage]] = field(default_factory=list)
    """Work on other models, by model, that is not in `usage`."""
    doubt: str | None = None
    """Why the counts are not certain, for a reason that only this dialect knows: a code of `Reason`."""
    announced: bool = False
    """The output tokens in `usage` are only what was announced at the start of the stream, not its final count."""
    failure: Failure | None = None
    complete: bool = False
    """The stream reached its own end: a finish reason, or a last event."""
    cut: bool = False
    """The provider cut the answer short: length, filter."""
    cancelled: bool = False
    pending: bool = False
    """A background response that goes on."""
    first_output: int | None = None
    """Which event of a stream was the first to carry output."""

    def reading(self) -> Reading:
        """The reading alone, without the request and what else is not kept."""
        return Reading(**dict(zip(_READING, _reading_of(self), strict=True)))


_READING = tuple(field.name for field in fields(Reading))
_reading_of = attrgetter(*_READING)


def failure(error: Any) -> Failure:
    """The error that a body or an event holds, in any of the shapes providers give it."""
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    if not isinstance(error, dict):
        return Failure(message=text(error))
    code = error.get("code")
    return Failure(
        _name(error.get("type")), _name(str(code) if type(code) is int else code), text(error.get("message"))
    )


def _name(value: Any) -> str | None:
    """`value` if it can be the name of an error. A sentence there might repeat what was asked."""
    name = text(value)
    return name if name is not None and len(name) <= 100 and not any(map(str.isspace, name)) else None


def _nothing(body: Json) -> list[Message]:
    return []


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of endpoint speaks. All are functions from JSON to JSON, and may raise on nonsense."""

    plain: Callable[[Json, ParsedResponse], None]
    """Reads an answer that came in one piece."""
    stream: Callable[[Events, ParsedResponse], None] | None = None
    """Reads a streamed answer."""
    raw: Callable[[bytes | int | None, str, ParsedResponse], Json] | None = None
    """Reads an answer of another content type than JSON, and makes a body of it that `output` understands. Of one that
    was not kept the size is given, if anything."""
    assemble: Callable[[list[Any]], Json] = lambda events: {}
    """Puts the events of a stream together into the body that would have come in one piece."""
    output: Callable[[Json], list[Message]] = _nothing
    """The messages of an answer."""
    input: Callable[[Json], list[Message]] = _nothing
    """The messages of a request."""
    estimates: bool = False
    """Tokens of a stream that reported none are estimated."""
