"""Asking for the usage of chat streams on the caller's behalf, where it takes asking and where it is understood.

OpenAI and Azure report it only when asked; many compatible servers always do, in a chunk that is the caller's to see.
Of a server of which neither is known, one stream is looked at as the caller asked for it; its tokens may be estimated.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from llmtrack.capture.sdk.client_settings import ClientSettings
from llmtrack.capture.sdk.usage_filter import ANY_CHUNK, OPENAIS, UsageFilter, ZippedUsageFilter
from llmtrack.capture.tracker import Tracker

_CACHE = "_llmtrack_server"
"""Where a client keeps what is known of its server: to look it up by address at each call takes longer."""
_ON_REQUEST = frozenset({"openai", "azure"})
"""Providers whose chat streams report usage only when asked, and their hosts with all subdomains."""
_HOSTS_ON_REQUEST = (".openai.com", ".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
_UNDERSTANDING_HOSTS = ("api.openai.com", ".openai.azure.com")
"""Hosts that understand the question, so that a request they refuse is refused for something else."""

# No text can look like these: inside a JSON string the quotes would be escaped.
_REPORTED = re.compile(rb'"usage"\s*:\s*\{\s*"')
_NULL = re.compile(rb'"usage"\s*:\s*null')


@dataclass(slots=True)
class Server:
    """How the chat streams of one base URL report usage."""

    on_request: bool | None = None
    """Whether only when asked; None before a stream was looked at."""
    writes_null: bool = False
    """Whether it writes ``"usage":null`` unasked."""
    understood: bool = False
    """Whether it answered a request that asked for usage."""
    refuses: bool = False
    """Whether it takes the question for a mistake."""


_servers: WeakKeyDictionary[Tracker, dict[str, Server]] = WeakKeyDictionary()
"""What each tracker's calls showed of the servers, by base URL."""


def server_of(client: Any, tracker: Tracker) -> Server:
    """What is known of the server behind a client's base URL; the same object for all clients of a tracker."""
    base = client.base_url
    cached = client.__dict__.get(_CACHE)
    if cached is not None and cached[0] is base and cached[1] is tracker:
        server: Server = cached[2]
        return server
    server = _servers.setdefault(tracker, {}).setdefault(str(base), Server())
    client.__dict__[_CACHE] = (base, tracker, server)
    return server


def must_ask(client: Any, settings: ClientSettings, server: Server) -> bool | None:
    """Whether usage is reported only when asked for; None where a stream must show it first."""
    if settings.asks_usage is not None:
        return settings.asks_usage
    if server.on_request is not None:
        return server.on_request
    if settings.provider is not None:
        return settings.provider in _ON_REQUEST or None
    return f".{client.base_url.host}".endswith(_HOSTS_ON_REQUEST) or None


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


def learn(server: Server, body: bytes, content_encoding: bytes, how: str) -> None:
    """Learns from a stream that nobody asked for usage, if it is whole, what its server reports by itself.

    `how` the reading of `body` ended: ``read`` or ``closed``, as in `llmtrack.capture.exchange.Exchange.ended`.
    """
    if content_encoding:
        from llmtrack.capture.readers.event_stream import unpack

        body, _ = unpack(body, content_encoding.decode("latin-1"), ())
    if b'"choices"' not in body or (how == "closed" and b"[DONE]" not in body[-100:]):
        return
    server.writes_null = _NULL.search(body) is not None
    server.on_request = _REPORTED.search(body) is None


def is_refused(server: Server, client: Any, response: Any) -> bool:
    """Whether an error may come from the question; if it says so, the server is not asked again."""
    if response.status_code not in (400, 422):
        return False
    if any(word in response.text for word in ("stream_options", "include_usage")):
        server.refuses = True
        return True
    return not server.understood and not client.base_url.host.endswith(_UNDERSTANDING_HOSTS)


def filter_for(server: Server, client: Any, content_encoding: bytes) -> UsageFilter | ZippedUsageFilter | None:
    """What takes out of a stream what our asking added; `None` for a stream that we cannot take apart."""
    server.understood = True
    name = content_encoding.decode("latin-1").strip().lower()
    beside = _nulls_beside(server, client)
    if name in ("", "identity"):
        return UsageFilter(nulls_beside=beside)
    return ZippedUsageFilter(name, nulls_beside=beside) if name in ("gzip", "deflate") else None


def _nulls_beside(server: Server, client: Any) -> bytes | None:
    """In which events an empty usage comes of our asking; of an unseen server, in those of OpenAI's kind."""
    if server.writes_null:
        return None
    if server.on_request or f".{client.base_url.host}".endswith(_HOSTS_ON_REQUEST):
        return ANY_CHUNK
    return OPENAIS
