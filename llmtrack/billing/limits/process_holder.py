"""A process as the holder of its holds: it keeps a file locked for as long as it lives, by which others tell."""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path

from filelock import FileLock, Timeout

from llmtrack.ledger.limits import Holder

SUFFIX = ".holder"


class ProcessHolder:
    """This process. Made once per process and ledger, before the first hold."""

    def __init__(self, directory: Path) -> None:
        """Locks a file in `directory`. Raises `OSError` where that cannot be done."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.id = secrets.randbits(62)
        self._path = directory / f"{self.id:016x}{SUFFIX}"
        self._lock = FileLock(self._path, thread_local=False)
        self._lock.acquire(timeout=0)

    def row(self) -> Holder:
        """As the ledger keeps it, alive as of now."""
        return Holder(self.id, socket.gethostname(), os.getpid(), str(self._path.absolute()), time.time_ns() // 1000)

    def close(self) -> None:
        """Lets go of the file; whoever looks takes the process for dead from now on."""
        self._lock.release()
        self._path.unlink(missing_ok=True)


def is_dead(holder: Holder) -> bool:
    """Whether a process of this machine is certain to be gone; False for those of other machines."""
    if holder.host != socket.gethostname():
        return False
    path = Path(holder.lock)
    if not path.parent.is_dir():
        return not _runs(holder.pid)
    if not path.exists():
        return not _runs(holder.pid)
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return False
    lock.release()
    return True


def remove(holder: Holder) -> None:
    """Removes the file of a process that is gone."""
    if holder.host == socket.gethostname():
        Path(holder.lock).unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
