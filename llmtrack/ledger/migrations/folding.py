"""Making two providers of a ledger one, in its rows and in every total, sealed days included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, inspect

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema.rollups import CUBES, SEEN, SKETCHES, Rollup
from llmtrack.ledger.write import digests

_MERGED = (*CUBES, *SKETCHES, SEEN)


def keep_regions(connection: Connection, dialect: Dialect, regions: Mapping[str, str]) -> None:
    """Gives the rows of these providers the region that their name stands for, before it is folded away."""
    placeholder = dialect.placeholder
    for provider, region in regions.items():
        sql = f"SELECT id FROM name WHERE kind = 'region' AND text = {placeholder}"
        id = connection.exec_driver_sql(sql, (region,)).scalar()
        if id is None:
            (id,) = dialect.reserve(connection, "name", 1)
            connection.exec_driver_sql(dialect.insert_sql("name", ("id", "kind", "text")), (id, "region", region))
        connection.exec_driver_sql(
            f"UPDATE generation SET region = {id} WHERE region IS NULL "
            f"AND provider IN (SELECT id FROM name WHERE kind = 'provider' AND text = {placeholder})",
            (provider,),
        )


def fold_providers(connection: Connection, dialect: Dialect, spelling: Mapping[str, str]) -> None:
    """Makes each provider of the ledger that `spelling` has the one it is spelled as; sums by provider are added up.

    For migrations: it goes by the tables and columns that the ledger has at that moment. The seal of a day that was
    right is made anew, one that was broken stays so.
    """
    providers = connection.exec_driver_sql("SELECT text, id FROM name WHERE kind = 'provider'")
    there: dict[str, int] = {row.text: row.id for row in providers}
    merged: dict[int, int] = {}
    for text, id in list(there.items()):
        wanted = spelling.get(text, text)
        if wanted == text:
            continue
        if wanted in there:
            merged[id] = there[wanted]
        else:
            sql = f"UPDATE name SET text = {dialect.placeholder} WHERE id = {dialect.placeholder}"
            connection.exec_driver_sql(sql, (wanted, id))
            there[wanted] = id
    if not merged:
        return
    tables = _tables(connection)
    sealed = _right_seals(connection, dialect, tables)
    for old, new in merged.items():
        _move(connection, dialect, tables, old, new)
    for day in sealed:
        sql = f"UPDATE sealed_day SET digest = {dialect.placeholder} WHERE day = {dialect.placeholder}"
        connection.exec_driver_sql(sql, (_digest(connection, dialect, tables, day), day))
    connection.exec_driver_sql("UPDATE state SET value = value + 1 WHERE key = 'names'")


def _tables(connection: Connection) -> dict[str, list[str]]:
    """The columns of every total that has a provider."""
    inspector = inspect(connection)
    names = set(inspector.get_table_names())
    return {
        rollup.table: [column["name"] for column in inspector.get_columns(rollup.table)]
        for rollup in _MERGED
        if rollup.table in names
    }


def _right_seals(connection: Connection, dialect: Dialect, tables: Mapping[str, list[str]]) -> list[int]:
    """The sealed days whose totals are what their seal says."""
    seals = connection.exec_driver_sql("SELECT day, digest FROM sealed_day ORDER BY day").fetchall()
    return [day for day, digest in seals if _digest(connection, dialect, tables, day) == digest]


def _digest(connection: Connection, dialect: Dialect, tables: Mapping[str, list[str]], day: int) -> str:
    return digests.in_words(digests.of_tables(connection, dialect, day, day + 1, tables).get(day, {}))


def _move(connection: Connection, dialect: Dialect, tables: Mapping[str, list[str]], old: int, new: int) -> None:
    """Gives everything of provider `old` to `new`."""
    connection.exec_driver_sql(f"UPDATE generation SET provider = {new} WHERE provider = {old}")
    columns = "response_id, generation, settled_at"
    connection.exec_driver_sql(
        f"INSERT INTO pending (provider, {columns}) SELECT {new}, {columns} FROM pending "
        f"WHERE provider = {old} ON CONFLICT DO NOTHING"
    )
    connection.exec_driver_sql(f"DELETE FROM pending WHERE provider = {old}")
    for rollup in _MERGED:
        if rollup.table in tables:
            _add(connection, dialect, rollup, tables[rollup.table], old, new)
    connection.exec_driver_sql(f"DELETE FROM name WHERE id = {old}")


def _add(connection: Connection, dialect: Dialect, rollup: Rollup, columns: Iterable[str], old: int, new: int) -> None:
    """Adds the totals of provider `old` to those of `new`, which hold the same but for that."""
    values = [column for column in columns if column not in rollup.key]
    how = "append" if rollup in SKETCHES else "or" if rollup is SEEN else "add"
    named = [column if column != "provider" else str(new) for column in rollup.key]
    sql = dialect.upsert_sql(
        rollup.table, rollup.key, [(column, how) for column in values],
        f"SELECT {', '.join((*named, *values))} FROM {rollup.table} WHERE provider = {old}",
    )  # fmt: skip
    connection.exec_driver_sql(sql)
    connection.exec_driver_sql(f"DELETE FROM {rollup.table} WHERE provider = {old}")
