"""The connection to providers: aiohttp's client, told to add nothing and to undo nothing."""

from __future__ import annotations

import asyncio
import ssl
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from llmtrack.settings import get_settings

KEEP_SECONDS = 30.0
"""For so long a connection to a provider waits for its next request."""
_SKIPPED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What aiohttp would add of its own."""
_AT_ONCE = 2**20
"""A body of at most this many bytes is handed over in one piece."""


class Sent(Protocol):
    """What is told that a request leaves."""

    attempts: int


under_way: ContextVar[Sent | None] = ContextVar("llmtrack_gateway_call", default=None)
"""The call whose request runs here."""


class _Request(aiohttp.ClientRequest):
    """Tells when there is a connection: until then nothing was sent, and nothing can cost anything."""

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        if (call := under_way.get()) is not None:
            call.attempts = 1
        return await super().send(conn)


@lru_cache(1)
def tls() -> ssl.SSLContext:
    """Whom to trust: the same authorities as the SDKs do, ``SSL_CERT_FILE`` included."""
    import httpx2

    return httpx2.create_ssl_context()


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


def session() -> aiohttp.ClientSession:
    """The client of the running loop, made when it is first needed."""
    loop = asyncio.get_running_loop()
    client = _sessions.get(loop)
    if client is None or client.closed:
        settings = get_settings()
        client = _sessions[loop] = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls(), limit=0, keepalive_timeout=KEEP_SECONDS, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                sock_connect=settings.gateway_connect_timeout, sock_read=settings.gateway_silence_timeout
            ),
            auto_decompress=False,
            skip_auto_headers=_SKIPPED,
            request_class=_Request,
        )
    return client


async def close() -> None:
    """Closes the client of the running loop, if there is one."""
    client = _sessions.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.close()


def send(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, proxy: str | None
) -> Any:  # aiohttp's own type of it is private
    """A request, to be entered with ``async with``, which gives the answer as soon as its head is there."""
    data: Any = None
    if body:
        if len(body) > _AT_ONCE:
            data = _in_pieces(body)
            headers = [*headers, ("content-length", str(len(body)))]
        else:
            data = body
    return session().request(
        method, URL(url, encoded=True), headers=headers, data=data, allow_redirects=False, proxy=proxy
    )


async def _in_pieces(body: bytes) -> Any:
    """A large body piece by piece, so that the loop is not held up."""
    view = memoryview(body)
    for start in range(0, len(body), _AT_ONCE):
        yield bytes(view[start : start + _AT_ONCE])
