"""One request to a model, from sending to the end of its answer."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmtrack.capture.context import NOBODY, Context
from llmtrack.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmtrack.capture.endpoints import Endpoint
    from llmtrack.capture.tracker import Tracker

RETRY_COUNT = "x-stainless-retry-count"
"""The header in which both SDKs say how often a request was sent before."""
_STOPPED = (asyncio.CancelledError, KeyboardInterrupt)


@dataclass(slots=True)
class Attachment:
    """What a tracked client knows before any call: who keeps its records, and whose calls they are."""

    tracker: Tracker | None = None
    """`None`: the default tracker."""
    context: Context = NOBODY
    provider: str | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call goes: the endpoint, the path asked for, and the provider by its given name or by its host."""

    endpoint: Endpoint
    path: str
    host: str
    provider: str | None
    name_of: Callable[[str], str]
    simulated: bool


class Call:
    """What is known of a request while it is under way. Ends exactly once, whoever says so; never raises."""

    __slots__ = (
        "attempts", "chunks", "context", "ended", "epoch", "http_status", "id", "model", "origin", "outer",
        "request", "response", "response_headers", "sent", "started_at", "streamed", "ticks", "tracker",
    )  # fmt: skip

    def __init__(self, tracker: Tracker, origin: Origin, context: Context, model: str | None) -> None:
        self.tracker = tracker
        self.origin = origin
        self.context = context
        self.model = model
        self.epoch = tracker.epoch
        self.outer = sys.exception()
        self.ended = False
        self.attempts = 1
        self.http_status: int | None = None
        self.response_headers: Any = None
        self.request = b""
        self.response: bytes | None = None
        self.streamed = False
        self.chunks: list[bytes] = []
        self.ticks: list[int] = []
        self.started_at = tracker.now()
        self.id = new_id(self.started_at)
        self.sent = tracker.tick()

    def sees(self, response: Any) -> None:
        """Takes note of an HTTP response: its status and headers, and the request it answers."""
        self.http_status = response.status_code
        self.response_headers = response.headers
        self.sees_request(response.request)

    def sees_request(self, request: Any) -> None:
        """Takes note of the HTTP request as it was last sent."""
        headers = request.headers
        count = headers.get(RETRY_COUNT, "0")
        self.attempts += int(count) if count.isdigit() else 0
        if "json" in headers.get("content-type", ""):
            # What is streamed to the server, or multipart, has no `_content` and is not kept.
            self.request = getattr(request, "_content", b"")

    def end(self, how: str, error: BaseException | None = None) -> None:
        """Ends the call: `how` its answer ended, and the exception the caller got, if any."""
        if not self.ended:
            self.ended = True
            self.tracker.finish(self, how, error)

    def how_closed(self) -> str:
        """Why a response is being closed: because the caller is being stopped, or because it has had enough?"""
        error = sys.exception()
        return "cancelled" if isinstance(error, _STOPPED) and error is not self.outer else "closed"


def how_failed(error: BaseException) -> str:
    """Whether an exception that came out of a call is a failure, or the caller being stopped."""
    if isinstance(error, _STOPPED):
        return "cancelled"
    return "error" if isinstance(error, Exception) else "abandoned"
