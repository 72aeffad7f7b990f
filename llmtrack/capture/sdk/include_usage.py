"""Asking for the usage of chat streams on the caller's behalf, where it takes asking and where it is understood.

OpenAI and Azure report it only when asked; many compatible servers always do, in a chunk that is the caller's to see.
Of a server of which neither is known, one stream is looked at as the caller asked for it; its tokens may be estimated.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmtrack.capture.sdk.usage_filter import UsageFilter, ZippedUsageFilter

if TYPE_CHECKING:
    from llmtrack.capture.sdk.call import Call

_SERVER = "_llmtrack_server"
"""Where a client keeps its server's habits: to look them up by address at each call takes longer."""
_ASKED = frozenset({"openai", "azure"})
"""Providers whose chat streams report usage only when asked, and their hosts with all subdomains."""
_ASKED_HOSTS = (".openai.com", ".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
_KNOWN = ("api.openai.com", ".openai.azure.com")
"""Hosts that understand the question, so that a request they refuse is refused for something else."""

# No text can look like these: inside a JSON string the quotes would be escaped.
_REPORTED = re.compile(rb'"usage"\s*:\s*\{\s*"')
_NULL = re.compile(rb'"usage"\s*:\s*null')


@dataclass(slots=True)
class Server:
    """How the chat streams of one base URL report usage."""

    asks: bool | None = None
    """Whether only when asked; None before a stream was looked at."""
    writes_null: bool = False
    """Whether it writes ``"usage":null`` unasked."""
    understood: bool = False
    refuses: bool = False
    """Whether it takes the question for a mistake."""


def prepare(call: Call, options: Any) -> Any:
    """The options of a stream, or a copy of them that asks for its usage, where that must be done."""
    if not call.endpoint.asks_usage:
        return options
    server = _server(call)
    if server.refuses:
        return options
    body, extra, headers = options.json_data, options.extra_json, options.headers
    field, holder = ("extra_json", extra) if extra and "stream_options" in extra else ("json_data", body)
    if type(holder) is not dict:
        return options
    wanted = holder.get("stream_options")
    wanted = wanted if type(wanted) is dict else {}
    if wanted.get("include_usage"):
        return options
    asks = _asks(call, server)
    if not asks:
        call.looks = asks is None
        return options
    call.asks = True
    asking = copy(options)
    changed = asking.__dict__
    changed[field] = {**holder, "stream_options": {**wanted, "include_usage": True}}
    headers = headers if type(headers) is dict else {}
    if not any(name.lower() == "accept-encoding" for name in headers):
        # What is to be taken out of the stream again is best not compressed.
        changed["headers"] = {**headers, "Accept-Encoding": "identity"}
    return asking


def _asks(call: Call, server: Server) -> bool | None:
    """Whether to ask; None where a stream must show it first."""
    attachment = call.attachment
    if attachment.asks_usage is not None:
        return attachment.asks_usage
    if server.asks is not None:
        return server.asks
    if attachment.provider is not None:
        return attachment.provider in _ASKED or None
    return f".{call.client.base_url.host}".endswith(_ASKED_HOSTS) or None


def _server(call: Call) -> Server:
    client, base = call.client, call.client.base_url
    kept = client.__dict__.get(_SERVER)
    if kept is not None and kept[0] is base and kept[1] is call.tracker:
        server: Server = kept[2]
        return server
    server = call.tracker.servers.setdefault(str(base), Server())
    client.__dict__[_SERVER] = (base, call.tracker, server)
    return server


def look(call: Call, how: str) -> None:
    """Learns from a stream that nobody asked for usage, if it is whole, what its server reports by itself."""
    try:
        if not call.streamed or call.http_status != 200 or how not in ("read", "closed"):
            return
        body = b"".join(call.chunks)
        if call.content_encoding:
            from llmtrack.capture.readers.event_stream import unpack

            body, _ = unpack(body, call.content_encoding.decode("latin-1"), ())
        if b'"choices"' not in body or (how == "closed" and b"[DONE]" not in body[-100:]):
            return
        server = _server(call)
        server.writes_null = _NULL.search(body) is not None
        server.asks = _REPORTED.search(body) is None
    except Exception as error:
        call.tracker.health.failed("capture", "A stream could not be looked at", error, secret=True)


def is_refused(call: Call, response: Any) -> bool:
    """Whether an error may come from the question; if it says so, the server is not asked again."""
    if response.status_code not in (400, 422):
        return False
    server = _server(call)
    if any(word in response.text for word in ("stream_options", "include_usage")):
        server.refuses = True
        return True
    return not server.understood and not call.client.base_url.host.endswith(_KNOWN)


def filter_for(call: Call) -> UsageFilter | ZippedUsageFilter | None:
    """What takes out of a stream what our asking added; `None` for a stream that we cannot take apart."""
    server = _server(call)
    server.understood = True
    name = call.content_encoding.decode("latin-1").strip().lower()
    if name in ("", "identity"):
        return UsageFilter(nulls=not server.writes_null)
    return ZippedUsageFilter(name, nulls=not server.writes_null) if name in ("gzip", "deflate") else None
