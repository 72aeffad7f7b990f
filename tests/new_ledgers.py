"""New ledgers whose tables are copied: a process of tests makes them once for each kind of database, not for every test.

What making them does is tried by tests that are marked `makes_tables` and get no copy, and by every program that a test starts.
"""

from __future__ import annotations

import atexit
import functools
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine

from llmtrack.ledger import migrations
from llmtrack.ledger import open as opening
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.database.postgresql import PostgreSQL
from llmtrack.ledger.database.sqlite import SQLite


def copy_tables(engine: Engine, dialect: Dialect, shown: str) -> None:
    """`migrations.bring_up`, which finds a new file of SQLite's filled."""
    if isinstance(dialect, SQLite):
        with suppress(sqlite3.Error):
            fill(Path(shown))
    migrations.bring_up(engine, dialect, shown)


def fill(path: Path) -> None:
    """Give a file of SQLite's the tables of a new ledger, unless it has any."""
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as new:
        if new.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            new.execute("PRAGMA synchronous = off")
            _sqlite_tables().backup(new)


@functools.cache
def _sqlite_tables() -> sqlite3.Connection:
    """A database as a new ledger is, but for its id."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.db"
        path.touch()
        opening._make_ready(path)
        dialect = SQLite()
        engine = dialect.engine(opening.parse(f"sqlite:///{path}"))
        migrations.bring_up(engine, dialect, str(path))
        engine.dispose()
        tables = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(path)) as made:
            made.backup(tables)
        return tables


@functools.cache
def _postgres_tables(server: str) -> str:
    """The name of a database on `server` as a new ledger is, but for its id."""
    import psycopg

    name = f"llmtrack_tables_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    atexit.register(_drop, server, name)
    dialect = PostgreSQL()
    engine = dialect.engine(opening.parse(_beside(server, name)))
    migrations.bring_up(engine, dialect, name)
    engine.dispose()
    return name


def postgres_database_on(server: str, *, tables: bool = True) -> Iterator[str]:
    """Make a database on `server`, with the tables of a new ledger or without; hand out its URL, and drop it."""
    import psycopg

    name = f"llmtrack_{uuid.uuid4().hex[:12]}"
    template = f' TEMPLATE "{_postgres_tables(server)}"' if tables else ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{template}')
    try:
        yield _beside(server, name)
    finally:
        _drop(server, name)


def _drop(server: str, name: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _beside(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"
