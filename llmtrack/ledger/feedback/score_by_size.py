"""The feedback score by how long an answer took and how much it says, and the judgements in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.feedback.judgements import judgements
from llmtrack.ledger.query.context import query_context
from llmtrack.ledger.query.query import Where

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_VALUES = {"seconds": ("took", 1_000_000), "output_tokens": ("output_tokens", 1), "input_tokens": ("input_tokens", 1)}


@dataclass(frozen=True, slots=True)
class Scored:
    """The judgements of answers whose size lies between two edges."""

    low: float | None
    """At least this; None for the first."""
    high: float | None
    """Less than this; None for the last."""
    judged: int
    good: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The judgements of a time."""

    judged: int
    good: int
    with_comment: int
    bad_with_comment: int
    seconds_of_good: float | None
    """The median time of interactions judged good; None without any."""
    seconds_of_bad: float | None


def score_by(
    ledger: Ledger,
    of: Literal["seconds", "output_tokens", "input_tokens"],
    edges: Sequence[float],
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    cancel: Cancel | None = None,
) -> list[Scored]:
    """Judgements below the first of the `edges` (rising), from each to before the next, and from the last on.

    A judgement is about an interaction: its time is from the first call's beginning to the last one's end, its tokens
    are those of all calls together.
    """
    column, scale = _VALUES[of]
    cases = " ".join(f"WHEN {column} < {round(edge * scale)} THEN {at}" for at, edge in enumerate(edges))
    counts = dict.fromkeys(range(len(edges) + 1), (0, 0))
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        source = judgements(context)
        rows = context.snapshot.rows(
            f"SELECT CASE {cases} ELSE {len(edges)} END, COUNT(*), SUM(CASE WHEN score > 0 THEN 1 ELSE 0 END) "
            f"FROM ({source.text}) AS judged GROUP BY 1",
            source.values,
        )
    counts |= {int(at): (int(judged), int(good)) for at, judged, good in rows}
    bounds = [None, *edges, None]
    return [Scored(bounds[at], bounds[at + 1], *counts[at]) for at in range(len(edges) + 1)]


def summary(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    cancel: Cancel | None = None,
) -> Summary:
    """Judgements, comments, and the median time of what was judged good and bad."""
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        source = judgements(context)
        commented = "comment IS NOT NULL AND comment <> ''"
        judged, good, comments, bad_comments = context.snapshot.one(
            "SELECT COUNT(*), COALESCE(SUM(CASE WHEN score > 0 THEN 1 ELSE 0 END), 0), "
            f"COALESCE(SUM(CASE WHEN {commented} THEN 1 ELSE 0 END), 0), "
            f"COALESCE(SUM(CASE WHEN {commented} AND score < 0 THEN 1 ELSE 0 END), 0) FROM ({source.text}) AS judged",
            source.values,
        )
        medians: list[float | None] = []
        for sign, count in ((">", int(good)), ("<", int(judged) - int(good))):
            if not count:
                medians.append(None)
                continue
            # The nearest rank, as percentiles are everywhere: the middle one, or the lower of the two middle ones.
            (took,) = context.snapshot.one(
                f"SELECT took FROM ({source.text}) AS judged WHERE score {sign} 0 "
                f"ORDER BY took LIMIT 1 OFFSET {(count - 1) // 2}",
                source.values,
            )
            medians.append(took / 1_000_000)
    return Summary(int(judged), int(good), int(comments), int(bad_comments), medians[0], medians[1])
