"""Limits: what may be spent, and the refusal of what may not."""

from __future__ import annotations

from datetime import datetime


class LimitExceeded(Exception):
    """Raised before anything is sent, when a limit has nothing left. The only exception that llmtrack raises itself.

    Amounts are in the unit of the limit: US dollars as `Decimal`, tokens or messages as `int`.
    """

    def __init__(
        self,
        message: str,
        *,
        limit: object = None,
        spent: object = None,
        held: object = None,
        room: object = None,
        resets_at: datetime | None = None,
        reason: str = "exceeded",
        max_tokens: int | None = None,
    ) -> None:
        super().__init__(message)
        self.limit = limit
        """The limit that refused; of several the one that resets last."""
        self.spent = spent
        """What counts against it so far."""
        self.held = held
        """What calls under way hold of it."""
        self.room = room
        """What is left; never less than 0."""
        self.resets_at = resets_at
        """When there will be room again; `None` if not by itself."""
        self.reason = reason
        """``exceeded``; ``unavailable``: the limit could not be checked; ``unbounded``: nobody knows what the call may
        come to; ``unpriced``: its model has no price."""
        self.max_tokens = max_tokens
        """With so many tokens of output at most the call would fit; `None` if with none."""
