"""Holds of a SQLite ledger: in a second file beside it, so that nobody who wants to send waits for its writer.

The connection opens the file of the holds and attaches the ledger read-only. A statement that writes takes the lock of
the first file and only then looks at the ledger, which it must not do the other way round: a call booked in between
would count neither as held nor as spent.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from llmtrack.ledger.database.private_files import create_private
from llmtrack.ledger.limits.holds import Holder, Holds, HoldsLost, OpenCall, Shortage, Verdict, Wish, calls_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

SUFFIX = ".holds"
WAIT_SECONDS = 2.0
"""How long SQLite waits for another process's transaction."""
_TABLES = """
CREATE TABLE IF NOT EXISTS ledger_of_holds (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holder (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, lock TEXT NOT NULL, seen_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS hold (
    limit_id INTEGER NOT NULL, subject TEXT NOT NULL, period INTEGER NOT NULL, call_id INTEGER NOT NULL,
    amount INTEGER NOT NULL, ended INTEGER NOT NULL, holder INTEGER NOT NULL, started_at INTEGER NOT NULL, about TEXT,
    PRIMARY KEY (limit_id, subject, period, call_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hold_call ON hold (call_id);
CREATE INDEX IF NOT EXISTS hold_holder ON hold (holder);
"""
_COLUMNS = "limit_id, subject, period, call_id, amount, ended, holder, started_at, about"
_FIELDS = ", ".join(f"json_extract(w.value, '$[{place}]')" for place in range(9))
_COUNTED = """
    coalesce((SELECT spent FROM ledger.limit_counter WHERE limit_id = json_extract(s.value, '$[0]')
        AND subject = json_extract(s.value, '$[1]') AND period = json_extract(s.value, '$[2]')), 0)
    + coalesce((SELECT sum(amount) FROM main.hold WHERE limit_id = json_extract(s.value, '$[0]')
        AND subject = json_extract(s.value, '$[1]') AND period = json_extract(s.value, '$[2]')), 0)
"""
_PLACE = f"INSERT OR IGNORE INTO main.hold ({_COLUMNS}) SELECT {_FIELDS} FROM json_each(?) w"
_ADMIT = f"{_PLACE} WHERE NOT EXISTS (SELECT 1 FROM json_each(?) s WHERE json_extract(s.value, '$[3]') < ({_COUNTED}))"
"""Places all rows or none. Counts a call twice that was booked a moment ago, so only `_EXACT` may refuse."""
_EXACT = """
    SELECT coalesce((SELECT spent FROM ledger.limit_counter WHERE limit_id = ?1 AND subject = ?2 AND period = ?3), 0),
        coalesce(sum(amount), 0), coalesce(sum(amount * ended), 0)
    FROM main.hold WHERE limit_id = ?1 AND subject = ?2 AND period = ?3
        AND call_id NOT IN (SELECT call_id FROM ledger.hold_ended)
"""
_OPEN = (
    "SELECT call_id, holder, started_at, about, ended, limit_id, subject, period, amount FROM main.hold "
    "WHERE call_id NOT IN (SELECT call_id FROM ledger.hold_ended)"
)


class SQLiteHolds(Holds):
    """The holds of the ledger in one SQLite file."""

    def __init__(self, ledger: Path, ledger_id: str, *, power: bool = False) -> None:
        """`power`: each hold survives a power cut, too."""
        self.path = ledger.with_name(ledger.name + SUFFIX)
        self._ledger = ledger
        self._ledger_id = ledger_id
        self._power = power
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int, int] | None = None

    def admit(self, wishes: Sequence[Wish], holder: int) -> list[Verdict]:
        rows = [row for wish in wishes for row in _rows(wish, holder)]
        with self._use() as connection:
            done = connection.execute(_ADMIT, (json.dumps(rows), json.dumps(_rooms(wishes))))
            if done.rowcount == len(rows):
                return [()] * len(wishes)
            with _transaction(connection):
                return [self._admit_exactly(connection, wish, holder) for wish in wishes]

    def _admit_exactly(self, connection: sqlite3.Connection, wish: Wish, holder: int) -> Verdict:
        shortages = []
        for entry in wish.entries:
            if entry.cap is not None:
                spent, held, ended = connection.execute(_EXACT, entry.counter).fetchone()
                if entry.amount > entry.cap - spent - held:
                    shortages.append(Shortage(entry, spent, held, ended))
        if not shortages:
            connection.execute(_PLACE, (json.dumps(_rows(wish, holder)),))
        return tuple(shortages)

    def enter(self, wishes: Sequence[Wish], holder: int) -> None:
        with self._use() as connection:
            connection.execute(_PLACE, (json.dumps([row for wish in wishes for row in _rows(wish, holder)]),))

    def mark_ended(self, calls: Sequence[int]) -> None:
        sql = "UPDATE main.hold SET ended = 1 WHERE call_id IN (SELECT value FROM json_each(?))"
        with self._use() as connection:
            connection.execute(sql, (json.dumps(list(calls)),))

    def release(self, calls: Sequence[int]) -> None:
        sql = "DELETE FROM main.hold WHERE call_id IN (SELECT value FROM json_each(?))"
        with self._use() as connection:
            connection.execute(sql, (json.dumps(list(calls)),))

    def register(self, holder: Holder) -> None:
        sql = (
            "INSERT INTO main.holder (id, host, pid, lock, seen_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
        )
        with self._use() as connection:
            connection.execute(sql, (holder.id, holder.host, holder.pid, holder.lock, holder.seen_at))

    def forget(self, holder: int) -> None:
        sql = "DELETE FROM main.holder WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM main.hold WHERE holder = ?1)"
        with self._use() as connection:
            connection.execute(sql, (holder,))

    def holders(self) -> list[Holder]:
        with self._use() as connection:
            return [Holder(*row) for row in connection.execute("SELECT id, host, pid, lock, seen_at FROM main.holder")]

    def open_calls(self, holder: int | None = None) -> list[OpenCall]:
        sql = _OPEN if holder is None else f"{_OPEN} AND holder = {int(holder)}"
        with self._use() as connection, _transaction(connection):  # the lock first, the ledger after it
            return calls_of(connection.execute(f"{sql} ORDER BY started_at, call_id").fetchall())

    def still_held(self, connection: Connection, calls: Sequence[int]) -> set[int]:
        sql = (
            "SELECT call_id FROM main.hold WHERE call_id IN (SELECT value FROM json_each(?)) "
            "AND call_id NOT IN (SELECT call_id FROM ledger.hold_ended)"
        )
        with self._use() as own:
            return {row[0] for row in own.execute(sql, (json.dumps(list(calls)),))}

    def sweep(self, holder: int) -> None:
        sql = "DELETE FROM main.hold WHERE holder = ? AND call_id IN (SELECT call_id FROM ledger.hold_ended)"
        with self._use() as connection:
            connection.execute(sql, (holder,))

    def close(self) -> None:
        with self._lock:
            self._close()

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        """The connection, opened anew where the ledger's file is another than before, or this process was forked."""
        with self._lock:
            try:
                yield self._open()
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise HoldsLost(f"The holds in {self.path} cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        status = os.stat(self._ledger)
        now = (status.st_dev, status.st_ino, os.getpid())
        if self._connection is not None and self._opened == now:
            return self._connection
        if self._opened is not None and self._opened[2] != now[2]:
            self._connection = None  # the parent's: closing it here would take its locks away
        self._close()
        create_private(self.path)
        connection = sqlite3.connect(
            self.path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._opened = connection, now
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = wal").fetchone()
        connection.execute(f"PRAGMA synchronous = {'full' if self._power else 'normal'}")
        connection.execute("ATTACH DATABASE ? AS ledger", (f"file:{quote(str(self._ledger))}?mode=ro",))
        with _transaction(connection):
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            ids = [row[0] for row in connection.execute("SELECT id FROM ledger_of_holds")]
            if ids != [self._ledger_id]:  # left over from a ledger that was removed or replaced
                for table in ("hold", "holder", "ledger_of_holds"):
                    connection.execute(f"DELETE FROM main.{table}")
                connection.execute("INSERT INTO ledger_of_holds VALUES (?)", (self._ledger_id,))

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _rows(wish: Wish, holder: int) -> list[tuple[object, ...]]:
    return [
        (*entry.counter, wish.call_id, entry.amount, 0, holder, wish.started_at, wish.about if first == 0 else None)
        for first, entry in enumerate(wish.entries)
    ]


def _rooms(wishes: Sequence[Wish]) -> list[tuple[int, str, int, int]]:
    """How much may be counted in each counter before all of `wishes` are placed; the smallest cap is what holds."""
    wanted: dict[tuple[int, str, int], int] = {}
    caps: dict[tuple[int, str, int], int] = {}
    for wish in wishes:
        for entry in wish.entries:
            wanted[entry.counter] = wanted.get(entry.counter, 0) + entry.amount
            if entry.cap is not None:
                caps[entry.counter] = min(entry.cap, caps.get(entry.counter, entry.cap))
    return [(*counter, cap - wanted[counter]) for counter, cap in caps.items()]


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
