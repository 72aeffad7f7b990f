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
    subscription: bool = False
    """The caller's subscription pays for its calls, which are not billed one by one."""
    names_users: bool = True
    """Whether a user that a request's body names is whose call it is, where nothing else says so."""
    asks_usage: bool | None = None
    """Whether chat streams report usage only when asked; `None`: see `llmtrack.capture.sdk.include_usage`."""
