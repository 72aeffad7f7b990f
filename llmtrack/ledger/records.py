"""What the ledger is told: plain values that travel from capture to the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from llmtrack.pricing.usage import Cost, Usage


@dataclass(slots=True)
class CallHold:
    """What a call holds of its limits while it is under way."""

    call_id: int
    amounts: Mapping[int, int]
    """By the number of the limit, in its unit; for all attempts that its client may make."""
    tries: int = 1
    """How many that may be."""
    unseen: int = 0
    """Attempts before the last whose end was not seen: each may have been billed."""
    whole: bool = False
    """All of it counts, whatever the row says: the call's process died, and the row stands for what nobody saw."""


@dataclass(slots=True)
class Generation:
    """One request to a model, billed, failed or refused, however many attempts it took."""

    id: int
    """See `llmtrack.ids.new_id`."""
    started_at: int
    """When it was sent: microseconds since 1970, UTC."""
    provider: str
    operation: str
    """``chat``, ``text_completion``, ``embeddings``, ``image``, ``transcription``, ``speech``, ``moderation``,
    ``count_tokens``, …"""
    status: str
    """``ok``, ``error``, ``cancelled``, ``abandoned``, ``incomplete``, ``refused``, or ``pending`` (a background
    response)."""
    request_model: str | None = None
    response_model: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    span_id: int | None = None
    feature: str | None = None
    group: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    streamed: bool = False
    attempts: int = 1
    duration: int | None = None
    """Microseconds from sending to the last byte."""
    time_to_first_token: int | None = None
    """Microseconds from sending to the first event that carries output of any kind."""
    finish_reason: str | None = None
    service_tier: str | None = None
    """The tier served, as the provider says."""
    region: str | None = None
    """Where it was served: ``global``, ``us``, ``us-east5``, … (`llmtrack.pricing.regions`)."""
    response_id: str | None = None
    request_id: str | None = None
    http_status: int | None = None
    error_type: str | None = None
    """From the taxonomy in `llmtrack.capture.errors`."""
    error_code: str | None = None
    """The provider's own code or type."""
    error_message: str | None = None
    """None where content is not kept: providers echo prompts in it."""
    usage: Usage = field(default_factory=Usage)
    usage_estimated: bool = False
    """Some of the token counts are our estimate, because the provider reported none."""
    estimated: tuple[str, ...] = ()
    """Which: the names of the fields of `usage`."""
    reported_cost: Decimal | None = None
    """US dollars, where the provider's answer says what it charged."""
    simulated: bool = False
    """Made by the demo provider: its cost is never summed with real cost."""
    subscription: bool = False
    """Not billed per call, because the caller's subscription paid for it."""
    sent: bool = True
    """False: the call ended before anything was sent, so it cost nothing."""
    open: bool = False
    """The answer has not been seen to its end and may be asked for later, as those of OpenAI's Responses can."""
    settles: bool = False
    """A later look at an answer: completes the row of the request that began it, and is none itself."""
    completes_only: bool = False
    """A look at an answer that was not made in the background: where no row waits for its end, nothing is written."""
    hold: CallHold | None = None
    """Ends with the transaction that writes the row, and counts where the row does not say what was used."""
    refusal: Mapping[str, Any] | None = None
    """Of a refused call: the limit, with what was spent, held and left of it as its check saw them."""
    cost: Cost | None = None
    """Set by pricing, before the row is written."""
    record_id: str | None = None
    """By this a program that sends its calls over HTTP names the record: of several under one id the first counts."""
    input: list[dict[str, Any]] | None = None
    """Messages sent, as OpenTelemetry GenAI has them: ``{"role": …, "parts": [{"type": "text", "content": …}, …]}``."""
    output: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class Span:
    """A timed step of a trace. The root span of a trace has no parent."""

    id: int
    trace_id: str
    name: str
    started_at: int
    duration: int
    parent_id: int | None = None
    user_id: str | None = None
    session_id: str | None = None
    error: str | None = None


@dataclass(slots=True)
class Identity:
    """What is known about a user, told by `llmtrack.identify`."""

    user_id: str
    attributes: Mapping[str, Any]
    at: int


@dataclass(slots=True)
class Feedback:
    """A judgement of a trace's answer. The latest one of a user on a trace counts."""

    trace_id: str
    user_id: str | None
    score: int
    """1 or -1; 0 takes an earlier one back."""
    comment: str | None
    at: int


@dataclass(slots=True)
class EndedHold:
    """A call that held something and is no generation after all."""

    call_id: int


Record = Generation | Span | Identity | Feedback
Entry = Record | EndedHold
"""What a journal tells the ledger."""
