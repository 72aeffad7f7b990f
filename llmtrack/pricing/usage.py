"""What a call used, as the provider counted it: the one shape every reader produces and every price is applied to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from decimal import Decimal
from typing import Protocol

from llmtrack.frozen import value


@value(frozen=True, slots=True)
class Usage:
    """Token counts of one call. ``None`` means nobody reported it; it never stands for 0.

    ``input_tokens`` is **all** input, cached tokens included, and ``output_tokens`` is all output, reasoning included
    (OpenTelemetry GenAI's convention). Anthropic's wire value leaves cache reads and writes out; its reader adds them.
    The other counts are parts of these two.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    """All tokens written to a cache, whatever their time to live."""
    cache_write_1h_tokens: int | None = None
    """Those of ``cache_write_tokens`` written for one hour; they cost more than five-minute ones."""
    cache_write_12h_tokens: int | None = None
    """Those of ``cache_write_tokens`` written for twelve hours (OpenAI); they cost more than 30-minute ones."""
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    cache_read_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    cache_read_image_tokens: int | None = None
    """Those of both ``cache_read_tokens`` and ``input_image_tokens``."""
    output_image_tokens: int | None = None
    web_searches: int | None = None
    """Web search requests the provider ran and charges for, each."""
    tools: Mapping[str, int] = field(default_factory=dict)
    """Other server-side tools by name (``web_fetch``, ``file_search``, ``code_execution``) with how often they ran."""
    audio_seconds: Decimal | int | None = None
    """Length of audio, where the provider bills it by time (``whisper-1``)."""
    characters: int | None = None
    """Characters of text, where the provider bills speech by the character (``tts-1``)."""
    others: tuple[tuple[str, Usage], ...] = ()
    """Work billed on other models inside the same call, by model; its tokens are included in the totals above."""
    doubt: str | None = None
    """Why these counts are not certain: a code of `llmtrack.pricing.reasons.Reason`. Their cost is never ``exact``."""
    uncounted: tuple[str, ...] = ()
    """Classes of price that the request calls for and nobody counted, such as ``input_audio`` where sound was sent."""
    text_only: bool = False
    """The request is known to hold text and nothing else. False: it holds something else, or is not known."""


COUNTS = tuple(count.name for count in fields(Usage) if count.type == "int | None")
"""The fields of `Usage` that are counts of one thing."""


class Priceable(Protocol):
    """What `Pricer.price` needs to know of a call: a generation of the ledger is one, a `UsageRecord` another."""

    @property
    def usage(self) -> Usage:
        """What was used, as far as known."""

    @property
    def provider(self) -> str:
        """Whose prices hold."""

    @property
    def response_model(self) -> str | None:
        """The model served."""

    @property
    def started_at(self) -> int:
        """When the price has to hold: microseconds since 1970."""

    @property
    def request_model(self) -> str | None:
        """Stands in where the answer named no model; the cost is then ``estimated``."""

    @property
    def service_tier(self) -> str | None:
        """The tier served."""

    @property
    def region(self) -> str | None:
        """Where it was served."""

    @property
    def operation(self) -> str:
        """Some operations are free whatever they count."""

    @property
    def status(self) -> str:
        """A failed call without usage is told apart from an answered one whose usage is missing."""

    @property
    def usage_estimated(self) -> bool:
        """Whether counts of `usage` are an estimate of ours."""

    @property
    def reported_cost(self) -> Decimal | None:
        """US dollars that the provider says it charged, which wins."""

    @property
    def simulated(self) -> bool:
        """Whether the demo provider answered."""

    @property
    def sent(self) -> bool:
        """False: the call ended before anything was sent, and costs nothing."""


@value(frozen=True, slots=True)
class UsageRecord:
    """A use of a model that is no generation of the ledger, to be priced: an answered chat unless said otherwise."""

    usage: Usage
    provider: str
    response_model: str | None
    started_at: int
    """Microseconds since 1970."""
    request_model: str | None = None
    service_tier: str | None = None
    region: str | None = None
    operation: str = "chat"
    status: str = "ok"
    usage_estimated: bool = False
    reported_cost: Decimal | None = None
    simulated: bool = False
    sent: bool = True


@value(frozen=True, slots=True)
class Price:
    """The identity of a price: enough to say later where a cost came from."""

    source: str
    """``genai-prices``, ``book`` (this installation's own), ``provider`` or ``demo``."""
    version: str
    """The version of the price data, or the book entry's id."""
    provider: str
    model: str
    """The model name as the price list has it."""
    tier: str
    """The service tier priced: ``standard``, ``batch``, ``flex``, ``priority``, …"""
    rates: Mapping[str, str]
    """Dollars by class of token as decimal strings, per the units of `llmtrack.pricing.classes` (mostly a million)."""
    above: int = 0
    """The rates hold for calls with more input tokens than this (the step of a context-length tier)."""
    adjustment: str | None = None
    """The price book's discount or markup that is already in the rates, such as ``-15% (book 3)``."""


@value(frozen=True, slots=True)
class Cost:
    """What a call cost, in nano-dollars (10^-9 US dollars), by part. The parts that are not None sum to ``total``."""

    status: str
    """``exact``, ``estimated``, ``unpriced``, ``provider_reported`` or ``simulated``."""
    total: int | None = None
    input: int | None = None
    """Input that was neither read from nor written to a cache."""
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    """Only where reasoning is charged apart; elsewhere it is in ``output``."""
    audio: int | None = None
    image: int | None = None
    request: int | None = None
    tool: int | None = None
    price: Price | None = None
    reason: str | None = None
    """Why it is unpriced or estimated: a short code, told in words by `llmtrack.pricing.reasons`."""
    other_prices: tuple[Price, ...] = ()
    """Prices of the work on other models inside the same call (`Usage.others`); their cost is in the parts."""


PARTS = ("input", "cache_read", "cache_write", "output", "reasoning", "audio", "image", "request", "tool")
"""The fields of `Cost` that sum to its total."""
