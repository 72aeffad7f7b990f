"""The viewer's own limit on the cost of a billing cycle, for the headline."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmtrack.ledger.limit_book import LimitUse
from llmtrack.ledger.periods import Period, from_micros
from pages.components.usage.headline import CycleLimit


def of_cycle(uses: Sequence[LimitUse], period: Period) -> CycleLimit | None:
    """The limit on the cost of this billing cycle; of several the one with the least room. None without any.

    A limit per month is one, where months and cycles begin on the same day.
    """
    whole = (period.start, period.end)
    own = [
        use
        for use in uses
        if use.limit.scope == "user" and use.limit.unit == "cost" and (use.since, use.resets_at) == whole
    ]
    if not own:
        return None
    use = min(own, key=lambda use: use.room)
    amount, spent, listed = (
        Decimal(number).scaleb(-9) for number in (use.cap, use.spent + use.held, use.limit.list_price(use.cap))
    )
    return CycleLimit(amount, spent, from_micros(use.resets_at or 0), listed, use.limit.markup_percent or Decimal(0))
