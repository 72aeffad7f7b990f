"""Emptying the write-ahead log of a SQLite ledger once nobody writes any more, so that its file alone is the ledger."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

IDLE_SECONDS = 1.5
"""Seconds after the last transaction. What a program writes while it comes to rest is over by then."""
LONGEST_PAUSE = 60.0
"""Seconds between attempts while somebody else reads or writes, doubling up to here."""
log = logging.getLogger("llmtrack")


class IdleCheckpoint:
    """A daemon thread, started by the first transaction, that runs `checkpoint` when none has followed for a while."""

    def __init__(self, checkpoint: Callable[[], bool]) -> None:
        """`checkpoint` says whether the log is empty now."""
        self._checkpoint = checkpoint
        self._written_at = 0.0
        self._written = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def note(self) -> None:
        """A transaction was committed."""
        self._written_at = time.monotonic()
        self._written.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="llmtrack-checkpoint", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = IDLE_SECONDS
        waiting = threading.Event()
        while True:
            self._written.wait()
            left = self._written_at + pause - time.monotonic()
            if left > 0:
                waiting.wait(left)
                continue
            self._written.clear()
            at = self._written_at
            try:
                done = self._checkpoint()
            except Exception as error:
                log.debug("The write-ahead log could not be emptied: %s", type(error).__name__)
                done = False
            if done:
                pause = IDLE_SECONDS
            elif self._written_at == at:
                pause = min(pause * 2, LONGEST_PAUSE)
                self._written_at = time.monotonic()
                self._written.set()
