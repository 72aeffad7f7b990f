"""Retention and pruning that the server runs once a day, and erasing a user in database, journals and backups."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from llmtrack.settings import Settings, get_settings

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.maintenance import Erased, Keep, Removed

FIRST_LOOK_SECONDS = 60.0
"""After the start, which has enough to do."""
LOOK_SECONDS = 1800.0
"""Between two checks whether a day has passed."""
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_thread: threading.Thread | None = None
_stop = threading.Event()


def keep_of(settings: Settings) -> Keep:
    """For how long the settings keep data. Sample data is kept for ever."""
    from llmtrack.ledger.maintenance import Keep

    if settings.sample:
        return Keep()
    return Keep(settings.keep_text_days, settings.keep_property_days, settings.keep_row_days)


def start(first_look: float = FIRST_LOOK_SECONDS) -> None:
    """Starts the thread that runs retention and removes counters of limits for periods long over."""
    global _thread
    with _lock:
        if get_settings().sample or (_thread and _thread.is_alive()):
            return
        _stop.clear()
        _thread = threading.Thread(target=_run, args=(first_look,), name="llmtrack-upkeep", daemon=True)
        _thread.start()


def stop(timeout: float) -> None:
    """Ends the thread; a removal in progress is finished or undone, within `timeout` seconds or with the process."""
    _stop.set()
    if _thread is not None:
        _thread.join(timeout)


def _run(first_look: float) -> None:
    pause = first_look
    while not _stop.wait(pause):
        pause = LOOK_SECONDS
        try:
            prune_limits()
        except Exception:
            _log.exception("Counters of limits for periods long over could not be removed; it is tried again tomorrow")
        try:
            look_after()
        except Exception:
            _log.exception("What has been kept long enough could not be removed; it is tried again in an hour")


def prune_limits() -> int | None:
    """Removes counters of limits for periods long over; None before it is due, and where there are no limits."""
    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.limits import peek_version
    from llmtrack.ledger.maintenance import prune_daily

    settings = get_settings()
    if settings.sample or peek_version(settings.effective_database_url) == 0:
        return None
    return prune_daily(open_ledger())


def look_after() -> Removed | None:
    """Removes data older than the settings keep it, in the ledger and beside its journal; None before it is due."""
    from llmtrack.capture.journal import forget_before
    from llmtrack.capture.tracker import Tracker
    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.maintenance import retain_daily

    keep = keep_of(get_settings())
    if keep.for_ever:
        return None
    journal = Tracker().journal_dir()
    ledger = open_ledger()
    removed = retain_daily(ledger, keep, also=lambda at: 0 if at is None else forget_before(journal, ledger.owner, at))
    if removed is not None:
        _log.info(
            "Kept long enough and removed: %d texts, properties of %d calls, %d calls of %d days, %d backups",
            removed.texts, removed.properties, removed.rows, removed.days, removed.backups,
        )  # fmt: skip
    return removed


def erase_everywhere(ledger: Ledger, user_id: str, *, by: str, database_url: str | None = None) -> Erased:
    """Erases a user, under all their ids, from the ledger, journals that wait for it, and records it would not take.

    Raises `LedgerError` where nobody is called so.
    """
    from llmtrack.capture.journal import forget_user
    from llmtrack.capture.tracker import Tracker
    from llmtrack.ledger.maintenance import erase, ids_of_person

    tracker = Tracker(database_url)
    tracker.writer.look_around()
    tracker.close(60)  # journals that processes left behind hold texts too
    for name in ids_of_person(ledger, user_id):
        forget_user(tracker.journal_dir(), ledger.owner, name)
    return erase(ledger, user_id, by=by)
