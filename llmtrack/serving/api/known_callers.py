"""Callers who were identified a moment ago: a program that asks often is not looked up for each request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from llmtrack.serving.identity import TokenScope

C = TypeVar("C")
SECONDS = 1.0
"""For so long a token that was revoked, or whose owner was shut out, may still be used here."""
MOST = 1_000
"""Callers at once; beyond, all are looked up again."""


class KnownCallers(Generic[C]):
    """Callers by their token and what they asked to do. Used on the event loop only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._callers: dict[tuple[str, TokenScope | None], tuple[float, C]] = {}

    def get(self, token: str, scope: TokenScope | None) -> C | None:
        """The caller, if they were identified within `SECONDS`."""
        entry = self._callers.get((token, scope))
        return entry[1] if entry is not None and self._clock() - entry[0] < SECONDS else None

    def add(self, token: str, scope: TokenScope | None, caller: C) -> None:
        """Remembers a caller who was identified now."""
        if len(self._callers) >= MOST:
            self._callers.clear()
        self._callers[token, scope] = (self._clock(), caller)
