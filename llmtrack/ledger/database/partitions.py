"""Monthly partitions of the large tables on PostgreSQL, by range of the id, which is the time.

A query about a time reads its months, and a month that is no longer kept goes at once, with the space it took. What is
older than the day on which a ledger was divided lies together in one partition, as it was before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from llmtrack import ids

TEXTS = ("generation_text", "generation_search")
TABLES = ("generation", *TEXTS)
"""The tables that are divided."""
_LOCK = 7_305_809_412_118_902_125  # a number nobody else uses
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_BOUNDS = re.compile(r"FROM \((MINVALUE|'?-?\d+'?)\) TO \((MAXVALUE|'?-?\d+'?)\)")
_LOCK_TIMEOUT = "2s"
"""How long the removal of a partition waits for its readers; others wait behind it meanwhile."""
_DAY = 86_400_000_000


class Partition(NamedTuple):
    """A part of a table: the rows with ids from `first` to before `end`."""

    table: str
    name: str
    first: int
    end: int


def partitions(connection: Connection) -> dict[str, list[Partition]]:
    """The partitions of each table that is divided."""
    tables = ", ".join(f"'{table}'" for table in TABLES)
    rows = connection.exec_driver_sql(
        "SELECT p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class p "
        "LEFT JOIN pg_inherits i ON i.inhparent = p.oid LEFT JOIN pg_class c ON c.oid = i.inhrelid "
        f"WHERE p.relname IN ({tables}) AND p.relkind = 'p' AND p.relnamespace = current_schema()::regnamespace"
    )
    divided: dict[str, list[Partition]] = {}
    for table, name, bounds in rows:
        parts = divided.setdefault(table, [])
        if name is not None:
            parts.append(Partition(table, name, *_limits_in(bounds)))
    return divided


def make_room(connection: Connection, generations: Iterable[int]) -> None:
    """Makes the partitions that rows with these ids need, where they are not there."""
    days = {ids.started_at(id) // _DAY for id in generations}
    months = sorted({_month_of(day * _DAY) for day in days})
    if not _missing(partitions(connection), months):
        return
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")  # one process makes them
    for table, month in _missing(partitions(connection), months):
        name = f"{table}_{month // 12}_{month % 12 + 1:02d}"
        # Attached, and not created as a partition: nobody who reads or writes has to wait for that.
        connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        bounds = f"FROM ({first_id(month)}) TO ({first_id(month + 1)})"
        connection.exec_driver_sql(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {bounds}")


def make_ready(connection: Connection, now: int) -> None:
    """Makes the partitions of the present month and of the next one; `now` is microseconds since 1970."""
    month = _month_of(now)
    make_room(connection, (first_id(month), first_id(month + 1)))


def drop_texts(connection: Connection, before: int) -> int:
    """Drops the partitions of texts whose ids all lie before this one; returns how many texts went with them."""
    count = 0
    for part in _ended(connection, TEXTS, before):
        if part.table == "generation_text":
            connection.exec_driver_sql(f"DELETE FROM unindexed WHERE id >= {part.first} AND id < {part.end}")
            count += int(connection.exec_driver_sql(f"SELECT count(*) FROM {part.name}").scalar_one())
        _drop(connection, part)
    return count


def drop_empty(connection: Connection, before: int) -> list[str]:
    """Drops the partitions of months of which no row is left, with ids before this one alone; returns their names."""
    ended = _ended(connection, TABLES, before)
    used = {
        part.first
        for part in ended
        if connection.exec_driver_sql(f"SELECT 1 FROM {part.name} LIMIT 1").first() is not None
    }
    gone = [part for part in ended if part.first not in used]
    for part in gone:
        _drop(connection, part)
    return [part.name for part in gone]


def first_id(month: int) -> int:
    """The first id of a month, counted since the year 0."""
    return ids.first_at(int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1_000_000)


def _ended(connection: Connection, tables: Iterable[str], before: int) -> list[Partition]:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
    there = partitions(connection)
    ended = (part for table in tables for part in there.get(table, ()) if part.end <= before)
    return sorted(ended, key=lambda part: (part.first, part.name))


def _drop(connection: Connection, part: Partition) -> None:
    connection.exec_driver_sql(f"ALTER TABLE {part.table} DETACH PARTITION {part.name}")
    connection.exec_driver_sql(f"DROP TABLE {part.name}")


def _missing(there: Mapping[str, list[Partition]], months: Iterable[int]) -> list[tuple[str, int]]:
    """The months for which a divided table has no partition."""
    return [
        (table, month)
        for table, parts in there.items()
        for month in months
        if not any(part.first <= first_id(month) < part.end for part in parts)
    ]


def _limits_in(bounds: str) -> tuple[int, int]:
    match = _BOUNDS.search(bounds)
    if match is None:
        return _LOWEST, _HIGHEST  # a default partition of somebody's own making has room for everything
    first, end = (bound.strip("'") for bound in match.groups())
    return (_LOWEST if first == "MINVALUE" else int(first)), (_HIGHEST if end == "MAXVALUE" else int(end))


def _month_of(at: int) -> int:
    when = datetime.fromtimestamp(at / 1e6, UTC)
    return when.year * 12 + when.month - 1
