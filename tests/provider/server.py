"""A fake of the OpenAI and Anthropic HTTP APIs on 127.0.0.1, which real SDKs and real pages talk to."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from tests.provider.answer import Answer
from tests.provider.anthropic_wire import AnthropicWire
from tests.provider.faults import Wishes, error, refused, spoiled, wishes_of
from tests.provider.openai_wire import OpenAIWire

PATIENCE = 30
"""Seconds that a test waits for something to happen before it fails."""


@dataclass
class Request:
    """A request as it arrived, and what became of it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    content: bytes
    events_sent: int = 0
    answered: bool = False
    """The whole answer was sent."""
    client_left: bool = False
    """The client closed the connection before the answer was complete."""
    wanted: dict[str, Any] = field(default_factory=dict)
    """The JSON body, or the plain fields of a form."""

    @property
    def attempt(self) -> int:
        """How many attempts of the SDK came before this one."""
        return int(self.headers.get("x-stainless-retry-count", "0"))


class Provider:
    """The server: what it saw, and what it shall say.

    A model's name can wish for an answer (``gpt-4o@drop``, see `tests.provider.faults` and `tests.provider.reply`), and
    so can the header ``x-wishes`` (``drop``); `wish` does so for every model, and `script` queues answers for a path,
    whatever the model.
    """

    def __init__(self, **options: Any) -> None:
        """`options` are uvicorn's, such as the files of a certificate."""
        self._changed = threading.Condition()
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._released = asyncio.Event()
        self.reset()
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            log_config=None,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
            **options,
        )
        self._scheme = "https" if "ssl_certfile" in options else "http"
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="fake provider", daemon=True)
        self._thread.start()
        self.wait_until(lambda: self._loop is not None)

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"{self._scheme}://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def openai_url(self) -> str:
        """What to give as ``OPENAI_BASE_URL``."""
        return f"{self.url}/openai/v1"

    @property
    def anthropic_url(self) -> str:
        """What to give as ``ANTHROPIC_BASE_URL``."""
        return f"{self.url}/anthropic"

    @property
    def last(self) -> Request:
        """The latest request."""
        return self.requests[-1]

    def script(self, path: str, answers: Iterable[Answer]) -> None:
        """Give these answers, one each, to the next requests whose path ends with `path`."""
        self._scripts[path].extend(answers)

    def wish(self, words: str) -> None:
        """From now on take these wishes to be part of every model's name: ``tokens=40@pause=50``; none with ``""``."""
        self._wishes: Wishes = wishes_of(f"@{words}")[1] if words else {}

    def release(self) -> None:
        """Let every silent or stalled answer go on."""
        assert self._loop is not None, "the server has not started"
        self._loop.call_soon_threadsafe(self._released.set)

    def reset(self) -> None:
        """Let go of everything: silent answers, requests seen, scripts, and what the fake APIs remember."""
        if self._loop is not None:
            self.release()
        self.requests: list[Request] = []
        self._scripts.clear()
        self._wishes = {}
        self._wires: dict[str, OpenAIWire | AnthropicWire] = {"openai": OpenAIWire(), "anthropic": AnthropicWire()}
        self._released = asyncio.Event()

    def wait_until(self, happened: Callable[[], bool]) -> None:
        """Wait for something that the server sees, such as ``lambda: provider.last.client_left``."""
        with self._changed:
            assert self._changed.wait_for(happened, PATIENCE), f"It did not happen within {PATIENCE} s: {self.requests}"

    def stop(self) -> None:
        """Close the server."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._tell()
            await self._server.serve(sockets=[self._socket])

        asyncio.run(serve())

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        content, more = b"", True
        while more:
            message = await receive()
            content, more = content + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        request = Request(scope["method"], scope["path"], scope["query_string"].decode(), headers, content)
        request.wanted = _wanted(request)
        self.requests.append(request)
        self._tell()
        delivery = asyncio.ensure_future(self._deliver(self._answer(request), request, send))
        leaving = asyncio.ensure_future(receive())
        await asyncio.wait((delivery, leaving), return_when=asyncio.FIRST_COMPLETED)
        request.client_left = not delivery.done()
        for task in (delivery, leaving):
            task.cancel()
        await asyncio.gather(delivery, leaving, return_exceptions=True)
        self._tell()
        if not delivery.cancelled():
            delivery.result()  # An exception here makes uvicorn break the connection, as `drop_after` wants.

    def _answer(self, request: Request) -> Answer:
        dialect = "anthropic" if request.path.startswith("/anthropic") else "openai"
        for path, answers in self._scripts.items():
            if answers and request.path.endswith(path):
                return answers.popleft()
        model, wishes = wishes_of(str(request.wanted.get("model", "")))
        wishes = {
            **self._wishes,
            **wishes,
            **wishes_of(f"@{words}" if (words := request.headers.get("x-wishes")) else "")[1],
        }
        wire = self._wires[dialect]
        answer = refused(dialect, wishes, request.attempt)
        answer = answer or wire.answer(request.method, request.path, model, wishes, request.wanted)
        answer = answer or error(dialect, 404, f"Unknown path: {request.method} {request.path}")
        return spoiled(answer, wishes, wire.error_event(request.path))

    async def _deliver(self, answer: Answer, request: Request, send: Any) -> None:
        released = self._released
        if answer.silent:
            await released.wait()
        headers = {"content-type": "application/json", "request-id": "req_fake", "x-request-id": "req_fake"}
        if answer.events is not None:
            headers["content-type"] = "text/event-stream; charset=utf-8"
        headers |= answer.headers
        if answer.gzip:
            headers["content-encoding"] = "gzip"
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if answer.events is None:
            content = gzip.compress(answer.content()) if answer.gzip else answer.content()
            await send({"type": "http.response.body", "body": content})
        elif answer.gzip:
            await send({"type": "http.response.body", "body": gzip.compress(b"".join(answer.events))})
        else:
            await self._stream(answer, request, send, released)
        request.answered = True

    async def _stream(self, answer: Answer, request: Request, send: Any, released: asyncio.Event) -> None:
        for number, event in enumerate(answer.events or ()):
            if number == answer.end_after:
                break
            if number == answer.drop_after:
                raise ConnectionResetError
            if number == answer.stall_after:
                await released.wait()
            await send({"type": "http.response.body", "body": event, "more_body": True})
            request.events_sent += 1
            self._tell()
            await asyncio.sleep(answer.pause)
        if answer.stall_after == len(answer.events or ()):
            await released.wait()
        await send({"type": "http.response.body", "body": b""})


def _wanted(request: Request) -> dict[str, Any]:
    """What a request's body asks for."""
    kind = request.headers.get("content-type", "")
    if "content-encoding" in request.headers:
        return {}
    if kind.startswith("application/json"):
        return dict(json.loads(request.content or b"{}"))
    if kind.startswith("multipart/form-data"):
        fields = re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n--', request.content, re.DOTALL)
        return {name.decode(): value.decode() for name, value in fields}
    return {}
