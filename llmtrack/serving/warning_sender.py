"""The thread of the server that looks who came near a limit, and sends what is to be said about it."""

from __future__ import annotations

import logging
import threading
import time

from llmtrack.settings import get_settings

FIRST_LOOK_SECONDS = 10.0
"""After the start, which has enough to do."""
LOOK_SECONDS = 5.0
PRUNE_EVERY = 720
"""Looks."""
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_thread: threading.Thread | None = None
_stop = threading.Event()


def start(first_look: float = FIRST_LOOK_SECONDS, every: float = LOOK_SECONDS) -> None:
    """Starts the thread, once."""
    global _thread
    with _lock:
        if _thread is not None and _thread.is_alive():
            return
        _stop.clear()
        _thread = threading.Thread(target=_run, args=(first_look, every), name="llmtrack-warnings", daemon=True)
        _thread.start()


def stop(timeout: float) -> None:
    """Ends the thread; an attempt in progress is made again by whoever looks next."""
    _stop.set()
    if _thread is not None:
        _thread.join(timeout)


def look(*, prune: bool = False) -> int:
    """Notes and sends what there is; returns how many messages arrived. Asks nothing of a ledger without limits.

    `prune`: also removes what is long over.
    """
    from llmtrack.ledger.limits import peek_version

    settings = get_settings()
    if peek_version(settings.effective_database_url) == 0:
        return 0
    from llmtrack.billing.warnings import deliver_due, note_crossings
    from llmtrack.ledger import limit_warnings, open_ledger

    ledger = open_ledger()
    note_crossings(ledger, settings)
    if prune:
        limit_warnings.prune(ledger, time.time_ns() // 1000)
    return 0 if settings.sample else deliver_due(ledger, settings, stop=_stop.is_set)


def _run(first_look: float, every: float) -> None:
    pause, failed, looks = first_look, False, 0
    while not _stop.wait(pause):
        pause = every
        try:
            look(prune=looks % PRUNE_EVERY == 0)
            failed, looks = False, looks + 1
        except Exception as error:
            if not failed:  # once, not every five seconds while the database is away
                _log.warning("Who came near a limit could not be looked up: %s", type(error).__name__)
            failed, pause = True, 6 * every
