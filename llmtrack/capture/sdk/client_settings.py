"""What is known about a tracked client's calls before any is made."""

from __future__ import annotations

from dataclasses import dataclass

from llmtrack.capture.context import NOBODY, Context
from llmtrack.capture.tracker import Tracker


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Who keeps the records of a client's calls, and whose calls they are: what `llmtrack.track` was given."""

    tracker: Tracker | None = None
    """`None`: the default tracker."""
    context: Context = NOBODY
    provider: str | None = None
    """The server behind the client's base URL; `None`: it is named by its host."""
    simulated: bool = False
    asks_usage: bool | None = None
    """Whether chat streams report usage only when asked; `None`: see `llmtrack.capture.sdk.include_usage`."""
