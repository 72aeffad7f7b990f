"""PostgreSQL: one server, any number of machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from llmtrack.ledger.database import partitions
from llmtrack.ledger.database.dialect import Dialect, driver_error

_MIGRATION_LOCK, _SKETCH_LOCK = 7_305_809_412_118_902_123, 7_305_809_412_118_902_124  # numbers nobody else uses

SQL_SCHEMA = "llmtrack_sql"
"""The schema of the views that SQL is asked of (`llmtrack/ledger/sql_access/`)."""


_ROWS_AT_ONCE = 500
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _copied(row: Sequence[Any]) -> str:
    """A row as COPY takes it, in text: numbers as they are, and NULL as what no text can be."""
    return (
        "\t".join([
            "\\N" if value is None else str(value) if type(value) is int else _as_text(value) for value in row
        ])
        + "\n"
    )  # fmt: skip


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value.translate(_ESCAPED)
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\\\x" + bytes(value).hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).translate(_ESCAPED)


class PostgreSQL(Dialect):
    """One server, any number of machines."""

    name = "postgresql"
    placeholder = "%s"
    least = "least"
    greatest = "greatest"
    append_form = "{c} = coalesce({t}.{c} || excluded.{c}, excluded.{c}, {t}.{c})"
    for_update = "FOR UPDATE"
    for_share = "FOR SHARE"
    is_divided = True
    bound_spans = True

    def engine(self, url: URL) -> Engine:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=8,
            hide_parameters=True,
            connect_args={"connect_timeout": 10},
        )
        event.listen(engine, "connect", _prepare_nothing_behind_a_pooler)
        return engine

    def write_lock(self, engine: Engine) -> AbstractContextManager[None]:
        return nullcontext()

    def is_transient(self, error: Exception) -> bool:
        from psycopg import OperationalError

        # Serialisation failure, deadlock, lock not available; or the connection went away under us.
        cause = driver_error(error)
        state = getattr(cause, "sqlstate", None)
        if isinstance(error, DBAPIError):
            lost = error.connection_invalidated
        else:
            lost = isinstance(cause, OperationalError) and (state is None or state.startswith(("08", "57P")))
        return lost or state in ("40001", "40P01", "55P03")

    def reserve(self, connection: Connection, table: str, count: int) -> Sequence[int]:
        rows = connection.exec_driver_sql(f"SELECT nextval('{table}_ids') FROM generate_series(1, %s)", (count,))
        return [row[0] for row in rows]

    def lock_sketches(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SKETCH_LOCK})")

    def lock_for_migration(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")

    def drop_sql_views(self, connection: Connection) -> None:
        views = connection.exec_driver_sql(
            f"SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = to_regnamespace('{SQL_SCHEMA}') "
            "AND relkind = 'v' AND pg_has_role(relowner, 'USAGE')"
        )
        for (view,) in views.fetchall():
            connection.exec_driver_sql(f"DROP VIEW {SQL_SCHEMA}.{view}")

    def read_options(self) -> dict[str, Any]:
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def search_insert_sql(self, table: str) -> str:
        return f"INSERT INTO {table} (id, words) VALUES (%s, %s::tsvector) ON CONFLICT (id) DO NOTHING"

    def search_delete(self, connection: Connection, table: str, texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        ids = [id for id, _ in texts]
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = ANY(%s)", (ids,))

    def indexed_text(self, words: Sequence[str]) -> str:
        places: dict[str, list[str]] = {}
        for place, word in enumerate(words, 1):
            places.setdefault(word, []).append(str(place))
        return " ".join(f"'{word}':{','.join(at[:256])}" for word, at in places.items())

    def search_sql(self, table: str) -> str:
        return f"id IN (SELECT id FROM {table} WHERE words @@ %s::tsquery)"

    def search_page_sql(self, table: str, *, down: bool) -> str:
        way = "DESC" if down else "ASC"
        within = "words @@ %s::tsquery AND id >= %s AND id < %s"
        return f"SELECT id FROM {table} WHERE {within} ORDER BY id {way} LIMIT %s"

    def search_terms(self, phrases: Sequence[Sequence[str]], *, prefix: bool = False, each: bool = False) -> str:
        quoted = [" <-> ".join(f"'{word}'" for word in words) for words in phrases]
        end = ":*" if prefix and quoted else ""
        return (f"{end} & " if each else " & ").join(quoted) + end

    def size(self, connection: Connection) -> int:
        size = "pg_total_relation_size(c.oid)"
        if connection.exec_driver_sql("SELECT to_regclass('pg_catalog.pg_dist_partition')").scalar_one() is not None:
            # A table that Citus spreads over servers is an empty shell here.
            spread = "SELECT 1 FROM pg_dist_partition d WHERE d.logicalrelid = c.oid"
            size = f"CASE WHEN EXISTS ({spread}) THEN citus_total_relation_size(c.oid) ELSE {size} END"
        ours = "c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
        sql = f"SELECT coalesce(sum({size}), 0) FROM pg_class c WHERE {ours}"
        return int(connection.exec_driver_sql(sql).scalar_one())

    def upsert_rows(
        self,
        connection: Connection,
        table: str,
        columns: Mapping[str, str],
        rows: Sequence[tuple[Any, ...]],
        conflict: str,
    ) -> None:
        # One statement with a list for each column, instead of one statement for each row.
        lists = ", ".join(f"%s::{kind}[]" for kind in columns.values())
        sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({lists}) {conflict}"
        connection.exec_driver_sql(sql, tuple(list(column) for column in zip(*rows, strict=True)))

    def make_room(self, connection: Connection, generations: Iterable[int]) -> None:
        partitions.make_room(connection, generations)

    def make_ready(self, connection: Connection, now: int) -> None:
        partitions.make_ready(connection, now)

    def drop_texts(self, connection: Connection, before: int) -> int:
        return partitions.drop_texts(connection, before)

    def drop_empty(self, connection: Connection, before: int) -> list[str]:
        return partitions.drop_empty(connection, before)

    def duplicates(self) -> tuple[type[Exception], ...]:
        # COPY goes past SQLAlchemy, which would translate it; Citus has no better word for it than an internal error.
        from psycopg.errors import InternalError_, UniqueViolation

        return (UniqueViolation, InternalError_, IntegrityError)

    def bulk_insert(
        self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        if table in partitions.TABLES:
            self.make_room(connection, [row[0] for row in rows])
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                copy.write("".join(map(_copied, rows[start : start + _ROWS_AT_ONCE])))

    def continue_ids(self, connection: Connection, tables: Sequence[str]) -> None:
        for table in tables:
            last = connection.exec_driver_sql(f"SELECT max(id) FROM {table}").scalar_one()
            if last is not None:
                connection.exec_driver_sql(f"SELECT setval('{table}_ids', {int(last)})")

    def clear_search(self, connection: Connection, table: str) -> None:
        connection.exec_driver_sql(f"TRUNCATE {table}")

    def backups(self, engine: Engine) -> list[Path]:
        return []  # made by whoever runs the server

    def shrink(self, engine: Engine, *, gently: bool = False) -> None:
        how = "ANALYZE" if gently else "FULL, ANALYZE"  # a full one locks the table while it is written anew
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in ("generation", "generation_text", "generation_search", "property_set"):
                connection.exec_driver_sql(f"VACUUM ({how}) {table}")


def _prepare_nothing_behind_a_pooler(connection: Any, _: object) -> None:
    """Has the driver prepare no statements where each transaction may be another server connection's.

    pgbouncer and its kin hand their own number of a process to their clients, and not the server's.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()", prepare=False)
        (pid,) = cursor.fetchone()
    connection.rollback()
    if pid != connection.info.backend_pid:
        connection.prepare_threshold = None
