"""Usage to cost, with its provenance.

`Pricer` prices a call, `estimate` one before it is made, `what_if` a whole period on another model. Importing this
package costs nothing: each name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmtrack.pricing.book import BookEntry
    from llmtrack.pricing.compare import WhatIf, what_if
    from llmtrack.pricing.engine import Pricer, in_dollars
    from llmtrack.pricing.forecast import Estimate, estimate
    from llmtrack.pricing.reasons import Reason, in_words
    from llmtrack.pricing.refresh import Freshness, freshness, keep_fresh
    from llmtrack.pricing.refusals import PriceRefused, check
    from llmtrack.pricing.usage import Cost, Price, Priceable, Usage, UsageRecord

_PLACES = {
    "book": ("BookEntry",),
    "compare": ("WhatIf", "what_if"),
    "engine": ("Pricer", "in_dollars"),
    "forecast": ("Estimate", "estimate"),
    "reasons": ("Reason", "in_words"),
    "refresh": ("Freshness", "freshness", "keep_fresh"),
    "refusals": ("PriceRefused", "check"),
    "usage": ("Cost", "Price", "Priceable", "Usage", "UsageRecord"),
}
_WHERE = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "BookEntry",
    "Cost",
    "Estimate",
    "Freshness",
    "Price",
    "PriceRefused",
    "Priceable",
    "Pricer",
    "Reason",
    "Usage",
    "UsageRecord",
    "WhatIf",
    "check",
    "estimate",
    "freshness",
    "in_dollars",
    "in_words",
    "keep_fresh",
    "what_if",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
