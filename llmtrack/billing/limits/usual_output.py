"""How much output users usually get: the 95th percentile of their latest answers, looked up now and then."""

from __future__ import annotations

import threading
import time

from llmtrack.billing.limits.expected import FEW, p95_of
from llmtrack.ledger import Ledger
from llmtrack.ledger.limits import output_counts

GOOD_FOR = 600.0
"""Seconds that an answer is good for."""
_REMEMBERED = 10_000


class UsualOutput:
    """Remembers what was looked up."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._seen: dict[tuple[str | None, str], tuple[float, int | None]] = {}

    def p95(self, user: str | None, model: str | None) -> int | None:
        """Output tokens that 95 % of a user's answers of a model did not exceed; of few, those of everybody."""
        if model is None:
            return None
        now = time.monotonic()
        seen = self._seen.get((user, model))
        if seen is not None and now - seen[0] < GOOD_FOR:
            return seen[1]
        with self._ledger.reading() as connection:
            outputs = output_counts(connection, self._ledger.dialect, user, model) if user is not None else []
            if len(outputs) < FEW:
                outputs = output_counts(connection, self._ledger.dialect, None, model) or outputs
        value = p95_of(outputs)
        with self._lock:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            self._seen[user, model] = (now, value)
        return value
