"""Limits: which apply to a call, what it holds of them while it is under way, and the refusal of what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.billing.limits.facts import facts_of as facts_of
    from llmtrack.billing.limits.limited_call import PriceBook as PriceBook
    from llmtrack.billing.limits.limiter import Limiter as Limiter
    from llmtrack.billing.limits.process_holder import is_dead as is_dead
    from llmtrack.billing.limits.recovery import dead_holders as dead_holders
    from llmtrack.billing.limits.recovery import release_holder as release_holder
    from llmtrack.billing.limits.recovery import settle as settle
    from llmtrack.billing.limits.refusals import Refusal as Refusal
    from llmtrack.billing.limits.refusals import unavailable as unavailable
    from llmtrack.billing.limits.sizing import Destination as Destination
    from llmtrack.billing.limits.sizing import Sizing as Sizing
    from llmtrack.billing.limits.wording import amount_in_words as amount_in_words
    from llmtrack.billing.limits.wording import limit_in_words as limit_in_words
    from llmtrack.billing.limits.wording import markup_in_words as markup_in_words
    from llmtrack.billing.limits.wording import span_in_words as span_in_words
    from llmtrack.billing.limits.wording import value_of as value_of
    from llmtrack.billing.limits.wording import whom_in_words as whom_in_words

_MODULES = {
    "facts": ("facts_of",),
    "limited_call": ("PriceBook",),
    "limiter": ("Limiter",),
    "process_holder": ("is_dead",),
    "recovery": (
        "dead_holders",
        "release_holder",
        "settle",
    ),
    "refusals": (
        "Refusal",
        "unavailable",
    ),
    "sizing": (
        "Destination",
        "Sizing",
    ),
    "wording": (
        "amount_in_words",
        "limit_in_words",
        "markup_in_words",
        "span_in_words",
        "value_of",
        "whom_in_words",
    ),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
