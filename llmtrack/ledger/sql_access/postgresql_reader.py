"""One query on a PostgreSQL ledger, by a role that may read the views and nothing else of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.sql_access.errors import SqlError, too_slow

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_SECONDS = 5
_CURSOR = b"DECLARE llmtrack_result NO SCROLL CURSOR FOR "
_ROWS_AT_ONCE = 200
_SETTINGS = (
    "TIME ZONE 'UTC'",
    "lock_timeout = '2s'",
    "max_parallel_workers_per_gather = 0",
)
_NOTICE_DEATH = "SELECT set_config(name, '1s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'"
"""The server ends a statement whose process was killed (from version 14 on)."""
_TOO_POWERFUL = (
    "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR EXISTS (SELECT 1 FROM "
    "pg_auth_members WHERE member = pg_roles.oid) FROM pg_roles WHERE rolname = current_user"
)
_WRITES = (
    "(has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') "
    "OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))"
)
_TABLES = (
    f"SELECT n.nspname, c.relname, {_WRITES} "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
    f"AND ({_WRITES} OR (n.nspname = %s AND has_any_column_privilege(c.oid, 'SELECT'))) ORDER BY 3 DESC, 1, 2 LIMIT 1"
)


def open_connection(server: Mapping[str, Any]) -> Connection[Any]:
    """A connection of the role that the driver's arguments name. Raises what the driver raises."""
    import psycopg

    return psycopg.connect(
        **{"connect_timeout": CONNECT_SECONDS, "application_name": "llmtrack-sql", **server},
        autocommit=True, prepare_threshold=None,
    )  # fmt: skip


def excess_of(connection: Connection[Any], schema: str) -> str:
    """What the connection's role may do that it must not, in words; empty where it may only read the views.

    `schema` is that of the ledger's own tables.
    """
    role = _one(connection, "SELECT current_user")[0]
    if _one(connection, _TOO_POWERFUL)[0]:
        return f"the role {role} is a superuser, may make roles or databases, or belongs to another role"
    row = connection.execute(_TABLES, (schema,)).fetchone()
    if row is None:
        return ""
    return f"the role {role} may {'write' if row[2] else 'read'} {row[0]}.{row[1]}"


class PostgresqlReader:
    """A connection on which one query is read."""

    def __init__(self, server: Mapping[str, Any], schema: str, views: str, *, seconds: float) -> None:
        """`schema` is that of the ledger's own tables, `views` that of the views.

        Raises `SqlError` where the server cannot be reached, or the role may do more than read the views."""
        import psycopg

        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        try:
            self._connection = open_connection(server)
            excess = excess_of(self._connection, schema)
            for setting in (f"search_path = {views}", *_SETTINGS):
                self._connection.execute(f"SET {setting}")
            self._connection.execute(_NOTICE_DEATH)
            self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except psycopg.Error as error:
            raise SqlError(f"The server cannot be asked ({_first_line(error)}).", "failed") from None
        if excess:
            raise SqlError(f"Refused, because {excess}: docs/sql.md makes a role that may not.", "refused")
        self._late = threading.Timer(seconds, self._connection.cancel)
        self._late.daemon = True
        self._late.start()

    def read(self, statement: str) -> tuple[list[str], Iterator[tuple[object, ...]]]:
        """The names of the columns, and the rows as they are read. Raises `SqlError`; so does reading them."""
        from psycopg import errors
        from psycopg.pq import ExecStatus

        self._set_timeout()
        # With parameters, if none, the server takes one statement only.
        result = self._connection.pgconn.exec_params(_CURSOR + statement.encode(), [])
        if result.status != ExecStatus.COMMAND_OK:
            raise self._in_words(errors.error_from_result(result), statement)
        rows = self._fetch(statement)
        return [column.name for column in rows.description or ()], self._rows(rows, statement)

    def _fetch(self, statement: str) -> Any:
        import psycopg

        self._set_timeout()  # anew: the statement may have set another
        try:
            return self._connection.execute(f"FETCH FORWARD {_ROWS_AT_ONCE} FROM llmtrack_result")
        except psycopg.Error as error:
            raise self._in_words(error, statement) from None

    def _rows(self, fetched: Any, statement: str) -> Iterator[tuple[object, ...]]:
        while rows := fetched.fetchall():
            yield from (tuple(map(_plain, row)) for row in rows)
            fetched = self._fetch(statement)

    def _set_timeout(self) -> None:
        import psycopg

        left = max(1, round(1000 * (self._deadline - time.monotonic())))
        try:
            self._connection.execute(f"SET LOCAL statement_timeout = {left}")
        except psycopg.Error:
            raise too_slow(self._seconds) from None

    def _in_words(self, error: Any, statement: str) -> SqlError:
        import psycopg

        state = getattr(error, "sqlstate", None) or ""
        if isinstance(error, psycopg.errors.QueryCanceled):
            return too_slow(self._seconds)
        if state.startswith("53") or isinstance(error, MemoryError):
            return SqlError(f"Cut off: the server is short of something for it ({_first_line(error)}).", "limit")
        diagnosis = error.diag
        place = diagnosis.statement_position
        at = int(place) - 1 - len(_CURSOR) if place else None
        at = at if at is not None and 0 <= at <= len(statement) else None
        text = diagnosis.message_primary or _first_line(error)
        if "multiple commands" in text:
            return SqlError("Only one statement at a time: take out what follows the first.", "refused")
        hint = f" {diagnosis.message_hint}" if diagnosis.message_hint else ""
        refused = state in ("42501", "25006", "0A000")  # no privilege, read-only transaction, not in a cursor
        message = f"{text[:1].upper()}{text[1:]}.{hint}"
        return SqlError(message, "refused" if refused else "mistake", at)


def _one(connection: Connection[Any], sql: str) -> Sequence[Any]:
    row: Sequence[Any] | None = connection.execute(sql).fetchone()
    assert row is not None
    return row


def _plain(value: object) -> object:
    """A value as number or text; times in UTC."""
    if value is None or isinstance(value, str | int | Decimal):
        return value
    if isinstance(value, float):
        return float(f"{value:.15g}")
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return at.isoformat(" ", "milliseconds" if at.microsecond % 1000 == 0 else "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return bytes(value) if isinstance(value, memoryview) else value


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
