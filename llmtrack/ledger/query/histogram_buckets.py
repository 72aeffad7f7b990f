"""Histograms with the bounds somebody else gives, such as a monitor's, from the sketches that percentiles come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.query.executor import Executor
from llmtrack.ledger.query.measures import Distribution
from llmtrack.ledger.query.query import make_query
from llmtrack.ledger.query.runner import MAX_ROWS
from llmtrack.ledger.schema.sketch import bucket_of

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values of one group are at most each bound, to within 1 % of the bound."""

    group: Mapping[str, Any]
    """The value of each dimension."""
    counts: Sequence[int]
    """Of values at most each bound, in the order of the bounds."""
    total: int
    """All values."""


def histograms(
    ledger: Ledger,
    of: Literal["duration", "time_to_first_token"],
    bounds: Sequence[float],
    by: Sequence[str] = (),
    *,
    since: datetime | date | None = None,
    cancel: Cancel | None = None,
) -> list[Histogram]:
    """The histogram of each group, of generations of any status. `bounds` are seconds, rising."""
    query = make_query("generations", by, since=since)
    edges = [bucket_of(round(bound * 1_000_000)) for bound in bounds]
    with snapshot(ledger, cancel) as view:
        executor = Executor(view, ledger, query, MAX_ROWS, False)
        by_group = executor.distribution(Distribution(of))
        texts = executor.texts([key[1:] for key in by_group])
        result = []
        for key, counts in by_group.items():
            cumulated = counts.cumsum()
            group = dict(zip(query.by, texts[key[1:]], strict=True))
            result.append(Histogram(group, [int(cumulated[edge]) for edge in edges], int(cumulated[-1])))
        return result
