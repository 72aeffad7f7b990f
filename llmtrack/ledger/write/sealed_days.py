"""Days whose rows are gone: their totals stay as they were, and a seal shows that they did."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database import full_text
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema.rollups import DAY
from llmtrack.ledger.write import digests


def edge(connection: Connection) -> int:
    """The first UTC day (since 1970) after all that are sealed; 0 where none is."""
    return int(connection.exec_driver_sql("SELECT coalesce(max(day), -1) FROM sealed_day").scalar_one()) + 1


def sealed_among(connection: Connection, days: Iterable[int], edge: int) -> list[int]:
    """Which of these UTC days (since 1970) are sealed, when `edge` is the first after them."""
    among = ", ".join(str(day) for day in sorted(days) if day < edge)
    if not among:
        return []
    return [row[0] for row in connection.exec_driver_sql(f"SELECT day FROM sealed_day WHERE day IN ({among})")]


def seal(connection: Connection, dialect: Dialect, day: int) -> None:
    """Keeps what the totals of a day are now, to be compared with later."""
    digest = digests.in_words(digests.of_tables(connection, dialect, day, day + 1).get(day, {}))
    generations, cost = connection.exec_driver_sql(
        f"SELECT coalesce(sum(generations), 0), coalesce(sum(cost), 0) FROM rollup_day WHERE slot = {int(day)}"
    ).one()
    changes = [(column, "set") for column in ("sealed_at", "generations", "cost", "digest")]
    values = (day, time.time_ns() // 1000, int(generations), int(cost), digest)
    connection.exec_driver_sql(dialect.upsert_sql("sealed_day", ("day",), changes), values)


def remove_rows(connection: Connection, dialect: Dialect, day: int) -> int:
    """Deletes the generations and spans of a UTC day with all that was said; returns how many generations."""
    first, end = ids.first_at(day * DAY), ids.first_at((day + 1) * DAY)
    while remove_texts(connection, dialect, first, end):
        pass
    within = f">= {first} AND {{0}} < {end}"
    connection.exec_driver_sql(f"DELETE FROM pending WHERE generation {within.format('generation')}")
    connection.exec_driver_sql(f"DELETE FROM repriced WHERE generation {within.format('generation')}")
    connection.exec_driver_sql(f"DELETE FROM limit_charge WHERE generation {within.format('generation')}")
    connection.exec_driver_sql(f"DELETE FROM span WHERE id {within.format('id')}")
    return connection.exec_driver_sql(f"DELETE FROM generation WHERE id {within.format('id')}").rowcount


def remove_texts(connection: Connection, dialect: Dialect, first: int, end: int, limit: int = 1000) -> int:
    """Deletes what was said in up to `limit` generations with ids from `first` to before `end`; returns how many."""
    sql = f"SELECT id FROM generation_text WHERE id >= {first} AND id < {end} ORDER BY id LIMIT {int(limit)}"
    return remove_texts_of(connection, dialect, [row[0] for row in connection.exec_driver_sql(sql)])


def remove_texts_of(connection: Connection, dialect: Dialect, generations: list[int]) -> int:
    """Deletes what was said in these generations, from the full-text index too; returns how many there were."""
    if generations:
        full_text.unindex(connection, dialect, generations)
        gone = f"DELETE FROM generation_text WHERE id = {dialect.placeholder}"
        connection.exec_driver_sql(gone, [(id,) for id in generations])
    return len(generations)


def remove_unused_sets(connection: Connection) -> None:
    """Deletes the property sets that no generation has. Nobody may write generations meanwhile."""
    connection.exec_driver_sql(
        "WITH used AS MATERIALIZED (SELECT DISTINCT property_set FROM generation WHERE property_set IS NOT NULL) "
        "DELETE FROM property_set WHERE id NOT IN (SELECT property_set FROM used)"
    )


def exclude_writers(connection: Connection) -> None:
    """Waits for who is writing and keeps others out until the commit; then they forget what they remember."""
    connection.exec_driver_sql("UPDATE state SET value = value + 1 WHERE key = 'names'")
