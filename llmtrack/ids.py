"""Ids that sort by time."""

from __future__ import annotations

import itertools
import os
import time

_EPOCH = 1_577_836_800_000_000  # 2020-01-01T00:00Z in microseconds
_RANDOM_BITS = 12
_spread = itertools.count(int.from_bytes(os.urandom(4), "big"))


def new_id(now: int | None = None) -> int:
    """A new 63-bit id: the microsecond it was made in (since 2020), then 12 bits that differ between neighbours.

    Two processes may, rarely, make the same id in the same microsecond; the store then moves one of them on by one,
    so uniqueness is the database's to give and nothing is lost. Lasts until 2091.
    """
    micros = (time.time_ns() // 1000 if now is None else now) - _EPOCH
    return (micros << _RANDOM_BITS) | (next(_spread) * 2_654_435_761 >> 7 & 0xFFF)


def started_at(id: int) -> int:
    """Microseconds since 1970 in which `id` was made."""
    return (id >> _RANDOM_BITS) + _EPOCH


def first_at(micros: int) -> int:
    """The smallest id made at or after `micros` (since 1970): a time range is a range of ids."""
    return (micros - _EPOCH) << _RANDOM_BITS


def moved_to(id: int, micros: int) -> int:
    """`id` as if it had been made at `micros`, its last bits kept."""
    return first_at(micros) | (id & ((1 << _RANDOM_BITS) - 1))
