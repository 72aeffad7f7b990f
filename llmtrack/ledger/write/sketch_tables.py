"""Adding to stored sketches: mostly by writing more pairs behind those that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema import sketch
from llmtrack.ledger.schema.rollups import SKETCHED, Rollup

Key = tuple[int, ...]
Counts = dict[int, int]
Triple = tuple[Counts, Counts, Counts]

_LONGEST = 2048
"""Bytes from which a sketch is packed anew, so that each bucket is there once; 250 of them fill half of it."""


def store_sketches(connection: Connection, dialect: Dialect, rollup: Rollup, spread: Mapping[Key, Triple]) -> None:
    """Adds counts to the sketches of their keys; negative counts take away."""
    keys = sorted(spread)
    dialect.lock_sketches(connection)
    lengths = tuple(f"coalesce(length({column}), 0)" for column in SKETCHED)
    rows = dialect.select_by_key(connection, rollup.table, rollup.key, lengths, keys)
    long = {row[: len(rollup.key)] for row in rows if max(row[len(rollup.key) :]) > _LONGEST}
    anew = [key for key in keys if key in long or any(count < 0 for counts in spread[key] for count in counts.values())]
    short = set(keys).difference(anew)
    _append(connection, dialect, rollup, {key: spread[key] for key in keys if key in short})
    _merge(connection, dialect, rollup, {key: spread[key] for key in anew})


def _append(connection: Connection, dialect: Dialect, rollup: Rollup, spread: Mapping[Key, Triple]) -> None:
    rows = [
        (*key, *blobs) for key, triple in spread.items() if any(blobs := [sketch.pack(counts) for counts in triple])
    ]
    if rows:
        columns = {**dict.fromkeys(rollup.key, "bigint"), **dict.fromkeys(SKETCHED, "bytea")}
        conflict = dialect.conflict_sql(rollup.table, rollup.key, [(column, "append") for column in SKETCHED])
        dialect.upsert_rows(connection, rollup.table, columns, rows, conflict)


def _merge(connection: Connection, dialect: Dialect, rollup: Rollup, spread: Mapping[Key, Triple]) -> None:
    stored: dict[Key, Sequence[bytes | None]] = {
        row[: len(rollup.key)]: row[len(rollup.key) :]
        for row in dialect.select_by_key(connection, rollup.table, rollup.key, SKETCHED, list(spread))
    }
    rows, gone = [], []
    for key, triple in spread.items():
        blobs = []
        for counts, blob in zip(triple, stored.get(key, (None, None, None)), strict=True):
            sketch.add(counts, blob)
            blobs.append(sketch.pack(counts))
        (rows.append((*key, *blobs)) if any(blobs) else gone.append(key))
    if rows:
        changes = [(column, "set") for column in SKETCHED]
        connection.exec_driver_sql(dialect.upsert_sql(rollup.table, rollup.key, changes), rows)
    if gone:
        where = " AND ".join(f"{column} = {dialect.placeholder}" for column in rollup.key)
        connection.exec_driver_sql(f"DELETE FROM {rollup.table} WHERE {where}", gone)
