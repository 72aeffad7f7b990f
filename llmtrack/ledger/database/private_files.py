"""The files of a SQLite ledger are its owner's: they hold what people wrote."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MODE = 0o600
_BESIDE = ("", "-wal", "-shm", "-journal", ".turn", ".backup-*", "-wal.aside-*")
"""What lies beside a database, by what stands behind its name."""


def create_private(path: Path) -> None:
    """Creates an empty file that only its owner can read, if there is none. Raises `OSError`."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), MODE))


def make_private(database: Path) -> None:
    """Takes from everybody else the permission to read a database and what lies beside it, as far as they are ours.

    SQLite gives what it makes later on, such as the write-ahead log, the mode of the database.
    """
    for path in _files(database):
        with suppress(OSError):
            status = path.stat()
            # By its name, and not opened: closing a database's file would free the locks that others here hold on it.
            if status.st_mode & 0o077 and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid()):
                path.chmod(MODE)


def _files(database: Path) -> Iterator[Path]:
    name = glob.escape(database.name)
    for pattern in _BESIDE:
        yield from database.parent.glob(name + pattern)
