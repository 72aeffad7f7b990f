"""SQLite: one file, any number of processes on one machine."""

from __future__ import annotations

import glob
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from llmtrack.ledger.database.dialect import BUSY_SECONDS, Dialect, driver_error
from llmtrack.ledger.database.private_files import create_private
from llmtrack.ledger.database.write_lock import write_lock
from llmtrack.settings import get_settings

_PRAGMAS = (
    "foreign_keys = on",
    "synchronous = normal",  # a power cut may undo the last transactions; the journal keeps calls until they are synced
    "cache_size = -65536",  # 64 MB
    # Every index that a statement needs is there; where none fits, SQLite would index the whole table for one reading.
    "automatic_index = off",
    "mmap_size = 268435456",
    "temp_store = memory",
    "wal_autocheckpoint = 8000",  # pages: those written again and again go to the file once in 32 MB
    "journal_size_limit = 67108864",
    "secure_delete = fast",  # what was deleted is overwritten where that costs no writing of its own
)
WriteLock = Callable[[], AbstractContextManager[None]]
_INDEXES = ("generation_search", "message_search")
_MERGED_PAGES, _FREED_PAGES = 500, 2_000
"""How much is done while the write lock is held: some milliseconds' worth."""
_CHECKPOINT_SECONDS = 5.0
"""How long a checkpoint waits for readers of what was deleted."""


class SQLite(Dialect):
    """One file, any number of processes on one machine: readers never wait, one writes at a time."""

    name = "sqlite"
    placeholder = "?"
    least = "min"
    greatest = "max"
    append_form = "{c} = CAST(coalesce({t}.{c} || excluded.{c}, excluded.{c}, {t}.{c}) AS BLOB)"
    for_update = ""
    for_share = ""

    def engine(self, url: URL) -> Engine:
        engine = create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            pool_size=8,
            hide_parameters=True,  # an error's text goes to the log, parameters are what people said
        )

        @event.listens_for(engine, "connect")
        def connect(connection: sqlite3.Connection, _: Any) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves, below
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            if get_settings().durability == "power":
                connection.execute("PRAGMA synchronous = full")  # each transaction is synced

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A transaction that reads first and writes later could fail at the write; one that says so at once waits.
            writes = connection.get_execution_options().get("writes")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        return engine

    def write_lock(self, engine: Engine) -> AbstractContextManager[None]:
        return write_lock(f"{engine.url.database}.turn")

    def is_transient(self, error: Exception) -> bool:
        code = getattr(driver_error(error), "sqlite_errorcode", None)
        return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def reserve(self, connection: Connection, table: str, count: int) -> Sequence[int]:
        # Our transaction holds the write lock, so nobody else can take these.
        last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
        return range(last + 1, last + 1 + count)

    def lock_sketches(self, connection: Connection) -> None:
        """Nothing to do, for the same reason."""

    def lock_for_migration(self, connection: Connection) -> None:
        """Nothing to do: a writing transaction holds the only write lock there is."""

    def drop_sql_views(self, connection: Connection) -> None:
        """Nothing to do: a connection that is asked in SQL makes its own."""

    def read_options(self) -> dict[str, Any]:
        return {}

    def search_insert_sql(self, table: str) -> str:
        return f"INSERT INTO {table} (rowid, words) VALUES (?, ?)"

    def search_delete(self, connection: Connection, table: str, texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        # The index keeps no copy of the texts, so it has to be told what it is to forget.
        sql = f"INSERT INTO {table} ({table}, rowid, words) VALUES ('delete', ?, ?)"
        if texts:
            connection.exec_driver_sql(sql, [(id, self.indexed_text(words)) for id, words in texts])

    def indexed_text(self, words: Sequence[str]) -> str:
        return " ".join(words)

    def search_sql(self, table: str) -> str:
        return f"id IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)"

    def search_page_sql(self, table: str, *, down: bool) -> str:
        way = "DESC" if down else "ASC"  # read off the index in this order, and no further than wanted
        within = f"{table} MATCH ? AND rowid >= ? AND rowid < ?"
        return f"SELECT rowid FROM {table} WHERE {within} ORDER BY rowid {way} LIMIT ?"

    def search_terms(self, phrases: Sequence[Sequence[str]], *, prefix: bool = False, each: bool = False) -> str:
        quoted = ['"' + " ".join(words) + '"' for words in phrases]
        end = " *" if prefix and quoted else ""
        return (f"{end} AND " if each else " AND ").join(quoted) + end

    def size(self, connection: Connection) -> int:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())

    def shrink(self, engine: Engine, *, gently: bool = False) -> None:
        with closing(engine.raw_connection()) as connection:
            _shrink_file(connection.cursor(), lambda: self.write_lock(engine))

    def bulk_insert(
        self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        connection.exec_driver_sql(self.insert_sql(table, columns), list(rows))

    def select_by_key_sql(self, table: str, key: Sequence[str], columns: Sequence[str], listed: str) -> str:
        # A key of several columns that is IN a list is looked for by reading the whole table; a join reads the index.
        names = [f"key{place}" for place in range(len(key))]
        same = " AND ".join(f"{column} = wanted.{name}" for column, name in zip(key, names, strict=True))
        return (
            f"WITH wanted({', '.join(names)}) AS (VALUES {listed}) SELECT {', '.join((*key, *columns))} "
            f"FROM wanted CROSS JOIN {table} WHERE {same}"
        )

    def make_room(self, connection: Connection, generations: Iterable[int]) -> None:
        """Nothing to do: a table takes every id."""

    def make_ready(self, connection: Connection, now: int) -> None:
        """Nothing to do, for the same reason."""

    def continue_ids(self, connection: Connection, tables: Sequence[str]) -> None:
        """Nothing to do: `reserve` looks at the table itself."""

    def clear_search(self, connection: Connection, table: str) -> None:
        connection.exec_driver_sql(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")

    def backups(self, engine: Engine) -> list[Path]:
        path = Path(str(engine.url.database))
        return sorted(path.parent.glob(f"{glob.escape(path.name)}.backup-*"))

    def backup(self, source: Path, target: Path) -> None:
        """A consistent copy of the database file, taken while others use it; only its owner can read it."""
        create_private(target)
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)


def _shrink_file(cursor: Any, lock: WriteLock) -> None:
    """Takes deleted words out of the full-text indexes, frees deleted pages, and empties the write-ahead log.

    Piece by piece, each with a write lock of its own, so that others write meanwhile.
    """
    for table in _INDEXES:
        _merge(cursor, table, lock)
    while free := _number(cursor, "PRAGMA freelist_count"):
        with lock():
            # As a script: `execute` would stop at the first of its steps, each of which frees one page.
            cursor.executescript(f"PRAGMA incremental_vacuum({_FREED_PAGES})")
        if _number(cursor, "PRAGMA freelist_count") >= free:
            break  # a file that somebody else made, without the map this needs
    # Nothing of what was deleted may be left in the log either; readers may keep us from it for a while.
    deadline = time.monotonic() + _CHECKPOINT_SECONDS
    while _number(cursor, "PRAGMA wal_checkpoint(TRUNCATE)") and time.monotonic() < deadline:
        time.sleep(0.05)


def _merge(cursor: Any, table: str, lock: WriteLock) -> None:
    """Merges a full-text index, which keeps words of deleted texts in older parts, into one part.

    A first negative step and positive ones until nothing is left to do are "optimize" in pieces
    (https://www.sqlite.org/fts5.html#the_merge_command).
    """
    step, changed = -_MERGED_PAGES, 2
    while changed >= 2:
        with lock():
            before = _number(cursor, "SELECT total_changes()")
            cursor.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', {step})")
            changed = _number(cursor, "SELECT total_changes()") - before
        step = _MERGED_PAGES


def _number(cursor: Any, sql: str) -> int:
    return int(cursor.execute(sql).fetchone()[0])
