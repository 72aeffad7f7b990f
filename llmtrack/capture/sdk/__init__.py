"""The SDK's side of a call: the tracked client, the call, and the body of its response as the caller reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.capture.sdk.client import Family as Family
    from llmtrack.capture.sdk.client import is_tracked as is_tracked
    from llmtrack.capture.sdk.tracking import track as track

_HOMES = {
    "Family": "client",
    "is_tracked": "client",
    "track": "tracking",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
