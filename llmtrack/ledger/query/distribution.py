"""How many values of a distribution lie between given edges, from the sketches that percentiles come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.executor import Executor
from llmtrack.ledger.query.measures import Distribution, Percentile
from llmtrack.ledger.query.query import Where, make_query
from llmtrack.ledger.query.runner import MAX_ROWS
from llmtrack.ledger.schema.sketch import bucket_of, middle_of

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


def histogram(
    ledger: Ledger,
    metric: str,
    edges: Sequence[float],
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> list[int]:
    """Counts up to the first of the `edges`, between each and the next (which belongs to it), and above the last.

    `metric` is a percentile, as ``duration_p50``: its distribution is what is counted. Edges are in its unit, rising;
    a value within 1 % of one may count on its other side. Raises ValueError for another metric, and `TooManyRows`.
    """
    formula = catalog.metric(metric).formula
    if not isinstance(formula, Percentile):
        raise ValueError(f"{metric!r} has no distribution; name a percentile, such as duration_p50.")
    scale = 1_000_000_000 if formula.of.of == "cost" else 1_000_000
    query = make_query(metric, since=since, until=until, timezone=timezone, where=where)
    counts = [0] * (len(edges) + 1)
    with snapshot(ledger, cancel) as view:
        executor = Executor(view, ledger, query, max_rows, False)
        merged = executor.merged(executor.distribution(formula.of))
    if merged is None:
        return counts
    at = 0
    for bucket in merged.nonzero()[0]:
        value = middle_of(int(bucket)) / scale
        while at < len(edges) and value > edges[at]:
            at += 1
        counts[at] += int(merged[bucket])
    return counts


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
