"""An HTTP transport that never leaves the process: the real SDK above it, the simulated provider below.

`httpx2` calls a transport for every attempt of a request, exactly where it would otherwise open a socket.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import httpx2

from llmtrack.chat.demo import wire

_LOST = "peer closed connection without sending complete message body (incomplete chunked read)"
_NOTICEABLE = 0.002  # seconds; sleeping for less costs more than it shows


def _due(started: float, at: float) -> float:
    """Seconds still to wait until `at` seconds after `started`, or 0."""
    left = started + at - time.monotonic()
    return left if left > _NOTICEABLE else 0.0


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: wire.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        started = time.monotonic()
        for at, frame in self._response.frames:
            if wait := _due(started, at):
                time.sleep(wait)
            yield frame
        if self._response.drops:
            raise httpx2.RemoteProtocolError(_LOST)


class _AsyncBody(httpx2.AsyncByteStream):
    def __init__(self, response: wire.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        started = time.monotonic()
        for at, frame in self._response.frames:
            if wait := _due(started, at):
                await asyncio.sleep(wait)
            yield frame
        if self._response.drops:
            raise httpx2.RemoteProtocolError(_LOST)


class DemoTransport(httpx2.BaseTransport):
    """Answers sync clients at `rate` tokens a second; `silence` is how long `demo-silent` waits, in seconds."""

    def __init__(self, rate: float, silence: float) -> None:
        self._rate, self._silence = rate, silence

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one attempt."""
        response = wire.respond(request.method, request.url.path, request.read(), self._rate, self._silence)
        headers = {"content-type": response.content_type, **response.headers}
        return httpx2.Response(response.status, headers=headers, stream=_Body(response))


class AsyncDemoTransport(httpx2.AsyncBaseTransport):
    """Answers async clients at `rate` tokens a second; `silence` is how long `demo-silent` waits, in seconds."""

    def __init__(self, rate: float, silence: float) -> None:
        self._rate, self._silence = rate, silence

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one attempt."""
        body = await request.aread()
        response = wire.respond(request.method, request.url.path, body, self._rate, self._silence)
        headers = {"content-type": response.content_type, **response.headers}
        return httpx2.Response(response.status, headers=headers, stream=_AsyncBody(response))
