"""Percentiles over any period: sketches are added up, and values of rows that no sketch covers join them.

A sketch is a histogram whose buckets grow by a constant factor (log-buckets, `schema.sketch`): counts per bucket add up
and can be subtracted, and the middle of a bucket is within 1 % of every value in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from llmtrack.ledger.query.measures import Distribution
from llmtrack.ledger.query.planner import Scan, Slice
from llmtrack.ledger.query.sql_filters import SqlBuilder
from llmtrack.ledger.query.sql_sums import GroupKey, id_spans, slot_spans, within
from llmtrack.ledger.schema.sketch import bucket_of, middle_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_BUCKETS = 2_304
"""More than any 63-bit integer needs."""


def read_distribution(
    builder: SqlBuilder, distribution: Distribution, scans: Sequence[Scan], rows: Sequence[Slice]
) -> Mapping[GroupKey, Counts]:
    """How often each log-bucket occurs, by group."""
    import numpy as np

    of = distribution.of
    condition = builder.condition(distribution.only, "{}")
    only = f" AND {condition}" if condition else ""
    blobs: dict[GroupKey, list[bytes]] = {}
    width = len(builder.dimensions) + 1
    for scan in scans:
        keys, where = builder.group_keys("r", rows=False), builder.where("r", rows=False)
        select, source, time_bucket = slot_spans(scan, builder)
        sql = (
            f"{select}{keys.text}, r.{of} FROM {source.format(scan.rollup.table, builder.joins('r'))} "
            f"AND r.{of} IS NOT NULL{where.text}{only.format('r')}"
        )
        for row in builder.snapshot.rows(sql, (*keys.values, *where.values)):
            blobs.setdefault((time_bucket(row[0]), *row[1:width]), []).append(bytes(row[width]))
    histograms: dict[GroupKey, Counts] = {}
    for key, group in blobs.items():
        # A blob is pairs of 16-bit integers (log-bucket, count); blobs of one group are counted as if they were one.
        pairs = np.frombuffer(b"".join(group), dtype="<u2").reshape(-1, 2)
        histograms[key] = np.bincount(pairs[:, 0], weights=pairs[:, 1], minlength=_BUCKETS).astype(np.int64)
    if rows:
        keys, where = builder.group_keys("g", rows=True), builder.where("g", rows=True)
        span_table, uses = id_spans(rows)
        sql = (
            f"{span_table} SELECT span.k{keys.text}, g.{of} FROM span CROSS JOIN generation AS g{builder.joins('g')} "
            f"WHERE {within(builder.snapshot.dialect, rows)} AND g.{of} IS NOT NULL{where.text}{only.format('g')}"
        )
        for row in builder.snapshot.rows(sql, (*keys.values, *where.values)):
            at = bucket_of(row[width])
            for number, sign in uses[row[0]]:
                key = (number, *row[1:width])
                if key not in histograms:
                    histograms[key] = np.zeros(_BUCKETS, dtype=np.int64)
                histograms[key][at] += sign
    return {key: counts for key, counts in histograms.items() if counts.any()}


def merged(distributions: Mapping[GroupKey, Counts]) -> Counts | None:
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
