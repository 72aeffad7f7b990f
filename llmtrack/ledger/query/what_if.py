"""What a period would have cost on another model, from the token classes that the ledger keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.ledger.query.query import Filter, Where, filters, make_query
from llmtrack.ledger.query.runner import run
from llmtrack.pricing.compare import WhatIf, what_if
from llmtrack.pricing.engine import Pricer
from llmtrack.pricing.usage import Usage
from llmtrack.statuses import NOT_SPENT

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

COMPARED = ("chat", "text_completion")
"""Operations that another model could have answered instead."""
_CLASSES = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "output_image_tokens",
    "web_searches",
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What some calls cost, and what the same tokens would have cost on another model."""

    cost: Decimal | None
    """US dollars those calls cost, as far as it is known."""
    answer: WhatIf
    calls: int
    unpriced: int
    """Calls whose real cost nobody knows."""
    uncounted: int
    """Calls whose tokens nobody reported; they are in neither cost."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model by the names of the price list."""

    provider: str
    model: str


def cost_elsewhere(
    ledger: Ledger,
    model: str,
    provider: str,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    tier: str | None = None,
    caching: bool = True,
    pricer: Pricer | None = None,
) -> Elsewhere:
    """What the chat calls of a period would have cost on `model` at `provider`; those nobody paid for are left out.

    `where` filters as for `llmtrack.ledger.metrics.ask`. The prices are today's, with the price book, unless a `pricer`
    is given. Raises ValueError and `TooManyRows` as `ask` does.
    """
    (comparison,) = costs_elsewhere(
        ledger, [ModelName(provider, model)], since=since, until=until, timezone=timezone, where=where, tier=tier,
        caching=caching, pricer=pricer,
    )  # fmt: skip
    return comparison


def costs_elsewhere(
    ledger: Ledger,
    models: Sequence[ModelName],
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    tier: str | None = None,
    caching: bool = True,
    pricer: Pricer | None = None,
) -> list[Elsewhere]:
    """The same for several models, in their order: the ledger is read once for all of them."""
    conditions = [Filter("cost_status", NOT_SPENT, negated=True), Filter("operation", COMPARED), *filters(where)]
    metrics = ["generations", "cost", "unpriced", "input_known", "output_known", *_CLASSES]
    query = make_query(metrics, since=since, until=until, timezone=timezone, where=conditions)
    totals = run(ledger, query).totals
    usage = Usage(**{name: totals[name] for name in _CLASSES})
    uncounted = totals["generations"] - min(totals["input_known"], totals["output_known"])
    pricer = pricer or Pricer(ledger.book()[1])
    return [
        Elsewhere(
            totals["cost"],
            what_if(
                usage, name.model, name.provider, calls=totals["generations"], tier=tier, caching=caching,
                pricer=pricer,
            ),
            totals["generations"],
            totals["unpriced"],
            uncounted,
        )
        for name in models
    ]  # fmt: skip
