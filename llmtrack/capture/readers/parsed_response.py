"""What an answer says about itself, as a dialect fills it in; and what a dialect is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.json_values import text
from llmtrack.pricing.usage import Usage

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


@dataclass(slots=True)
class Said:
    """What an answer says. Everything it does not say stays None."""

    request: Json = field(default_factory=dict)
    """The request's body, for what an answer leaves to it."""
    provider: str = ""
    request_model: str | None = None
    """The model asked for, where the request names it in a way of its own."""
    model: str | None = None
    id: str | None = None
    finish_reason: str | None = None
    service_tier: str | None = None
    region: str | None = None
    """Where it was served, where the answer itself says so."""
    usage: Usage = _UNKNOWN
    reported: Json = field(default_factory=dict)
    """What `usage` was read from."""
    others: list[tuple[str, Usage]] = field(default_factory=list)
    """Work on other models, by model, that is not in `usage`."""
    doubt: str | None = None
    """Why the counts are not certain, for a reason that only this dialect knows: a code of `Reason`."""
    derived: tuple[str, ...] = ()
    """The fields of `usage` that follow from what was reported, and were not reported themselves."""
    announced: bool = False
    """The output tokens in `usage` are only what was announced at the start of the stream, not its final count."""
    cost: Decimal | None = None
    failure: Failure | None = None
    complete: bool = False
    """The stream reached its own end: a finish reason, or a last event."""
    cut: bool = False
    """The provider cut the answer short: length, filter."""
    cancelled: bool = False
    pending: bool = False
    """A background response that goes on."""
    background: bool = False
    """It says that it was made in the background."""
    open: bool = False
    """Its end was not seen, and it may be asked for later."""
    first_output: int | None = None
    """Which event of a stream was the first to carry output."""


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

    plain: Callable[[Json, Said], None]
    """Reads an answer that came in one piece."""
    stream: Callable[[Events, Said], None] | None = None
    """Reads a streamed answer."""
    raw: Callable[[bytes | int | None, str, Said], Json] | None = None
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
