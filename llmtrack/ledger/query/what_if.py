"""What a stretch of time would have cost on another model, from the token classes that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.metrics import Filter, ask
from llmtrack.pricing.compare import WhatIf, what_if
from llmtrack.pricing.engine import Pricer
from llmtrack.pricing.usage import Usage

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
    """Of those calls, as far as it is known."""
    answer: WhatIf
    calls: int
    unpriced: int
    """Calls whose real cost nobody knows."""
    uncounted: int
    """Calls whose tokens nobody reported; they are in neither cost."""


def cost_elsewhere(
    ledger: Ledger,
    model: str,
    provider: str,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Mapping[str, Any] | None = None,
    tier: str | None = None,
    caching: bool = True,
    pricer: Pricer | None = None,
) -> Elsewhere:
    """What the chat calls in a stretch of time would have cost on `model` at `provider`; simulated ones are left out.

    `where` narrows them down as for `ask`. Prices are those of now, with the price book, unless a `pricer` is given.
    """
    filters = [Filter("cost_status", ("simulated",), negated=True), Filter("operation", COMPARED)]
    for name, value in (where or {}).items():
        filters.append(Filter(name, tuple(value) if isinstance(value, list | tuple) else (value,)))
    metrics = ["generations", "cost", "unpriced", "input_known", "output_known", *_CLASSES]
    totals = ask(ledger, metrics, since=since, until=until, timezone=timezone, where=filters).totals
    usage = Usage(**{name: totals[name] for name in _CLASSES})
    answer = what_if(
        usage,
        model,
        provider,
        calls=totals["generations"],
        tier=tier,
        caching=caching,
        pricer=pricer or Pricer(ledger.book()[1]),
    )
    uncounted = totals["generations"] - min(totals["input_known"], totals["output_known"])
    return Elsewhere(totals["cost"], answer, totals["generations"], totals["unpriced"], uncounted)
