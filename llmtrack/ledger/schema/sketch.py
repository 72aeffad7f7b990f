"""Distributions that can be added up: counts in buckets that grow by a constant factor.

The idea is DDSketch's (Masson, Rim, Lee: DDSketch, VLDB 2019): a bucket holds the values from one power of `GAMMA` to
the next, so its middle is within 1 % of every value in it, and two sketches are merged by adding their counts.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from math import ceil, log

ERROR = 0.0099
"""Relative error of a percentile; a little below 1 %, so that rounding cannot take it beyond."""
GAMMA = (1 + ERROR) / (1 - ERROR)
_PER_LOG = 1 / log(GAMMA)
_FULL = 0xFFFF


def bucket_of(value: int) -> int:
    """The bucket of a value: 0 for 0, then up to about 2,210 for the largest 63-bit integer."""
    return 1 + ceil(log(value) * _PER_LOG) if value > 0 else 0


def middle_of(bucket: int) -> float:
    """The value that stands for all in a bucket."""
    return 2 * GAMMA ** (bucket - 1) / (1 + GAMMA) if bucket else 0.0


def pack(counts: Mapping[int, int]) -> bytes | None:
    """Counts by bucket as bytes, None where there are none.

    Pairs of 16-bit integers, bucket and count, little-endian, in the order of buckets; a count over 65,535 is spread
    over several pairs of the same bucket. Fixed width: numpy can join and add thousands of sketches at once, and
    more pairs can be written behind the last: a stored sketch may hold a bucket more than once.
    """
    if not counts:
        return None
    if min(counts.values()) > 0 and max(counts.values()) <= _FULL:  # as nearly always
        flat = array("H", [part for bucket in sorted(counts) for part in (bucket, counts[bucket])])
    else:
        flat = array("H", _spread(counts))
    if sys.byteorder == "big":
        flat.byteswap()
    return flat.tobytes() or None


def _spread(counts: Mapping[int, int]) -> Iterator[int]:
    for bucket in sorted(counts):
        count = counts[bucket]
        if count < 0:
            raise ValueError(f"bucket {bucket} would hold {count} values")
        while count > 0:
            yield from (bucket, min(count, _FULL))
            count -= _FULL


def unpack(blob: bytes | None) -> dict[int, int]:
    """Counts by bucket from bytes."""
    counts: dict[int, int] = {}
    add(counts, blob)
    return counts


def add(counts: dict[int, int], blob: bytes | None) -> None:
    """Adds a packed sketch to `counts`."""
    if not blob:
        return
    flat = array("H", blob)
    if sys.byteorder == "big":
        flat.byteswap()
    for bucket, count in zip(flat[::2], flat[1::2], strict=True):
        counts[bucket] = counts.get(bucket, 0) + count


def counted(values: Iterable[int]) -> dict[int, int]:
    """Counts by bucket of some values."""
    counts: dict[int, int] = {}
    for value in values:
        bucket = bucket_of(value)
        counts[bucket] = counts.get(bucket, 0) + 1
    return counts


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The value below or at which `share` (0 to 1) of the values lie, by nearest rank; None where there are none.

    Within 1 % of the exact one: the smallest value with at least ``ceil(share * n)`` values at or below it.
    """
    rank = max(1, ceil(share * sum(counts.values())))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0:
            return middle_of(bucket)
    return None
