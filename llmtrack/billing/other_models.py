"""What a billing cycle would have cost on another model: which of several is the cheapest, and what that assumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.billing.amounts import with_markup
from llmtrack.ledger.query import ModelName, costs_elsewhere

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger


@dataclass(frozen=True, slots=True)
class OnOtherModel:
    """The chat calls of a time on another model. Money is US dollars with the markup."""

    model: str
    """As ``provider/name``."""
    cost: Decimal | None
    """None where nobody can say, for the `reason`."""
    actual: Decimal | None
    """What those calls cost, as far as it is known."""
    calls: int
    uncounted: int
    """Calls whose tokens nobody reported; they are in neither cost."""
    unpriced: int
    """Calls that are missing from `actual` and not from `cost`."""
    assumptions: tuple[str, ...]
    reason: str | None = None

    @property
    def saves(self) -> Decimal | None:
        """How much less it is; None where the two cannot be compared."""
        if self.cost is None or self.actual is None or self.unpriced:
            return None
        return self.actual - self.cost


def on_other_models(
    ledger: Ledger,
    models: Sequence[str],
    *,
    users: Sequence[str],
    since: datetime,
    until: datetime,
    timezone: str,
    percent: Decimal = Decimal(0),
) -> list[OnOtherModel]:
    """The chat calls of these users on each of `models` (``provider/name``), the cheapest first, unknown ones last.

    Prices are today's, with the price book. A name without a provider is left out.
    """
    names = [ModelName(*key.split("/", 1)) for key in dict.fromkeys(models) if "/" in key]
    if not names:
        return []
    compared = costs_elsewhere(ledger, names, since=since, until=until, timezone=timezone, where={"user": list(users)})
    results = [
        OnOtherModel(
            f"{name.provider}/{name.model}",
            None if result.answer.cost is None else with_markup(result.answer.cost, percent),
            None if result.cost is None else with_markup(result.cost, percent),
            result.calls,
            result.uncounted,
            result.unpriced,
            result.answer.assumptions,
            result.answer.reason,
        )
        for name, result in zip(names, compared, strict=True)
    ]
    return sorted(results, key=lambda result: (result.cost is None, result.cost or Decimal(0)))
