"""Everything that differs between SQLite and PostgreSQL, and nothing else."""

from __future__ import annotations

import glob
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from llmtrack.ledger.database.private_files import create_private
from llmtrack.ledger.database.statements import Statements
from llmtrack.ledger.database.vacuum import shrink_file
from llmtrack.ledger.database.write_lock import write_lock
from llmtrack.settings import get_settings

BUSY_SECONDS = 30
"""How long SQLite itself waits for another process's transaction before we start over."""
_MIGRATION_LOCK, _SKETCH_LOCK = 7_305_809_412_118_902_123, 7_305_809_412_118_902_124  # numbers nobody else uses


_PRAGMAS = (
    "foreign_keys = on",
    "synchronous = normal",  # a power cut may undo the last transactions; the journal keeps calls until they are synced
    "cache_size = -65536",  # 64 MB
    "mmap_size = 268435456",
    "temp_store = memory",
    "wal_autocheckpoint = 8000",  # pages: those written again and again go to the file once in 32 MB
    "journal_size_limit = 67108864",
    "secure_delete = fast",  # what was deleted is overwritten where that costs no writing of its own
)


def _cause(error: Exception) -> BaseException | None:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) else error


class Dialect(Statements, ABC):
    """How one kind of database does what the other does differently. SQL is written with `mark` for a parameter."""

    name: str
    least: str
    """The function that gives the smaller of two values."""
    greatest: str
    for_update: str
    """After a select: nobody else may change these rows until the transaction ends."""
    for_share: str
    """After a select: nobody may change these rows until the transaction ends."""
    bound_spans = False
    """Whether the planner must be told what many spans of ids lie in, or it takes them for most of the rows."""

    @abstractmethod
    def engine(self, url: URL) -> Engine:
        """An engine whose connections are set up for us. A connection with the option `writes` may write."""

    @abstractmethod
    def turn(self, engine: Engine) -> AbstractContextManager[None]:
        """Waits for one's turn to write, and lets the next one have theirs at the end."""

    @abstractmethod
    def is_passing(self, error: Exception) -> bool:
        """Whether the same transaction may well succeed if tried again. `error` may be SQLAlchemy's or the driver's."""

    @abstractmethod
    def reserve(self, connection: Connection, table: str, count: int) -> Sequence[int]:
        """Ids for `count` new rows of `table`, that nobody else will use."""

    @abstractmethod
    def take_turns(self, connection: Connection) -> None:
        """Waits until no other writer is between reading and writing sketches; held until the transaction's end."""

    @abstractmethod
    def lock_for_migration(self, connection: Connection) -> None:
        """Waits until no other process is migrating; held until the transaction's end."""

    @abstractmethod
    def reads(self) -> dict[str, Any]:
        """Options of a connection that reads several things as they were at one moment."""

    @abstractmethod
    def search_insert_sql(self, table: str) -> str:
        """An insert of (id, `indexed_text`) into a full-text index: ``generation_search`` or ``message_search``."""

    @abstractmethod
    def search_delete(self, connection: Connection, table: str, texts: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Takes texts, given by id and words, out of the full-text index."""

    @abstractmethod
    def indexed_text(self, words: Sequence[str]) -> str:
        """What goes into the full-text index for a text of these words."""

    @abstractmethod
    def search_sql(self, table: str) -> str:
        """A condition on ``id`` of the texts that hold all words of `search_terms`, as one parameter."""

    @abstractmethod
    def search_page_sql(self, table: str, *, down: bool) -> str:
        """Ids of such texts in order. Parameters: the terms, the first id, the one after the last, how many."""

    @abstractmethod
    def search_terms(self, phrases: Sequence[Sequence[str]], *, prefix: bool = False) -> str:
        """The parameter of `search_sql`: all phrases (lists of words); `prefix`: the last word may be unfinished."""

    @abstractmethod
    def size(self, connection: Connection) -> int:
        """Bytes the ledger takes on disk."""

    @abstractmethod
    def bulk_insert(
        self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Inserts many rows in the fastest way there is."""

    def duplicates(self) -> tuple[type[Exception], ...]:
        """What `bulk_insert` raises where a key is taken."""
        return (IntegrityError,)

    @abstractmethod
    def continue_ids(self, connection: Connection, tables: Sequence[str]) -> None:
        """Makes `reserve` go on behind the ids that these tables hold now."""

    @abstractmethod
    def clear_search(self, connection: Connection, table: str) -> None:
        """Empties a full-text index."""

    @abstractmethod
    def backups(self, engine: Engine) -> list[Path]:
        """The backups that upgrades have left beside the ledger."""

    @abstractmethod
    def shrink(self, engine: Engine, *, gently: bool = False) -> None:
        """Gives the space of deleted rows back to the file system; `gently`: only as far as nobody has to wait."""

    def upsert_numbers(
        self,
        connection: Connection,
        table: str,
        key: Sequence[str],
        changes: Sequence[tuple[str, str]],
        rows: Sequence[tuple[int, ...]],
    ) -> None:
        """Does what `upsert_sql` says for many rows, each with a key of its own, whose values are all integers."""
        connection.exec_driver_sql(self.upsert_sql(table, key, changes), list(rows))


class SQLite(Dialect):
    """One file, any number of processes on one machine: readers never wait, writers take turns."""

    name = "sqlite"
    mark = "?"
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

    def turn(self, engine: Engine) -> AbstractContextManager[None]:
        return write_lock(f"{engine.url.database}.turn")

    def is_passing(self, error: Exception) -> bool:
        code = getattr(_cause(error), "sqlite_errorcode", None)
        return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def reserve(self, connection: Connection, table: str, count: int) -> Sequence[int]:
        # Our transaction holds the write lock, so nobody else can take these.
        last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}").scalar_one()
        return range(last + 1, last + 1 + count)

    def take_turns(self, connection: Connection) -> None:
        """Nothing to do, for the same reason."""

    def lock_for_migration(self, connection: Connection) -> None:
        """Nothing to do: a writing transaction holds the only write lock there is."""

    def reads(self) -> dict[str, Any]:
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

    def search_terms(self, phrases: Sequence[Sequence[str]], *, prefix: bool = False) -> str:
        quoted = ['"' + " ".join(words) + '"' for words in phrases]
        return " AND ".join(quoted) + (" *" if prefix and quoted else "")

    def size(self, connection: Connection) -> int:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())

    def shrink(self, engine: Engine, *, gently: bool = False) -> None:
        with closing(engine.raw_connection()) as connection:
            shrink_file(connection.cursor(), lambda: self.turn(engine))

    def bulk_insert(
        self, connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        connection.exec_driver_sql(self.insert_sql(table, columns), list(rows))

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


class PostgreSQL(Dialect):
    """One server, any number of machines."""

    name = "postgresql"
    mark = "%s"
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

    def turn(self, engine: Engine) -> AbstractContextManager[None]:
        return nullcontext()

    def is_passing(self, error: Exception) -> bool:
        from psycopg import OperationalError

        # Serialisation failure, deadlock, lock not available; or the connection went away under us.
        cause = _cause(error)
        state = getattr(cause, "sqlstate", None)
        if isinstance(error, DBAPIError):
            lost = error.connection_invalidated
        else:
            lost = isinstance(cause, OperationalError) and (state is None or state.startswith(("08", "57P")))
        return lost or state in ("40001", "40P01", "55P03")

    def reserve(self, connection: Connection, table: str, count: int) -> Sequence[int]:
        found = connection.exec_driver_sql(f"SELECT nextval('{table}_ids') FROM generate_series(1, %s)", (count,))
        return [row[0] for row in found]

    def take_turns(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SKETCH_LOCK})")

    def lock_for_migration(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")

    def reads(self) -> dict[str, Any]:
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


def dialect_of(url: URL) -> Dialect | None:
    """The dialect for this address; None if it is neither of the two."""
    known: dict[str, type[Dialect]] = {"sqlite": SQLite, "postgresql": PostgreSQL, "postgres": PostgreSQL}
    found = known.get(url.drivername.partition("+")[0])
    return found() if found else None
