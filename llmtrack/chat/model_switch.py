"""What switching the model in a conversation did to its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Message
    from llmtrack.ledger.chats import Figures

NOTABLE = Decimal("1.5")
"""A smaller factor than this is no news: a history grows, and answers differ in length."""


@dataclass(frozen=True, slots=True)
class ModelSwitch:
    """The last time another model was asked than before, where that made answers dearer."""

    before: str
    """``provider/name``."""
    now: str
    cost_before: Decimal
    """US dollars for an answer, on the average of those of the model before."""
    cost_now: Decimal

    @property
    def factor(self) -> Decimal:
        """How many times as much an answer costs now."""
        return self.cost_now / self.cost_before


def model_switch(branch: Sequence[Message], figures: Mapping[int, Figures]) -> ModelSwitch | None:
    """The switch that made the answers of a branch at least half as dear again; None where there is none.

    Answers whose cost is not known, or is simulated, are left out.
    """
    runs: list[tuple[str, list[Decimal]]] = []
    for message in branch:
        figure = figures.get(message.id)
        if message.role != "assistant" or message.model is None or figure is None or not figure.cost:
            continue
        if figure.cost_status == "simulated":
            continue
        if not runs or runs[-1][0] != message.model:
            runs.append((message.model, []))
        runs[-1][1].append(figure.cost)
    if len(runs) < 2:
        return None
    (before, earlier), (now, later) = runs[-2:]
    switch = ModelSwitch(before, now, sum(earlier, Decimal(0)) / len(earlier), sum(later, Decimal(0)) / len(later))
    return switch if switch.factor >= NOTABLE else None
