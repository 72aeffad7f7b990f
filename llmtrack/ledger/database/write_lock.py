"""The lock that lets one writer at a time into an SQLite file, among all threads and processes of a machine.

SQLite's own lock makes those who wait sleep ever longer, so that some wait for seconds while others write and write.
Here all look again equally often. The lock is filelock's, which works on Windows too, unlocks before it closes, and
closes in a forked child what the child inherited: a child that lives on holds nobody up.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from llmtrack.ledger.database.private_files import MODE

TIMEOUT = 30
"""Seconds to wait for another writer. One that hangs longer holds nobody up: SQLite then decides."""
_POLL = 0.002
"""Seconds between looks while somebody else writes."""

log = logging.getLogger("llmtrack")
_locks: dict[str, FileLock] = {}


@contextmanager
def write_lock(path: str) -> Iterator[None]:
    """Holds the lock file `path` during the block, or goes on without it after `TIMEOUT` seconds, and says so.

    Raises `RuntimeError` in a thread that holds it already: it would wait for itself.
    """
    lock = _locks.get(path)
    if lock is None:
        lock = _locks.setdefault(path, _new_lock(path))
    if lock.is_locked:  # each thread has a hold of its own
        raise RuntimeError("A transaction cannot begin inside another one.")
    try:
        lock.acquire(timeout=TIMEOUT)
    except Timeout:
        log.warning("Another process has held %s for %d seconds; writing without waiting for it", path, TIMEOUT)
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _new_lock(path: str) -> FileLock:
    if hasattr(os, "fchmod"):
        return FileLock(path, mode=MODE, poll_interval=_POLL)
    return FileLock(path, poll_interval=_POLL)  # filelock sets a mode by that function


if hasattr(os, "register_at_fork"):
    # A lock object does not outlive a fork, and filelock has closed its file in the child by then.
    os.register_at_fork(after_in_child=_locks.clear)
