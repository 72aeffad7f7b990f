"""One query on a SQLite ledger, in a process of its own: nothing here imports more than Python's own library.

Three things keep a statement from all but the views. The file is opened for reading only. SQLite's authorizer is asked
about every table, column and function while the statement is compiled, and allows only what is named here. Limits of
time, memory and size end what takes too much.

The authorizer (https://www.sqlite.org/c3ref/set_authorizer.html) is told the name of the view that a column is read
by, and the name of a ``WITH`` clause as if it were one: what may read the tables has therefore a name that nobody can
guess.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from llmtrack.ledger.sql_access.errors import SqlError, too_large, too_slow
from llmtrack.ledger.sql_access.functions import FUNCTIONS
from llmtrack.ledger.sql_access.statement import tokens

_FUNCTIONS = frozenset(FUNCTIONS)
_JSON_TABLES = ("json_each", "json_tree")
_SCHEMA_TABLES = ("sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema")
_OPERATIONS_BETWEEN_LOOKS = 20_000
"""Steps of SQLite's machine, a millisecond or so, after which the clock is looked at."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_ACTIONS = {
    value: name.removeprefix("SQLITE_").replace("_", " ")
    for name, value in vars(sqlite3).items()
    if name.removeprefix("SQLITE_").partition("_")[0]
    in ("ALTER", "ANALYZE", "ATTACH", "CREATE", "DELETE", "DETACH", "DROP", "INSERT", "PRAGMA", "REINDEX", "SAVEPOINT",
        "TRANSACTION", "UPDATE")
}  # fmt: skip
"""Everything a statement can do but read, as it is called in SQL."""


class SqliteReader:
    """A connection that can do no more than query the views."""

    def __init__(
        self, path: str, views: Mapping[str, str], sources: Sequence[str], *, seconds: float, memory: int
    ) -> None:
        """`views` are names and queries over tables in ``main``, `sources` those tables; `memory` is in bytes."""
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._denied: tuple[str, str] | None = None
        self._views = frozenset(views)
        self._hidden = f"view_{secrets.token_hex(16)}_"
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None)
        connection.execute(f"PRAGMA hard_heap_limit = {int(memory)}").fetchone()
        for pragma in ("temp_store = memory", "trusted_schema = off", "cache_size = -16384", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")
        named = connection.execute("SELECT lower(name) FROM main.sqlite_schema").fetchall()
        self._private = {*_SCHEMA_TABLES, *(name for (name,) in named)} - set(sources)
        for name, query in views.items():
            connection.execute(f"CREATE TEMP VIEW {self._hidden}{name} AS {query}")
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM temp.{self._hidden}{name}")
        for table in _JSON_TABLES:
            connection.execute(f"SELECT * FROM {table}('[]')").fetchall()  # what it declares needs no leave later on
        connection.execute("PRAGMA query_only = on")
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.set_authorizer(self._authorize)
        connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _OPERATIONS_BETWEEN_LOOKS)
        self._connection = connection

    def read(self, statement: str) -> tuple[list[str], Iterator[tuple[object, ...]]]:
        """The names of the columns, and the rows as they are read. Raises `SqlError`; so does reading them."""
        self._denied = None
        try:
            cursor = self._connection.execute(statement)
        except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
            raise self._in_words(error, statement) from None
        if cursor.description is None:
            raise SqlError("There is no statement to run: write one that begins with SELECT.")
        return [column[0] for column in cursor.description], self._rows(cursor, statement)

    def _rows(self, cursor: sqlite3.Cursor, statement: str) -> Iterator[tuple[object, ...]]:
        try:
            for row in cursor:
                yield tuple(float(f"{value:.15g}") if isinstance(value, float) else value for value in row)
        except (sqlite3.Error, MemoryError) as error:
            raise self._in_words(error, statement) from None

    def _authorize(
        self, action: int, first: str | None, second: str | None, database: str | None, reader: str | None
    ) -> int:
        """Whether SQLite may do this; it asks while it compiles a statement."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ:
            allowed, denied = self._may_read(first or "", second or "", database, reader or ""), ("table", first or "")
        elif action == sqlite3.SQLITE_FUNCTION:
            allowed, denied = (second or "").lower() in _FUNCTIONS, ("function", second or "")
        elif first in _SCHEMA_TABLES:
            allowed, denied = False, ("table", "")  # a virtual table declares itself; which one, it does not say
        else:
            allowed, denied = False, ("action", _ACTIONS.get(action, f"action {action}"))
        if not allowed:
            self._denied = self._denied or denied
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    def _may_read(self, table: str, column: str, database: str | None, reader: str) -> bool:
        """Whether `column` may be read; it is empty where only the rows of `table` are counted."""
        if reader.startswith(self._hidden):
            return True  # one of our views reads its table
        if database == "temp":
            return table in self._views or table.startswith(self._hidden)
        if not column:
            return table.lower() not in self._private  # a WITH clause, or a view that was merged into the statement
        return table in _JSON_TABLES

    def _in_words(self, error: Exception, statement: str) -> SqlError:
        text = str(error)
        if self._denied is not None:
            return self._refusal(*self._denied, statement)
        if isinstance(error, MemoryError):
            return too_large()
        if "interrupted" in text:
            return too_slow(self._seconds)
        if "too big" in text:
            return SqlError("Cut off: a value or a row of more than 1 MB.", "limit")
        if "one statement at a time" in text:
            second = _second(statement)
            return SqlError("Only one statement at a time: take out what follows the first.", "refused", second)
        views = f" {self._offered()}" if text.startswith("no such table") else ""
        return SqlError(f"{text[:1].upper()}{text[1:]}.{views}", "mistake", self._position(text, statement))

    def _refusal(self, kind: str, name: str, statement: str) -> SqlError:
        at = _place(statement, name.split(" ")[0])
        if kind == "table":
            what = f"the table {name}" if name else "a table of SQLite's own"
            return SqlError(f"Reading {what} is refused. {self._offered()}", "refused", at)
        if kind == "function":
            return SqlError(
                f"The function {name}() is refused: docs/sql.md lists those that may be called.", "refused", at
            )
        return SqlError(f"{name} is refused: statements only read here.", "refused", at)

    def _offered(self) -> str:
        return f"There are the views {', '.join(sorted(self._views))}."

    def _position(self, text: str, statement: str) -> int | None:
        """Where the mistake is. SQLite knows, and Python's library does not pass it on."""
        if text.startswith('near "'):
            return self._syntax_error(text, statement)
        if "incomplete input" in text:
            return len(statement.rstrip())
        name = text.rpartition(": ")[2] if ": " in text else ""
        return _place(statement, name.split(".")[-1].split(" ")[0])

    def _syntax_error(self, text: str, statement: str) -> int | None:
        """The first place up to which the statement fails in the same way: SQLite stops at the token it cannot take."""
        wrong = text[len('near "') :].rpartition('"')[0]
        for at, token in tokens(statement):
            if token.lower() == wrong.lower():
                try:
                    self._connection.execute(f"EXPLAIN {statement[: at + len(token)]}")
                except (sqlite3.Error, sqlite3.Warning) as error:
                    if str(error) == text:
                        return at
        return _place(statement, wrong)


def _place(statement: str, name: str) -> int | None:
    """Where a name stands first."""
    bare = name.strip("\"'`[]").lower()
    return next((at for at, token in tokens(statement) if bare and token.strip("\"'`[]").lower() == bare), None)


def _second(statement: str) -> int | None:
    """Where the second statement begins."""
    listed = tokens(statement)
    return next((listed[at + 1][0] for at, (_, token) in enumerate(listed[:-1]) if token == ";"), None)
