"""Limits: what may be spent, and the refusal of what may not."""

from __future__ import annotations

from datetime import datetime


class LimitExceeded(Exception):
    """Raised before anything is sent, when a limit has nothing left. The only exception that llmtrack raises itself."""

    def __init__(
        self, message: str, *, limit: object = None, spent: object = None, resets_at: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.limit = limit
        """The limit that refused."""
        self.spent = spent
        """What counts against it so far, in its own unit."""
        self.resets_at = resets_at
        """When there will be room again; `None` if not by itself."""
