"""The answers somebody judged, the worst, the best or the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.feedback.judgements import judgements
from llmtrack.ledger.lists.pagination import dollars, page_size
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.query.context import query_context
from llmtrack.ledger.query.names import texts_of
from llmtrack.ledger.query.query import Where

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

Order = Literal["bad", "good", "latest"]
# What somebody took the trouble to explain comes before what they only marked.
_TOLD = "CASE WHEN comment IS NOT NULL AND comment <> '' THEN 0 ELSE 1 END"
_ORDERS = {"bad": f"score, {_TOLD}, at DESC", "good": f"score DESC, {_TOLD}, at DESC", "latest": "at DESC"}


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """A judgement with the interaction it is about."""

    trace: str
    user: str | None
    """Whose interaction it is; the judge may be somebody else."""
    score: int
    """1 or -1."""
    comment: str | None
    at: datetime
    """When it was judged."""
    seconds: float
    """From the first call's beginning to the last one's end."""
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """In US dollars; None where a call is unpriced and nothing else cost anything."""
    model: str | None
    """Of the interaction's last call."""


def judged_answers(
    ledger: Ledger,
    order: Order = "bad",
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    limit: int = 10,
    offset: int = 0,
    cancel: Cancel | None = None,
) -> Sequence[JudgedAnswer]:
    """Answers judged in the time: ``bad`` or ``good`` ones first, those with a comment before others, or the latest.

    Raises ValueError for another order.
    """
    if order not in _ORDERS:
        raise ValueError(f"Judged answers cannot be sorted by {order!r}; choose one of {', '.join(_ORDERS)}.")
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        source = judgements(context)
        rows = context.snapshot.rows(
            "SELECT trace, trace_id, who, score, comment, at, took, input_tokens, output_tokens, cost, unpriced, "
            "(SELECT l.model FROM generation AS l WHERE l.trace = judged.trace AND l.model IS NOT NULL "
            f"ORDER BY l.id DESC LIMIT 1) FROM ({source.text}) AS judged "
            f"ORDER BY {_ORDERS[order]}, trace, judge LIMIT {page_size(limit)} OFFSET {max(0, int(offset))}",
            source.values,
        )
        users = texts_of(context.snapshot, "user", [row[2] for row in rows if row[2]])
        return [
            JudgedAnswer(
                trace=row[1], user=users.get(row[2]), score=row[3], comment=row[4] or None,
                at=from_micros(row[5], timezone), seconds=row[6] / 1_000_000, input_tokens=row[7],
                output_tokens=row[8], cost=None if row[10] and not row[9] else dollars(row[9]),
                model=context.names.text(row[11]),
            )
            for row in rows
        ]  # fmt: skip
