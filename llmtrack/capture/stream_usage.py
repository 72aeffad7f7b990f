"""Asking for the usage of chat streams on the caller's behalf, where it takes asking and where it is understood.

OpenAI and Azure report it only when asked; many compatible servers always do, in a chunk that is the caller's to see.
Of a server of which neither is known, one stream is looked at as the caller asked for it; its tokens may be estimated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from llmtrack.capture.tracker import Tracker
from llmtrack.capture.usage_filter import ANY_CHUNK, OPENAIS, UsageFilter, ZippedUsageFilter

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

    host: str
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


def server_at(base_url: str, host: str, tracker: Tracker) -> Server:
    """What is known of the server at an address; the same object for all calls of a tracker."""
    return _servers.setdefault(tracker, {}).setdefault(base_url, Server(host))


def must_ask(server: Server, provider: str | None, asks_usage: bool | None) -> bool | None:
    """Whether usage is reported only when asked for; None where a stream must show it first.

    `provider` and `asks_usage` are what the caller said about the server, if anything.
    """
    if asks_usage is not None:
        return asks_usage
    if server.on_request is not None:
        return server.on_request
    if provider is not None:
        return provider in _ON_REQUEST or None
    return f".{server.host}".endswith(_HOSTS_ON_REQUEST) or None


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


def may_be_refused(http_status: int) -> bool:
    """Whether an answer of this status may come from the question."""
    return http_status in (400, 422)


def is_refused(server: Server, http_status: int, text: str) -> bool:
    """Whether an error may come from the question; if it says so, the server is not asked again."""
    if not may_be_refused(http_status):
        return False
    if any(word in text for word in ("stream_options", "include_usage")):
        server.refuses = True
        return True
    return not server.understood and not server.host.endswith(_UNDERSTANDING_HOSTS)


def filter_for(server: Server, content_encoding: bytes) -> UsageFilter | ZippedUsageFilter | None:
    """What takes out of a stream what our asking added; `None` for a stream that we cannot take apart."""
    server.understood = True
    name = content_encoding.decode("latin-1").strip().lower()
    beside = _nulls_beside(server)
    if name in ("", "identity"):
        return UsageFilter(nulls_beside=beside)
    return ZippedUsageFilter(name, nulls_beside=beside) if name in ("gzip", "deflate") else None


def _nulls_beside(server: Server) -> bytes | None:
    """In which events an empty usage comes of our asking; of an unseen server, in those of OpenAI's kind."""
    if server.writes_null:
        return None
    if server.on_request or f".{server.host}".endswith(_HOSTS_ON_REQUEST):
        return ANY_CHUNK
    return OPENAIS
