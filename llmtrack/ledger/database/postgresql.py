"""PostgreSQL: one server, any number of machines."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from llmtrack.ledger.database.dialect import Dialect, driver_error

_MIGRATION_LOCK, _SKETCH_LOCK = 7_305_809_412_118_902_123, 7_305_809_412_118_902_124  # numbers nobody else uses


class PostgreSQL(Dialect):
    """One server, any number of machines."""

    name = "postgresql"
    placeholder = "%s"
    least = "least"
    greatest = "greatest"
    append_form = "{c} = coalesce({t}.{c} || excluded.{c}, excluded.{c}, {t}.{c})"
    for_update = "FOR UPDATE"
    for_share = "FOR SHARE"
    bound_spans = True

    def engine(self, url: URL) -> Engine:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=8,
            hide_parameters=True,
            connect_args={"connect_timeout": 10},
        )

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

    def search_terms(self, phrases: Sequence[Sequence[str]], *, prefix: bool = False) -> str:
        quoted = [" <-> ".join(f"'{word}'" for word in words) for words in phrases]
        return " & ".join(quoted) + (":*" if prefix and quoted else "")

    def size(self, connection: Connection) -> int:
        return int(
            connection.exec_driver_sql(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
                "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
            ).scalar_one()
        )

    def upsert_numbers(
        self,
        connection: Connection,
        table: str,
        key: Sequence[str],
        changes: Sequence[tuple[str, str]],
        rows: Sequence[tuple[int, ...]],
    ) -> None:
        # One statement with a list for each column, instead of one statement for each row.
        lists = ", ".join(["%s::bigint[]"] * (len(key) + len(changes)))
        sql = self.upsert_sql(table, key, changes, f"SELECT * FROM unnest({lists})")
        connection.exec_driver_sql(sql, tuple(list(column) for column in zip(*rows, strict=True)))

    def duplicates(self) -> tuple[type[Exception], ...]:
        from psycopg.errors import UniqueViolation  # COPY goes past SQLAlchemy, which would translate it

        return (UniqueViolation, IntegrityError)

    def bulk_insert(
        self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

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
