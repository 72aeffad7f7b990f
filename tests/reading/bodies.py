"""What the reader tests share: streams as bytes, and a call seen on the wire."""

from __future__ import annotations

import json
from typing import Any

from llmtrack.capture.readers import ErrorSeen, Exchange, Reading, read
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"


def lines(*events: Json) -> bytes:
    """A stream as OpenAI's chat completions send it, without its end."""
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def named(*events: Json) -> bytes:
    """A stream whose events are named by their type, as Anthropic and Responses send it."""
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def seen(
    reader: str,
    response: Json | bytes | None,
    request: Json | None = None,
    *,
    content: bool = True,
    error: ErrorSeen | None = None,
    **more: Any,
) -> Reading:
    """What a reader makes of a response, JSON or stream."""
    if isinstance(response, dict):
        response = json.dumps(response).encode()
        more.setdefault("content_type", "application/json")
    more.setdefault("content_type", "text/event-stream")
    more.setdefault("http_status", None if response is None and error else 200)
    sent = None if request is None else json.dumps(request).encode()
    return read(reader, Exchange(sent, response, error=error, **more), content=content)


def known(usage: Usage) -> Json:
    """The counts of `usage` that are known."""
    told = ("doubt", "uncounted", "text_only")
    counts = {name: getattr(usage, name) for name in usage.__dataclass_fields__ if name not in told}
    return {name: count for name, count in counts.items() if count is not None and count != {} and count != ()}
