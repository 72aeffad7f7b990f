"""Whether users came back, by how much they used it and how long they waited before: first half against second half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from llmtrack.ledger import intervals
from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.engagement.calls_by_user import calls_per_user
from llmtrack.ledger.intervals import Interval
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.executor import Executor
from llmtrack.ledger.query.measures import Measure, Sum
from llmtrack.ledger.query.query import Where, make_query
from llmtrack.ledger.query.runner import MAX_ROWS

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Returned:
    """Users of the first half whose value lies from `low` up to before `high`, and those of them who came back."""

    low: float | None
    high: float | None
    users: tuple[int, ...]
    back: int

    @property
    def share(self) -> Interval | None:
        """The share that came back, with its 95 % interval (Wilson's); None of nobody."""
        return intervals.share(self.back, len(self.users))


def returned_by(
    ledger: Ledger,
    of: Literal["calls", "seconds"],
    edges: Sequence[float],
    *,
    since: datetime | date,
    middle: datetime | date,
    until: datetime | date,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> list[Returned]:
    """Users by their calls, or by their mean time of an answer in seconds, from `since` to `middle`, between `edges`.

    Somebody came back who has a call from `middle` to `until`. The filters hold for both halves. Who had no answer
    whose time is known is in no part of the second. Raises `TooManyRows` as `ask` does.
    """
    before = _values(ledger, of, since, middle, timezone, where, max_rows, cancel)
    after = calls_per_user(
        ledger, since=middle, until=until, timezone=timezone, where=where, max_rows=max_rows, cancel=cancel
    )
    bounds = [None, *edges, None]
    parts = []
    for low, high in pairwise(bounds):
        users = tuple(
            sorted(
                user
                for user, value in before.items()
                if (low is None or value >= low) and (high is None or value < high)
            )
        )
        parts.append(Returned(low, high, users, sum(user in after for user in users)))
    return parts


def _values(
    ledger: Ledger,
    of: str,
    since: datetime | date,
    until: datetime | date,
    timezone: str,
    where: Where | None,
    max_rows: int | None,
    cancel: Cancel | None,
) -> Mapping[int, float]:
    query = make_query("generations_per_user", since=since, until=until, timezone=timezone, where=where)
    sums = (_sum("generations"),) if of == "calls" else (_sum("answer_duration"), _sum("timed_answers"))
    with snapshot(ledger, cancel) as view:
        by_user = Executor(view, ledger, query, max_rows, False).user_sums(sums).get((0,), {})
    if of == "calls":
        return {user: calls for user, (calls,) in by_user.items() if user and calls}
    return {user: micros / timed / 1_000_000 for user, (micros, timed) in by_user.items() if user and timed}


def _sum(metric: str) -> Sum:
    formula = catalog.METRICS[metric].formula
    assert isinstance(formula, Measure)
    return formula.sum
