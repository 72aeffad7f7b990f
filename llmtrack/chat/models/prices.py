"""What the models that can be chosen cost, by the public list and this installation's own price book."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.chat.models.model import Model

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.pricing import Pricer, Usage

_MILLION = 1_000_000
_pricers: dict[str, tuple[int, Pricer]] = {}


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """US dollars per million tokens, for calls of ordinary length. None where no such price is known."""

    input: Decimal | None
    output: Decimal | None
    cached: Decimal | None
    """Input read from a cache."""


def pricer_for(ledger: Ledger) -> Pricer:
    """The pricer with this ledger's price book; made anew when the book has changed."""
    from llmtrack.pricing import Pricer

    version, entries = ledger.book()
    cached = _pricers.get(ledger.name)
    if cached is None or cached[0] != version:
        cached = _pricers[ledger.name] = (version, Pricer(entries))
    return cached[1]


def price_of(model: Model, pricer: Pricer, at: int | None = None) -> ModelPrice | None:
    """What a model costs at a moment (microseconds since 1970, default now); None where no price is known."""
    from llmtrack.pricing import demo

    if model.simulated:
        rates = demo.RATES
    else:
        quote = pricer.quote(model.provider, model.name, at=at or time.time_ns() // 1000)
        if not quote.bands:
            return None
        rates = quote.bands[0].rates.dollars  # type: ignore[assignment]  # a mapping either way
    return ModelPrice(rates.get("input"), rates.get("output"), rates.get("cache_read"))


def cost_of(model: Model, usage: Usage, pricer: Pricer, at: int | None = None) -> Decimal | None:
    """What a call with this usage would cost, in US dollars; None where no price is known."""
    from llmtrack.pricing import UsageRecord, in_dollars

    moment = at or time.time_ns() // 1000
    call = UsageRecord(usage, model.provider, model.name, moment, simulated=model.simulated)
    return in_dollars(pricer.price(call).total)
