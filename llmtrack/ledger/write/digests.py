"""Digests of all totals of a day: what `verify` compares, and what a sealed day is checked against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema import sketch
from llmtrack.ledger.schema.rollups import CUBES, DAY, DAY_USER, DAY_USER_MEASURES, MEASURES, SEEN, SKETCHED, SKETCHES
from llmtrack.ledger.write.rollup_delta import RollupDelta, stored_cubes

_SIZE = 16
_ALL = 1 << 8 * _SIZE
_EPOCH_DAY = date(1970, 1, 1).toordinal()

Digests = dict[int, dict[str, int]]
"""By day and table: the sum of a hash of every row, so that the order of rows does not matter."""


def of_delta(delta: RollupDelta, edge: int) -> Digests:
    """The digests of the totals as they should be, when `edge` is the first UTC day after all sealed ones."""
    digests: Digests = {}
    cubes = stored_cubes(delta.cubes(), edge)
    for rollup in CUBES:
        slot = rollup.key.index("slot")
        for key, sums in cubes[rollup.table].items():
            _count(digests, rollup.table, key[slot] * rollup.length // DAY, (*key, *map(int, sums)))
    for key, values in delta.day_users(cubes["rollup_user_day"]).items():
        _count(digests, "rollup_day_user", key[0], (*key, *map(int, values)))
    for key, days in delta.seen().items():
        for day in _days(key[0], days):
            _count(digests, "rollup_seen", day, key)
    sketches = delta.sketches()
    for rollup in SKETCHES:
        slot = rollup.key.index("slot")
        for key, spread in sketches[rollup.table].items():
            blobs = [sketch.pack(counts) for counts in spread]
            if any(blobs):
                _count(digests, rollup.table, key[slot] * rollup.length // DAY, (*key, *blobs))
    return digests


def of_tables(
    connection: Connection,
    dialect: Dialect,
    since: int,
    until: int,
    there: Mapping[str, Sequence[str]] | None = None,
) -> Digests:
    """The digests of the totals as they are stored, for the days from `since` to before `until`.

    `there` are the columns of a ledger's tables, where they may be fewer than today's.
    """
    digests: Digests = {}
    for rollup in (*CUBES, *SKETCHES):
        values = MEASURES if rollup in CUBES else SKETCHED
        if there is not None:
            if rollup.table not in there:
                continue
            values = tuple(column for column in values if column in there[rollup.table])
        slot, slots = rollup.key.index("slot"), DAY // rollup.length
        for row in _stored(connection, dialect, rollup.table, (*rollup.key, *values), since * slots, until * slots):
            if rollup in SKETCHES:
                # Packed anew, because what was appended to it bit by bit says the same in other bytes.
                blobs = [sketch.pack(sketch.unpack(blob)) for blob in row[len(rollup.key) :]]
                row = (*row[: len(rollup.key)], *blobs)
            _count(digests, rollup.table, row[slot] // slots, row)
    for row in _stored(connection, dialect, "rollup_day_user", (*DAY_USER.key, *DAY_USER_MEASURES), since, until):
        _count(digests, "rollup_day_user", row[0], row)
    first, last = _month_of(since), _month_of(until)
    for *key, days in _stored(connection, dialect, "rollup_seen", (*SEEN.key, "days"), first, last + 1):
        for day in _days(key[0], days):
            if since <= day < until:
                _count(digests, "rollup_seen", day, tuple(key))
    return digests


def in_words(digests: dict[str, int]) -> str:
    """The digests of one day as one text."""
    lines = "\n".join(f"{table} {digest:032x}" for table, digest in sorted(digests.items()))
    return blake2b(lines.encode(), digest_size=_SIZE).hexdigest()


def _stored(
    connection: Connection, dialect: Dialect, table: str, columns: Sequence[str], since: int, until: int
) -> Iterator[tuple[Any, ...]]:
    sql = (
        f"SELECT {', '.join(columns)} FROM {table} WHERE slot >= {dialect.placeholder} AND slot < {dialect.placeholder}"
    )
    for row in connection.exec_driver_sql(sql, (since, until), execution_options={"stream_results": True}):
        yield tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


def _count(digests: Digests, table: str, day: int, row: Iterable[Any]) -> None:
    digest = int.from_bytes(blake2b(repr(tuple(row)).encode(), digest_size=_SIZE).digest(), "big")
    tables = digests.setdefault(day, {})
    tables[table] = (tables.get(table, 0) + digest) % _ALL


def _days(month: int, bits: int) -> Iterator[int]:
    first = date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH_DAY
    return (first + bit for bit in range(31) if bits >> bit & 1)


def _month_of(day: int) -> int:
    when = date.fromordinal(day + _EPOCH_DAY)
    return when.year * 12 + when.month - 1
