"""A provider that answers at once, OpenAI's chat completions from memory, and callers: for `benchmarks/gateway.py`.

    python -m benchmarks.mock_upstream PORT

A request says what it wants in members that every proxy passes on: ``max_tokens`` is the number of chunks of a stream,
``seed`` the milliseconds between them. Each chunk holds the time at which it left, in nanoseconds of the machine's
monotonic clock, so that whoever reads it knows how long it was under way. The callers read no more than that.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from typing import Any

import httptools
import uvloop

_USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
_PLAIN = json.dumps(
    {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "word " * 100}}],
        "usage": _USAGE,
    }
).encode()  # fmt: skip
_HEAD_END = b"\r\n\r\n"
_CHUNKED_END = b"\r\n0\r\n\r\n"
_STAMP = re.compile(rb'"content":\s*"(\d{10,})"')
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\nx-request-id: req_1\r\n%s\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """A caller connected."""
        self._transport, self._body, self._task = transport, b"", None
        self._parser = httptools.HttpRequestParser(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The caller left."""
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """A piece of a request came."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """A piece of its body came."""
        self._body += body

    def on_message_complete(self) -> None:
        """The request is whole."""
        wanted, self._body = json.loads(self._body or b"{}"), b""
        if wanted.get("stream"):
            self._task = asyncio.ensure_future(self._stream(wanted))
            return
        head = _HEAD % (b"application/json", b"content-length: %d" % len(_PLAIN))
        self._transport.write(head + _PLAIN)

    async def _stream(self, wanted: dict[str, Any]) -> None:
        pause = (wanted.get("seed") or 0) / 1000
        reports = (wanted.get("stream_options") or {}).get("include_usage") is True
        null: dict[str, Any] = {"usage": None} if reports else {}
        self._transport.write(_HEAD % (b"text/event-stream", b"transfer-encoding: chunked"))
        for number in range(wanted["max_tokens"]):
            if number:  # the first comes with the head
                await asyncio.sleep(pause)
            self._send({"choices": [_choice({"content": str(time.monotonic_ns())})], **null})
        self._send({"choices": [_choice({}, "stop")], **null})
        if reports:
            self._send({"choices": [], "usage": _USAGE})
        self._transport.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def _send(self, members: dict[str, Any]) -> None:
        named = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"}
        event = b"data: %s\n\n" % json.dumps({**named, **members}, separators=(",", ":")).encode()
        self._transport.write(b"%x\r\n%s\r\n" % (len(event), event))


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


class Connection:
    """A connection that is used for one request at a time, blocking."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[float, float]:
        """Milliseconds to the first byte of the answer's body and to its last."""
        began = time.perf_counter()
        self._socket.sendall(request)
        reading, first = Reading(), 0.0
        while not reading.whole:
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionError(f"the server closed the connection: {bytes(reading.seen)!r}")
            reading.feed(data)
            if not first and reading.has_body:
                first = time.perf_counter() - began
        return 1000 * first, 1000 * (time.perf_counter() - began)


class Reading:
    """An answer as it comes."""

    def __init__(self) -> None:
        self.seen, self.delays = bytearray(), list[float]()
        self._body_at, self._length, self._searched = 0, -1, 0

    def feed(self, data: bytes) -> None:
        """A piece came."""
        now = time.monotonic_ns()
        self.seen += data
        if not self._body_at and (end := self.seen.find(_HEAD_END)) >= 0:
            self._body_at = self._searched = end + len(_HEAD_END)
            if not self.seen.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(bytes(self.seen))
            length = _LENGTH.search(self.seen, 0, end + 2)
            self._length = int(length[1]) if length else -1
        if self._body_at:
            for stamp in _STAMP.finditer(self.seen, self._searched):
                self.delays.append((now - int(stamp[1])) / 1e6)
                self._searched = stamp.end()

    @property
    def has_body(self) -> bool:
        """Whether something of the body is there."""
        return self._body_at > 0 and len(self.seen) > self._body_at

    @property
    def whole(self) -> bool:
        """Whether all of it is there."""
        if not self._body_at:
            return False
        if self._length >= 0:
            return len(self.seen) >= self._body_at + self._length
        return self.seen.endswith(_CHUNKED_END)


class Caller(asyncio.Protocol):
    """A connection among many: sends a request again and again for some time."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[None]) -> None:
        self._request, self._until, self._done = request, until, done
        self.answers, self.delays = 0, list[float]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._reading = transport, Reading()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """A piece of an answer came."""
        self._reading.feed(data)
        if self._reading.whole:
            self.answers += 1
            self.delays += self._reading.delays
            self._reading = Reading()
            if time.monotonic() < self._until:
                self._transport.write(self._request)
            else:
                self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """It is over."""
        if not self._done.done():
            self._done.set_result(None)


async def main(port: int) -> None:
    """Serves until it is stopped."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
