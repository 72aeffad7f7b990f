"""What programs in other languages send to be recorded: the types of bodies. Dollars are strings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from llmtrack.error_types import ErrorType
from llmtrack.pricing.usage import Usage
from llmtrack.serving.api.models import Answer, Dollars

MOST_RECORDS = 1_000
_LONGEST = 200
Name = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)]


def _number(value: Any) -> Any:
    if isinstance(value, (str, bool)):  # which would be read as one
        raise ValueError("give a number, not a text or a truth value")
    return value


Count = Annotated[int, BeforeValidator(_number), Field(ge=0, le=10**12)]
Seconds = Annotated[float, BeforeValidator(_number), Field(ge=0, le=10**7, allow_inf_nan=False)]


def _recent(at: datetime) -> datetime:
    if not datetime(2020, 1, 1, tzinfo=UTC) <= at <= datetime.now(UTC) + timedelta(days=1):
        raise ValueError("give a time since 2020 that is not yet to come")
    return at


At = Annotated[AwareDatetime, AfterValidator(_recent)]
Status = Literal["ok", "incomplete", "cancelled", "abandoned", "error", "refused"]


class Body(BaseModel):
    """Something sent to be recorded."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class TokenUsage(Body):
    """Token counts in OpenTelemetry GenAI's sense. Leave out what nobody reported: it is unknown, not 0."""

    input_tokens: Count | None = None
    """All input, cached tokens included."""
    output_tokens: Count | None = None
    """All output, reasoning included."""
    cache_read_tokens: Count | None = None
    """Those of the input that were read from a cache."""
    cache_write_tokens: Count | None = None
    """Those of the input that were written to a cache."""
    cache_write_1h_tokens: Count | None = None
    """Those of the cache writes that are kept for an hour."""
    reasoning_tokens: Count | None = None
    """Those of the output spent on reasoning."""
    input_audio_tokens: Count | None = None
    output_audio_tokens: Count | None = None
    input_image_tokens: Count | None = None
    output_image_tokens: Count | None = None
    web_searches: Count | None = None
    """Web searches that the provider ran and charges for."""

    @model_validator(mode="after")
    def _parts_of_wholes(self) -> Self:
        for whole, parts in (
            ("input_tokens", ("cache_read_tokens", "cache_write_tokens", "input_audio_tokens", "input_image_tokens")),
            ("output_tokens", ("reasoning_tokens", "output_audio_tokens", "output_image_tokens")),
        ):
            total = getattr(self, whole)
            for part in parts:
                if total is not None and (getattr(self, part) or 0) > total:
                    raise ValueError(f"{part} is more than {whole}, of which it is a part")
        return self

    def usage(self) -> Usage:
        """As pricing has it."""
        return Usage(**self.model_dump())


class GenerationRecord(Body):
    """A request to a model that was made elsewhere.

    Say what it used with `response`, the provider's answer as it came, or with `usage`.
    """

    id: Name
    """Yours, such as the answer's own: sent again under the same id, it counts once."""
    provider: Name
    """Such as openai or anthropic, or the host that was asked."""
    model: Name | None = None
    """The model asked for; the one served is in `response`, or `response_model`."""
    response_model: Name | None = None
    """The model served, where no `response` says so."""
    response: dict[str, Any] | None = None
    """The provider's answer, or the part of it that has `model`, `usage` and what kind of answer it is."""
    request: dict[str, Any] | None = None
    """The body that was sent to the provider, with `response`; its messages are kept as those of tracked calls."""
    wire: Annotated[str, StringConstraints(max_length=40)] | None = None
    """How to read a `response` that does not say what it is: openai.chat, openai.responses, anthropic.messages, …"""
    usage: TokenUsage | None = None
    """What it used, instead of `response`."""
    cost: Dollars | None = Field(default=None, ge=0, lt=10**9)
    """What it cost, if you know better than the price list: kept as `provider_reported`."""
    operation: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "chat"
    """chat, embeddings, image, …"""
    status: Status | None = None
    """How it ended; ok, or what `response` says."""
    error_type: ErrorType | None = None
    """With the status error: what kind."""
    error_code: Name | None = None
    error_message: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    http_status: Annotated[int, BeforeValidator(_number), Field(ge=100, le=599)] | None = None
    started_at: At | None = None
    """When it was sent, with a time zone; without it, `duration` before now."""
    duration: Seconds | None = None
    """Seconds from sending to the last byte."""
    time_to_first_token: Seconds | None = None
    """Seconds from sending to the first output of any kind."""
    streamed: StrictBool = False
    attempts: Annotated[int, BeforeValidator(_number), Field(ge=1, le=1_000)] = 1
    user_id: Name | None = None
    """Who caused it; with a person's token that person, whether it is given or not."""
    group: Name | None = None
    """The team or customer; with a team's token that team."""
    session_id: Name | None = None
    trace_id: Name | None = None
    span_id: Name | None = None
    """The span it belongs to, by the id given to /api/spans."""
    feature: Name | None = None
    properties: Annotated[dict[Name, str | int | float | bool | None], Field(max_length=50)] = {}
    """Anything else, by name."""
    service_tier: Name | None = None
    region: Name | None = None
    finish_reason: Name | None = None
    request_id: Name | None = None
    simulated: Literal[False] = False
    """Only llmtrack's own demo provider is simulated."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.response is not None and self.usage is not None:
            raise ValueError("give response or usage, not both: they could say different things")
        if self.request is not None and self.response is None:
            raise ValueError("a request is read together with its response: give both")
        if self.status == "error" and self.error_type is None:
            self.error_type = ErrorType.UNKNOWN
        return self


class SpanRecord(Body):
    """A timed step of a trace."""

    id: Name
    """Yours, unique in its trace: sent again, it counts once."""
    trace_id: Name
    name: Name
    started_at: At
    duration: Seconds
    """Seconds."""
    parent_id: Name | None = None
    """The step it is part of; none for the root, which names the trace."""
    user_id: Name | None = None
    session_id: Name | None = None
    error: Name | None = None
    """The kind of error it ended with."""


class FeedbackRecord(Body):
    """A judgement of a trace's answer. The latest one of a user on a trace counts."""

    trace_id: Name
    score: Literal[-1, 0, 1]
    """1 for good, -1 for bad, 0 takes an earlier judgement back."""
    comment: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    user_id: Name | None = None


class IdentityRecord(Body):
    """What is known about a user; later attributes add to earlier ones."""

    user_id: Name
    attributes: Annotated[dict[Name, str | int | float | bool | None], Field(min_length=1, max_length=50)]
    """Such as {"plan": "pro"}."""


class Accepted(Answer):
    """The records are kept and will be priced and written within a second or so."""

    accepted: int
    """How many."""


SEVERAL = Field(min_length=1, max_length=MOST_RECORDS)


def tag_of(body: Any) -> str:
    """Whether a body is a list of records or one."""
    return "records" if isinstance(body, list) else "record"


def micros(seconds: float | None) -> int | None:
    """Seconds as microseconds."""
    return None if seconds is None else round(seconds * 1_000_000)


def exact(cost: Decimal | None) -> Decimal | None:
    """A cost as it is kept, to the nano-dollar."""
    return None if cost is None else cost.quantize(Decimal("1e-9"))
