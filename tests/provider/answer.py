"""What the fake provider sends back to one request, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An answer as it goes over the wire, with what goes wrong on the way."""

    body: Any = None
    """Sent as JSON, or as it is where it is bytes."""
    events: Sequence[bytes] | None = None
    """Server-sent events, instead of a body."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0
    """Seconds between two events."""
    gzip: bool = False
    silent: bool = False
    """Not even a header is sent before `Provider.release()`, or the client's leaving."""
    stall_after: int | None = None
    """After so many events nothing more is sent before `Provider.release()`, or the client's leaving."""
    drop_after: int | None = None
    """After so many events the connection breaks."""
    end_after: int | None = None
    """After so many events the stream ends as if it were complete."""

    def content(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def sse(event: Mapping[str, Any], *, named: bool = False) -> bytes:
    """One server-sent event, with its type as its name where the dialect does so."""
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


DONE = b"data: [DONE]\n\n"
