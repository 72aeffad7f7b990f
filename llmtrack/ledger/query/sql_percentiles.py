"""Percentiles over any stretch of time: sketches added up, and rows no sketch covers put in the same buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from llmtrack.ledger.query.measures import Distribution
from llmtrack.ledger.query.planner import Part, Piece
from llmtrack.ledger.query.sql_filters import Scope
from llmtrack.ledger.query.sql_sums import Key, id_spans, slot_spans, within
from llmtrack.ledger.schema.sketch import bucket_of, middle_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_BUCKETS = 2_304
"""More than any 63-bit integer needs."""


def read_distribution(
    scope: Scope, distribution: Distribution, parts: Sequence[Part], rows: Sequence[Piece]
) -> Mapping[Key, Counts]:
    """How often each log-bucket occurs, by bucket of time and dimensions."""
    import numpy as np

    of = distribution.of
    condition = scope.condition(distribution.only, "{}")
    only = f" AND {condition}" if condition else ""
    blobs: dict[Key, list[bytes]] = {}
    width = len(scope.dimensions) + 1
    for part in parts:
        keys, where = scope.keys("r", rows=False), scope.where("r", rows=False)
        start, test, bucket = slot_spans(part, scope)
        sql = (
            f"{start}{keys.text}, r.{of} FROM {test.format(part.rollup.table, scope.joins('r'))} AND r.{of} IS NOT NULL"
            f"{where.text}{only.format('r')}"
        )
        for row in scope.snapshot.rows(sql, (*keys.values, *where.values)):
            blobs.setdefault((bucket(row[0]), *row[1:width]), []).append(bytes(row[width]))
    found: dict[Key, Counts] = {}
    for key, group in blobs.items():
        pairs = np.frombuffer(b"".join(group), dtype="<u2").reshape(-1, 2)
        found[key] = np.bincount(pairs[:, 0], weights=pairs[:, 1], minlength=_BUCKETS).astype(np.int64)
    if rows:
        keys, where = scope.keys("g", rows=True), scope.where("g", rows=True)
        begin, uses = id_spans(rows)
        sql = (
            f"{begin} SELECT span.k{keys.text}, g.{of} FROM span CROSS JOIN generation AS g{scope.joins('g')} "
            f"WHERE {within(scope.snapshot.dialect, rows)} AND g.{of} IS NOT NULL{where.text}{only.format('g')}"
        )
        for row in scope.snapshot.rows(sql, (*keys.values, *where.values)):
            at = bucket_of(row[width])
            for number, sign in uses[row[0]]:
                key = (number, *row[1:width])
                if key not in found:
                    found[key] = np.zeros(_BUCKETS, dtype=np.int64)
                found[key][at] += sign
    return {key: counts for key, counts in found.items() if counts.any()}


def merged(distributions: Mapping[Key, Counts]) -> Counts | None:
    """All of them as one."""
    if not distributions:
        return None
    first, *others = distributions.values()
    total = first.copy()
    for other in others:
        total += other
    return total


def percentile(counts: Counts | None, share: float) -> float | None:
    """The value at or below which `share` of the values lie (nearest rank, within 1 %); None where there are none."""
    import numpy as np

    if counts is None or not (number := int(counts.sum())):
        return None
    rank = max(1, ceil(share * number))
    return middle_of(int(np.searchsorted(np.cumsum(counts), rank)))
