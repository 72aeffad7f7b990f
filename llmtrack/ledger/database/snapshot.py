"""Reading several things from the ledger as they were at one moment, with a way to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from llmtrack.ledger.errors import LedgerError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from llmtrack.ledger.database.dialect import Dialect


class Cancelled(LedgerError):
    """The question was given up before it was answered."""


class Cancel:
    """Hand it to `ask`, and call it from any thread to stop the reading at once, in the database too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Any = None
        self._ended = threading.Event()
        self.cancelled = False

    def __call__(self) -> None:
        with self._lock:
            self.cancelled = True
            if self._running is not None:
                threading.Thread(target=self._insist, args=(self._ended,), daemon=True).start()

    def _insist(self, ended: threading.Event) -> None:
        """Interrupts until it took effect: a database forgets an interruption that came just before its statement."""
        while not ended.is_set():
            with self._lock:
                if not ended.is_set():
                    _interrupt(self._running)
            ended.wait(0.05)

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """While this lasts, a call stops what `connection` is doing."""
        with self._lock:
            self._running = connection.connection.driver_connection
            self._ended.clear()
        try:
            yield
        finally:
            with self._lock:
                self._running = None
                self._ended.set()


def _interrupt(driver_connection: Any) -> None:
    if hasattr(driver_connection, "interrupt"):  # sqlite3
        driver_connection.interrupt()
    else:  # psycopg
        driver_connection.cancel_safe(timeout=5)


class Snapshot:
    """A connection that sees the ledger as it was when it was opened."""

    def __init__(self, connection: Connection, dialect: Dialect, cancel: Cancel | None) -> None:
        self.connection = connection
        self.dialect = dialect
        self.queries = 0
        self._cancel = cancel

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        """What a statement finds."""
        return self._read(sql, values)

    def one(self, sql: str, values: Sequence[Any] = ()) -> Sequence[Any]:
        """The only row a statement finds."""
        return self._read(sql, values)[0]

    def json_text(self, column: str, key: str) -> tuple[str, list[Any]]:
        """An expression for a value in a JSON column as text, and its parameters; true and false are words."""
        if self.dialect.name == "postgresql":
            return f"{column} ->> %s", [key]
        # Not a JSON path, in which no key with quotation marks can be said.
        words = "WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN NULL"
        return f"(SELECT CASE type {words} ELSE CAST(value AS TEXT) END FROM json_each({column}) WHERE key = ?)", [key]

    def contains(self, text: str) -> str:
        """A condition: the expression `text` has the parameter in it, which is in small ASCII letters."""
        if self.dialect.name == "postgresql":
            letters = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'"
            return f"strpos(translate({text}, {letters}), %s) > 0"
        return f"instr(lower({text}), ?) > 0"  # SQLite's knows ASCII alone

    def compares(self, text: str, sign: str, number: Decimal) -> tuple[str, Any]:
        """A condition and its parameter: the expression `text` is a number as JSON writes them, and ``>`` `number`."""
        if self.dialect.name == "postgresql":
            form = r"'^[ \t\r\n]*-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d{1,3})?[ \t\r\n]*$'"
            return f"CASE WHEN {text} ~ {form} THEN ({text})::numeric {sign} %s::numeric ELSE false END", str(number)
        form = f"json_valid({text}) AND json_type({text}) IN ('integer', 'real')"
        return f"CASE WHEN {form} THEN CAST({text} AS REAL) {sign} ? ELSE 0 END", float(number)

    def _read(self, sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
        self.queries += 1
        if self._cancel is None:
            return self._send(sql, values)
        if self._cancel.cancelled:
            raise Cancelled("The question was cancelled.")
        with self._cancel.watching(self.connection):
            try:
                return self._send(sql, values)
            except Exception as error:
                if self._cancel.cancelled:
                    self.connection.invalidate(
                        error
                    )  # an interruption still on its way must not meet another's question
                    raise Cancelled("The question was cancelled.") from error
                raise

    def _send(self, sql: str, values: Sequence[Any]) -> list[Sequence[Any]]:
        return self.connection.exec_driver_sql(sql, tuple(values)).fetchall()  # type: ignore[return-value]


class Readable(Protocol):
    """What a snapshot needs of a ledger."""

    @property
    def dialect(self) -> Dialect:
        """Of its database."""

    def reading_numbers(self) -> AbstractContextManager[Connection]:
        """A connection that sees everything as it was at one moment, perhaps some seconds ago."""


@contextmanager
def snapshot(ledger: Readable, cancel: Cancel | None = None) -> Iterator[Snapshot]:
    """The ledger as it is now, for as long as the block lasts."""
    with ledger.reading_numbers() as connection:
        yield Snapshot(connection, ledger.dialect, cancel)
