"""Asking for the usage of chat streams on the caller's behalf, in the options of an SDK's request.

Where that must be done is known in `llmtrack.capture.stream_usage`.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from llmtrack.capture.stream_usage import Server, server_at
from llmtrack.capture.tracker import Tracker

_CACHE = "_llmtrack_server"
"""Where a client keeps what is known of its server: to look it up by address at each call takes longer."""


def server_of(client: Any, tracker: Tracker) -> Server:
    """What is known of the server behind a client's base URL; the same object for all clients of a tracker."""
    base = client.base_url
    cached = client.__dict__.get(_CACHE)
    if cached is not None and cached[0] is base and cached[1] is tracker:
        server: Server = cached[2]
        return server
    server = server_at(str(base), base.host, tracker)
    client.__dict__[_CACHE] = (base, tracker, server)
    return server


def can_ask(server: Server, options: Any) -> bool:
    """Whether the options of a stream can be made to ask for its usage, and the caller did not already."""
    if server.refuses:
        return False
    _, holder, stream_options = _stream_options(options)
    return type(holder) is dict and not stream_options.get("include_usage")


def asking(options: Any) -> Any:
    """A copy of the options of a stream that asks for its usage."""
    field, holder, stream_options = _stream_options(options)
    asking = copy(options)
    changed = asking.__dict__
    changed[field] = {**holder, "stream_options": {**stream_options, "include_usage": True}}
    headers = options.headers if type(options.headers) is dict else {}
    if not any(name.lower() == "accept-encoding" for name in headers):
        # What is to be taken out of the stream again is best not compressed.
        changed["headers"] = {**headers, "Accept-Encoding": "identity"}
    return asking


def _stream_options(options: Any) -> tuple[str, Any, dict[str, Any]]:
    """The option that holds the request's ``stream_options``, its value, and the caller's stream options."""
    extra = options.extra_json
    field, holder = ("extra_json", extra) if extra and "stream_options" in extra else ("json_data", options.json_data)
    stream_options = holder.get("stream_options") if type(holder) is dict else None
    return field, holder, stream_options if type(stream_options) is dict else {}
