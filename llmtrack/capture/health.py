"""What went wrong on our side: logged once, counted, and never raised into the caller."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter

from llmtrack.masking import mask

log = logging.getLogger("llmtrack")

REPEAT_AFTER = 3600.0
"""Seconds after which a failure that goes on is logged again."""


class Health:
    """Counts failures by kind, and logs each kind once until it has been quiet or an hour has passed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}

    def failed(self, kind: str, message: str, error: BaseException | None = None, *, secret: bool = False) -> None:
        """Notes a failure. With `secret`, the error's own text stays out of the log: it may repeat a prompt."""
        try:
            with self._lock:
                self._counts[kind] += 1
                now = time.monotonic()
                quiet = now - self._logged_at.get(kind, float("-inf")) < REPEAT_AFTER
                if not quiet:
                    self._logged_at[kind] = now
            if not quiet:
                reason = (
                    "" if error is None else f": {type(error).__name__}" + ("" if secret else f": {mask(str(error))}")
                )
                log.warning("%s%s", message, reason)
            if error is not None and log.isEnabledFor(logging.DEBUG):
                # Where, and never with which values.
                place = "".join(traceback.format_tb(error.__traceback__))
                log.debug("%s: %s in\n%s", message, type(error).__name__, place)
        except Exception:
            # Nothing is left to tell it to; the caller's answer matters more.
            return

    def recovered(self, kind: str, message: str) -> None:
        """Notes that what failed works again, so that its next failure is logged again."""
        with self._lock:
            was_failing = self._logged_at.pop(kind, None) is not None
        if was_failing:
            log.warning("%s", message)

    def counts(self) -> dict[str, int]:
        """How often each kind of failure happened."""
        with self._lock:
            return dict(self._counts)
