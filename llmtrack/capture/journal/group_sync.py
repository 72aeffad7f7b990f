"""Syncing the journal to disk in groups, so that a power cut costs no call that was answered a moment ago."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from llmtrack.capture.health import Health
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.journal.segment import Segment

GATHER = 0.05
"""Seconds between two syncs. With what a sync takes, calls are safe well within the 200 ms that are promised."""
_sync_data = getattr(os, "fdatasync", os.fsync)


class GroupSync:
    """A daemon thread that syncs what was appended since it last did. No caller waits for it."""

    def __init__(self, journal: Journal, health: Health) -> None:
        self._journal = journal
        self._health = health
        self._appended = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wake(self) -> None:
        """Lets it know that something was appended."""
        if not self._appended.is_set():
            self._appended.set()
            if self._thread is None:
                self._start()

    def sync(self) -> None:
        """Syncs now what has been appended so far."""
        for segment in self._journal.segments():
            if segment.synced >= segment.end:
                continue
            try:
                _sync(segment)
            except OSError as error:
                if segment.fd >= 0:  # otherwise all of it is in the ledger by now
                    self._health.failed("sync", "The journal cannot be synced: a power cut may take calls", error)
            else:
                self._health.recovered("sync", "The journal can be synced again")

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="llmtrack-sync", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._appended.wait()
            self._appended.clear()
            self.sync()
            pause.wait(GATHER)


def _sync(segment: Segment) -> None:
    end = segment.end
    _sync_data(segment.fd)
    if not segment.synced:
        sync_directory(segment.path.parent)
        sync_directory(segment.path.parent.parent)  # the journal's directory may be new as well
    segment.synced = end


def sync_directory(directory: Path) -> None:
    """Has files made and deleted in a directory stay so after a power cut, where the system can do that."""
    with suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
