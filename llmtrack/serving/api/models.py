"""The types of the API's answers. Money is a string of US dollars, time is RFC 3339, unknown is null and never 0."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from llmtrack.ledger.lists import GenerationRow, SessionRow, TraceRow, UserRow


def plain(amount: Decimal) -> str:
    """A number with all its digits and nothing else: ``0.0035``, never ``3.5E-3`` or ``0.003500000``."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _within_years(at: datetime) -> datetime:
    if not 1971 <= at.year <= 2200:
        raise ValueError("give a time between the years 1971 and 2200")
    return at


Dollars = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "description": "US dollars"}),
]
BigId = Annotated[
    int,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+$", "description": "An id; too large for a JSON number."}),
]
Moment = Annotated[datetime, AfterValidator(_within_years)]


class Answer(BaseModel):
    """Something the API answers with."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class Period(Answer):
    """A stretch of time."""

    start: datetime
    """Its first moment."""
    end: datetime
    """The first moment after it."""


class UsageNumbers(Answer):
    """How much was used and what it cost."""

    generations: int
    """Requests to models, failed ones included."""
    messages: int
    """Chat generations that were answered at least in part."""
    input_tokens: int | None
    """All input, cached tokens included; null where nobody reported any."""
    output_tokens: int | None
    """All output, reasoning included."""
    total_tokens: int | None
    cost: Dollars | None
    """Real cost, without what is `unpriced`; null where nothing of it is known."""
    unpriced: int
    """Generations whose cost nobody knows; it is missing from `cost`."""
    simulated_cost: Dollars | None
    """What the demo provider's calls would have cost; never part of `cost`. Null where it made none."""


class ModelUsage(UsageNumbers):
    """What was used of one model."""

    provider: str | None
    model: str | None


class Usage(UsageNumbers):
    """Somebody's usage in a billing cycle."""

    user_id: str | None
    """Whose it is; null for a team's."""
    team: str | None
    """The team whose it is, for a team's token."""
    cycle: Period
    timezone: str
    """Whose clocks the cycle goes by."""
    limit: Dollars | None
    """What may be spent in the running cycle, markup included: of several limits on dollars per cycle (or per month,
    where that is the same) the one with the least left. Null for cycles that are over, and without a limit."""
    remaining: Dollars | None
    """What is left of it, calls under way taken into account; null where `limit` is."""
    models: list[ModelUsage]
    """The same by model, the dearest first."""


Value = str | int | float | None
"""A value in a row of an answer: text, a count, a number, null where unknown or not given; dollars are strings."""


class Metrics(Answer):
    """The answer to a question."""

    rows: list[dict[str, Value]]
    """A row for each group: its dimensions and its metrics. Dollars are strings; see `units`."""
    totals: dict[str, Value]
    """The metrics over everything asked about: users and percentiles are counted anew, not added up."""
    units: dict[str, str]
    """The unit of each metric: `usd` (a string), `tokens`, `count`, `seconds`, `ratio`, …"""
    by: list[str]
    period: Period | None
    """The time asked about; null where it had no beginning."""
    timezone: str
    cut: int
    """How many rows `limit` left out."""
    top: list[Value]
    """With `top`: the values that have rows of their own, the largest first. All others are called `all others`."""
    warnings: list[str]
    """What is missing from the numbers, in sentences."""
    explain: str
    """Where the numbers were read."""


class Generation(Answer):
    """A request to a model. Null is unknown or not given."""

    id: BigId
    at: datetime
    """When it was sent."""
    user: str | None
    session: str | None
    trace: str | None
    span_id: BigId | None
    provider: str
    operation: str
    model: str | None
    request_model: str | None
    response_model: str | None
    status: str
    error_type: str | None
    error_code: str | None
    feature: str | None
    group: str | None
    finish_reason: str | None
    service_tier: str | None
    region: str | None
    http_status: int | None
    streamed: bool
    attempts: int
    duration: float | None
    """Seconds."""
    time_to_first_token: float | None
    """Seconds."""
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cache_write_1h_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    cost: Dollars | None
    """Of a simulated generation what it would have cost; see `cost_status`."""
    cost_status: str
    """`exact`, `estimated`, `unpriced`, `provider_reported`, `simulated` or `api_equivalent`."""
    cost_reason: str | None
    """Why it is unpriced or estimated, as a short code."""
    response_id: str | None
    request_id: str | None

    @classmethod
    def of(cls, row: GenerationRow) -> Generation:
        """A row of the ledger's list."""
        return cls.model_validate(row)


class TraceNumbers(Answer):
    """What a trace or a session came to."""

    user: str | None
    at: datetime
    """When it began."""
    duration: float
    """Seconds."""
    generations: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: Dollars | None
    """Real cost, without what is `unpriced`; null where nothing of it is known."""
    simulated_cost: Dollars
    unpriced: int


class Trace(TraceNumbers):
    """An interaction with all calls made for it."""

    trace: str
    name: str | None
    session: str | None
    score: int | None
    """Sum of its judgements, each 1 or -1; null without any."""

    @classmethod
    def of(cls, row: TraceRow) -> Trace:
        """A row of the ledger's list."""
        return cls.model_validate(row)


class Session(TraceNumbers):
    """A conversation."""

    session: str
    traces: int

    @classmethod
    def of(cls, row: SessionRow) -> Session:
        """A row of the ledger's list."""
        return cls.model_validate(row)


class User(Answer):
    """A user, with what they used in the time asked about."""

    user: str | None
    """Null together for all calls without a user."""
    attributes: dict[str, Any]
    """What `identify` told about them."""
    first_seen: datetime | None
    generations: int
    messages: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost: Dollars | None
    unpriced: int
    simulated_cost: Dollars | None

    @classmethod
    def of(cls, row: UserRow) -> User:
        """A row of the ledger's list."""
        return cls.model_validate(row)


class Page(Answer):
    """A page of a list."""

    after: str | None
    """Send it as `after` for the next page; null at the end."""
    complete: bool
    """False where reading stopped early because too many rows did not match; `after` goes on from there."""


class GenerationPage(Page):
    """Some generations."""

    data: list[Generation]


class TracePage(Page):
    """Some traces."""

    data: list[Trace]


class SessionPage(Page):
    """Some sessions."""

    data: list[Session]


class UserPage(Page):
    """Some users."""

    data: list[User]


class Rates(Answer):
    """The rates for calls with more input tokens than `above`."""

    above: int
    rates: dict[str, Dollars]
    """Dollars by class of token."""
    units: dict[str, str]
    """What each rate is per."""
    source: str
    """`genai-prices`, `book` (this installation's own) or `demo`."""
    version: str
    price_model: str
    """The model as the price list has it."""
    tier: str
    adjustment: str | None
    """The discount or markup that is already in the rates, in words."""


class Prices(Answer):
    """What a model costs at a moment."""

    provider: str
    model: str
    at: datetime
    rates: list[Rates]
    """By the length of the input; empty where there is no price."""
    reason: str | None
    """Why there is no price, in words."""
    estimate: str | None
    """Why a cost from these rates is an estimate, in words."""
