"""The file of a SQLite ledger: whether its path still names what is open, and what a removed one leaves behind.

A file that is removed, moved or replaced stays open under its old name: SQLite goes on writing into what nobody will
read. What it had not yet moved from its write-ahead log into the file stays in that log, beside whatever the path names
next; SQLite would delete it, or apply it to a database it does not belong to.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

try:
    import fcntl
except ImportError:  # Windows, where a log that is in use cannot be renamed anyway
    fcntl = None  # type: ignore[assignment]

GONE_SECONDS = 2.0
"""How long a file that was there may be missing before another is made: a backup may be about to take its place."""
ASIDE = ".aside-"
"""In the name of a write-ahead log whose database is gone."""
log = logging.getLogger("llmtrack")

_FileId = tuple[int, int]


class DatabaseFile:
    """A SQLite file by its path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._open: tuple[_FileId, _FileId | None] | None = None
        """The file that was seen open last, and its log."""

    def watch(self, engine: Engine) -> None:
        """Has every connection of `engine` remember which file it opened. None is made where the file is gone."""

        @event.listens_for(engine, "do_connect")
        def before(dialect: Any, record: Any, arguments: Any, options: Any) -> None:
            record.info["file"] = _id_of(self.path)
            if record.info["file"] is None:  # SQLite would make an empty one, and delete the log beside it.
                raise sqlite3.OperationalError("the database file is gone")

        @event.listens_for(engine, "connect")
        def after(connection: Any, record: Any) -> None:
            if record.info["file"] != _id_of(self.path):
                record.info["file"] = None  # Replaced meanwhile: it may have opened either.

    def is_same(self) -> bool:
        """Whether the path names the file that was seen open last; True while none was."""
        return self._open is None or self._open[0] == _id_of(self.path)

    def is_open(self, connection: Connection) -> bool:
        """Whether the path names the file that `connection` has open."""
        opened = connection.info.get("file")
        if opened is None or opened != _id_of(self.path):
            return False
        self._open = (opened, _id_of(self._log))
        return True

    def checkpoint(self, connection: Connection) -> bool:
        """Empties the log into the file without waiting for anybody. Returns whether it is empty now."""
        driver: Any = connection.connection.driver_connection
        (waits,) = driver.execute("PRAGMA busy_timeout").fetchone()
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            driver.execute(f"PRAGMA busy_timeout = {waits}")

    def finish(self, connection: Connection) -> None:
        """Moves what the log holds into the file that `connection` has open, wherever that is now, and closes it."""
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute("PRAGMA busy_timeout = 1000")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            log.debug("The log of a database that was removed or replaced stays as it is: %s", error)
        connection.invalidate()

    def renew(self, engine: Engine) -> None:
        """Lets go of a file that was removed or replaced, so that the next connection opens what the path names."""
        if not self.is_same():
            self._finish_idle(engine)
            deadline = time.monotonic() + GONE_SECONDS
            while not self.path.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            log.warning("The database %s was removed, moved or replaced; what the path names now is opened", self.path)
            engine.dispose()
            self.set_stale_log_aside()
        self._open = None

    def _finish_idle(self, engine: Engine) -> None:
        """Does the same with a connection that waits in the pool of `engine`, if there is one."""
        pool = engine.pool
        if not isinstance(pool, QueuePool) or not pool.checkedin():
            return
        try:
            with engine.connect() as connection:
                if self._open is not None and connection.info.get("file") == self._open[0]:
                    self.finish(connection)
        except DBAPIError as error:
            log.debug("No connection to a database that was removed or replaced is left: %s", error)

    def sync(self) -> None:
        """Has what was committed survive a power cut. Raises `OSError`.

        SQLite itself syncs its log only before it moves what is there into the file. Unlike the file, the log may be
        opened and closed beside SQLite, which holds no lock on it.
        """
        with suppress(FileNotFoundError):  # no log: SQLite has synced the file
            _sync(self._log)
        _sync(self.path.parent)

    def set_stale_log_aside(self) -> None:
        """Gives a write-ahead log whose database is gone another name, and says so.

        That is a log without a database, or the log of the file that was seen open last, where the path names another.
        """
        if not self._is_stale():
            return
        with _locked(self.path.parent):
            if not self._is_stale():
                return  # Another process was faster.
            self.path.with_name(f"{self.path.name}-shm").unlink(missing_ok=True)  # only an index of the log
            if self._log.stat().st_size == 0:
                self._log.unlink()
                return
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            aside = self._log.with_name(f"{self._log.name}{ASIDE}{moment}")
            self._log.rename(aside)
        log.warning(
            "The database of %s was removed or replaced; what it had not taken in yet is kept in %s. "
            "If the database was moved, stop what uses it and give this file the database's new name with -wal behind",
            self._log,
            aside,
        )

    def set_aside(self) -> list[Path]:
        """The logs that were set aside."""
        return sorted(path for path in self.path.parent.iterdir() if path.name.startswith(f"{self._log.name}{ASIDE}"))

    def _is_stale(self) -> bool:
        # The log first: whoever makes a new database has the file before the log.
        log_id = _id_of(self._log)
        if log_id is None:
            return False
        file_id = _id_of(self.path)
        if file_id is None or self.path.stat().st_size == 0:
            return True
        return self._open is not None and self._open[0] != file_id and self._open[1] == log_id


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    lock = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _id_of(path: Path) -> _FileId | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
