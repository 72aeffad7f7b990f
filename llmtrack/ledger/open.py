"""Opening a ledger by its address, or saying in one sentence why that cannot be."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from llmtrack.ledger.database import dialect_of
from llmtrack.ledger.database.database_file import DatabaseFile
from llmtrack.ledger.database.dialect import BUSY_SECONDS, Dialect
from llmtrack.ledger.database.ledger_identity import identify_ledger
from llmtrack.ledger.database.private_files import create_private, make_private
from llmtrack.ledger.database.replica import Replica
from llmtrack.ledger.database.sqlite import SQLite
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.migrations import bring_up as upgrade_tables
from llmtrack.ledger.owner import Owner, address_of
from llmtrack.masking import mask, mask_address
from llmtrack.settings import get_settings

_WAY_OUT = "set LLMTRACK_DATABASE_URL to sqlite:///path/to/file.db or postgresql://user:password@host/database"
_opened: dict[str, Ledger] = {}
_opening = threading.Lock()


def open_ledger(url: str | None = None) -> Ledger:
    """The ledger at this address (default: the one in the settings), its tables created or upgraded as needed.

    Opened once per process and address. Raises `LedgerError` where that is impossible, with the reason and the way out.
    """
    url = get_settings().effective_database_url if url is None else url
    address = parse(url)
    name = address.render_as_string(hide_password=False)
    with _opening:
        if name not in _opened:
            _opened[name] = _open(address, address_of(url))
        return _opened[name]


def _after_fork() -> None:
    """A child must not touch its parent's connections; it opens its own."""
    global _opening
    _opening = threading.Lock()
    for ledger in _opened.values():
        ledger.engine.dispose(close=False)
    _opened.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def parse(url: str) -> URL:
    """The address as the engine takes it: a file by its whole path, PostgreSQL by its driver. Raises `LedgerError`."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # Not shown: it may hold a password that we failed to find.
        raise LedgerError(f"The database URL cannot be read: {_WAY_OUT}.") from None
    if dialect_of(address) is None:
        kind = address.drivername.partition("+")[0]
        raise LedgerError(f"The database URL names {kind!r}, which is neither SQLite nor PostgreSQL: {_WAY_OUT}.")
    if address.drivername.startswith("sqlite"):
        if address.database in (None, "", ":memory:"):
            raise LedgerError(f"The database URL {mask_address(url)!r} names no file: {_WAY_OUT}.")
        return URL.create("sqlite", database=str(Path(str(address.database)).expanduser().absolute()))
    return address.set(drivername="postgresql+psycopg")


def _open(address: URL, owner_address: str) -> Ledger:
    dialect = dialect_of(address)
    assert dialect is not None  # `parse` refuses others
    shown = str(address.database) if isinstance(dialect, SQLite) else mask_address(address.render_as_string())
    file = DatabaseFile(Path(shown)) if isinstance(dialect, SQLite) else None
    engine = dialect.engine(address)
    if file is not None:
        file.watch(engine)

    def bring_up() -> tuple[Owner, tuple[str, ...]]:
        try:
            if file is not None:
                file.set_stale_log_aside()
                _prepare_file(file.path)
            _make_tables(engine, dialect, shown)
            return identify_ledger(engine, dialect, owner_address)
        except DBAPIError as error:
            raise LedgerError(_in_words(error, address, shown)) from error

    try:
        return Ledger(engine, dialect, shown, file, bring_up, _replica_of(address, dialect))
    except LedgerError:
        engine.dispose()
        raise


def _replica_of(address: URL, dialect: Dialect) -> Replica | None:
    """The replica that the settings name, if this is their ledger."""
    settings = get_settings()
    if settings.read_url is None or address != parse(settings.effective_database_url):
        return None
    there = parse(settings.read_url)
    if isinstance(dialect, SQLite) or not there.drivername.startswith("postgresql"):
        raise LedgerError(
            "LLMTRACK_READ_URL names a replica, which only PostgreSQL has: "
            "set LLMTRACK_DATABASE_URL and it to postgresql://…, or leave it out."
        )
    return Replica(dialect.engine(there), mask_address(there.render_as_string()))


def _make_tables(engine: Engine, dialect: Dialect, shown: str) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return upgrade_tables(engine, dialect, shown)
        except DBAPIError as error:
            # Another process is creating or upgrading it; SQLite does not always wait by itself here.
            if not dialect.is_transient(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _prepare_file(path: Path) -> None:
    """Checks what can be said plainly beforehand, and turns on what only a new file can be given."""
    if path.is_dir():
        raise LedgerError(f"The ledger {path} is a directory: name a file in it, such as {path / 'llmtrack.db'}.")
    if not path.parent.is_dir():
        raise LedgerError(
            f"The ledger {path} cannot be created, because {path.parent} is no directory: create it first."
        )
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise LedgerError(
            f"The ledger {path} cannot be written: "
            f"give this user write access to {place} and its directory, or {_WAY_OUT}."
        )
    try:
        create_private(path)
        _make_ready(path)
        make_private(path)
    except OSError as error:
        raise LedgerError(
            f"The ledger {path} cannot be written ({error.strerror}): give this user write access to "
            f"{path.parent}, or {_WAY_OUT}."
        ) from error
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_NOTADB:
            raise LedgerError(f"The file {path} is not an SQLite database: move it away, or {_WAY_OUT}.") from None
        raise LedgerError(f"The ledger {path} cannot be opened ({error}): check the file and its disk.") from error


def _make_ready(path: Path) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA auto_vacuum = incremental")  # heeded only before the first table
                connection.execute("PRAGMA journal_mode = wal").fetchone()
            return
        except sqlite3.OperationalError as error:
            # Changing the mode does not wait for others by itself.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def _in_words(error: DBAPIError, address: URL, shown: str) -> str:
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    reason = mask(reason, [str(address.password or "")])
    if address.drivername.startswith("sqlite"):
        return f"The ledger {shown} cannot be opened ({reason}): check the file and its disk, or {_WAY_OUT}."
    if isinstance(error, OperationalError):
        return (
            f"The ledger's PostgreSQL server cannot be reached at {shown} ({reason}): "
            "start it, or correct LLMTRACK_DATABASE_URL."
        )
    return f"The ledger {shown} cannot be opened ({reason}): check that its user may create tables there."
