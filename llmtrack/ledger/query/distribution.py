"""How many values of a distribution lie between given edges, from sketches as percentiles are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.executor import Executor
from llmtrack.ledger.query.measures import Percentile
from llmtrack.ledger.query.query import Where, make_query
from llmtrack.ledger.query.runner import MAX_ROWS

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
    from llmtrack.ledger.schema.sketch import middle_of

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
