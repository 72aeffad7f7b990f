"""The parameters of questions to the API: the words of `llmtrack ask`, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from llmtrack.ledger.lists import MAX_PAGE
from llmtrack.ledger.metrics import Filter, parse_filters
from llmtrack.serving.api.models import Moment

MOST_ROWS = 10_000
_LONGEST = 1_000
Text = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)]
Condition = Annotated[str, StringConstraints(max_length=_LONGEST, pattern=r"^[^=]+=[\s\S]*$", strip_whitespace=False)]


class Selection(BaseModel):
    """Which generations a question is about."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    since: Moment | None = None
    """The beginning of the time asked about, such as 2026-11-01 or 2026-11-01T08:00:00Z."""
    until: Moment | None = None
    """The end of it, not included."""
    timezone: Text | None = None
    """Whose clocks, such as Europe/Berlin; `LLMTRACK_TIMEZONE` without it."""
    where: list[Condition] = Field(default=[], max_length=20)
    """Only these: NAME=VALUE, NAME!=VALUE, NAME=VALUE,VALUE, or NAME= for those without. May be repeated."""

    def filters(self) -> list[Filter]:
        """The filters in `where`. Raises ValueError for what is no filter."""
        return parse_filters(self.where)


class MetricsQuery(Selection):
    """A question, in the words of `llmtrack ask`."""

    metric: list[Text] = Field(min_length=1, max_length=20)
    """Such as cost, generations, errors, or a formula of two as "cost / users". May be repeated."""
    by: list[Text] = Field(default=[], max_length=5)
    """Split by hour, day, week, month, cycle, model, user, … May be repeated."""
    anchor_day: int | None = Field(default=None, ge=1, le=31)
    """The day a billing cycle begins on; `LLMTRACK_BILLING_ANCHOR_DAY` without it."""
    order: Text | None = None
    """Sort by a metric; after - the largest first."""
    limit: int = Field(default=1_000, ge=1, le=MOST_ROWS)
    """Rows at most; `cut` says how many more there are."""
    top: int | None = Field(default=None, ge=1, le=MOST_ROWS)
    """Keep so many values of the first dimension, those with the most of the first metric; the rest are one row."""
    fill: bool = True
    """Whether stretches of time without calls have rows, too."""


class ListQuery(Selection):
    """A page of a list."""

    order: str = Field(default="-time", pattern=r"^-?(time|cost|duration|tokens)$")
    """Sort by time, cost, duration or tokens; after - the latest or largest first."""
    after: Text | None = None
    """The `after` of the page before."""
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    """Rows at most."""


class GenerationQuery(ListQuery):
    """A page of generations."""

    search: Text | None = None
    """Words in prompts and answers, "in quotation marks" in this order; only in the order of time."""


class UserQuery(ListQuery):
    """A page of users."""

    order: str = Field(default="-cost", pattern=r"^-?(time|cost|tokens)$")
    """Sort by cost, tokens or (time) generations; after - the largest first."""


class CycleQuery(BaseModel):
    """Whose usage, and in which billing cycle."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    cycle: str = Field(default="current", pattern=r"^(current|previous|\d{4}-\d{2}(-\d{2})?)$")
    """`current`, `previous`, the month it begins in (2026-11) or a day that lies in it (2026-11-29)."""


class UserCycleQuery(CycleQuery):
    """Which user's usage, and in which billing cycle."""

    user_id: Text | None = None
    """The user."""
    userId: Text | None = None
    """Another spelling of `user_id`."""


class PriceQuery(BaseModel):
    """A model whose price is asked for."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    provider: Text
    """Such as openai."""
    model: Text
    """Such as gpt-4o-mini."""
    tier: Text | None = None
    """The service tier; standard without it."""
    region: Text | None = None
    """Where it is served; anywhere without it."""
    at: Moment | None = None
    """When; now without it."""
