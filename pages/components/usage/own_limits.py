"""The viewer's own limits: the one on the cost of a billing cycle for the headline, and the others beside it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmtrack.billing.limits import amount_in_words, span_in_words
from llmtrack.ledger.limit_book import LimitUse, limit_use
from llmtrack.ledger.periods import from_micros
from pages.components import queries
from pages.components.usage.headline import CycleLimit, Fact
from pages.components.viewer import require_numbers


def read(users: Sequence[str]) -> list[LimitUse]:
    """What of the limits on these user ids is used in their present periods."""
    require_numbers({"user": list(users)})
    ledger = queries.ledger()
    return [use for user in users for use in limit_use(ledger, user=user)]


def of_cycle(uses: Sequence[LimitUse]) -> CycleLimit | None:
    """The limit on the cost of a billing cycle; of several the one with the least room. None without any."""
    own = [use for use in uses if (use.limit.unit, use.limit.period) == ("cost", "cycle") and use.resets_at is not None]
    if not own:
        return None
    use = min(own, key=lambda use: use.room)
    spent = Decimal(use.spent + use.held).scaleb(-9)
    return CycleLimit(Decimal(use.cap).scaleb(-9), spent, from_micros(use.resets_at or 0))


def others(uses: Sequence[LimitUse]) -> list[Fact]:
    """A line for each of the other limits: what of it is used, calls under way included."""
    lines: list[Fact] = []
    for use in uses:
        limit = use.limit
        if (limit.unit, limit.period) == ("cost", "cycle"):
            continue
        name = f"Limit on {limit.unit} {span_in_words(limit)}"
        used = amount_in_words(limit, use.spent + use.held)
        why = "Calls under way are counted with what they hold." if use.held else ""
        lines.append((name, f"{used} of {amount_in_words(limit, use.cap)}", why))
    return lines
