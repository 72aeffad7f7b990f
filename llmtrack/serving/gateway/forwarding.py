"""Passing a request on and its answer back, byte for byte, while a call takes note."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from starlette.types import Receive, Send

from llmtrack.capture import stream_usage
from llmtrack.serving.gateway import client
from llmtrack.serving.gateway.call import GatewayCall
from llmtrack.serving.gateway.headers import to_caller
from llmtrack.serving.gateway.problems import GatewayProblem, Kind
from llmtrack.serving.gateway.routes import Route

_MEGABYTE = 1_000_000


class Filter(Protocol):
    """Takes something out of a body as it passes."""

    def feed(self, chunk: bytes) -> bytes: ...

    def rest(self) -> bytes: ...


@dataclass(slots=True)
class Outgoing:
    """A request as it goes to the provider."""

    method: str
    route: Route
    headers: list[tuple[str, str]]
    body: bytes
    asking_server: stream_usage.Server | None = None
    """The server whose usage is asked for in `body`, and not by the caller."""
    unasked: tuple[list[tuple[str, str]], bytes] | None = None
    """Headers and body as they are without that."""

    @property
    def url(self) -> str:
        """Where it goes."""
        url = self.route.upstream.base + self.route.path
        return f"{url}?{self.route.query}" if self.route.query else url


@dataclass(frozen=True, slots=True)
class Answering:
    """What is known of every answer."""

    alone: bool
    """The server adds no headers of its own."""
    rate_limits: bool
    most_mb: float
    """The largest answer."""


class Forwarding:
    """One request on its way to a provider and back."""

    def __init__(self, outgoing: Outgoing, call: GatewayCall | None, send: Send, answering: Answering) -> None:
        self.outgoing, self.call, self.send, self.answering = outgoing, call, send, answering
        self.started = False
        """The caller has the head of an answer."""
        self._left = False

    async def run(self, receive: Receive) -> None:
        """Passes the request on and its answer back. Raises `GatewayProblem` where there is no answer to give."""
        task = asyncio.current_task()
        assert task is not None
        watching = asyncio.create_task(self._watch(receive, task))
        token = client.under_way.set(self.call)
        try:
            await self._exchange()
        except asyncio.CancelledError as error:
            if self._left and self.call is not None and self.call.failed_upstream:
                self._end("closed")  # an SDK drops the body of an error to try again: that is the provider's failure
            else:
                # Callers hang up on a stream at its last event, before its connection ends: they have all of it then.
                self._end("cancelled", None if self._left else error)
            if not self._left:
                raise  # the server ends
            task.uncancel()
        except TimeoutError as error:
            self._failed(Kind.TIMEOUT, TimeoutError(self._in_words(error)), error)
        except (aiohttp.ClientError, OSError) as error:
            self._failed(Kind.UNREACHABLE, ConnectionError(self._in_words(error)), error)
        except BaseException as error:
            self._end("error", error)
            raise
        finally:
            client.under_way.reset(token)
            watching.cancel()

    async def _watch(self, receive: Receive, task: asyncio.Task[Any]) -> None:
        """Stops everything as soon as the caller hangs up."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._left = True
                task.cancel()
                return

    async def _exchange(self) -> None:
        out = self.outgoing
        proxy = out.route.upstream.proxy
        async with client.send(out.method, out.url, out.headers, out.body, proxy) as response:
            if out.asking_server is None or not stream_usage.may_be_refused(response.status):
                await self._pass_back(response)
                return
            # The server may take our question for a mistake: it is asked again as the caller did.
            body = await response.read()
            if not stream_usage.is_refused(out.asking_server, response.status, body.decode("utf-8", "replace")):
                await self._pass_back(response, body)
                return
        assert out.unasked is not None
        out.asking_server, (out.headers, out.body) = None, out.unasked
        if self.call is not None:
            self.call.request = out.body
        async with client.send(out.method, out.url, out.headers, out.body, proxy) as response:
            await self._pass_back(response)

    async def _pass_back(self, response: aiohttp.ClientResponse, body: bytes | None = None) -> None:
        """The answer goes to the caller as it comes; `body` is what was read of it already."""
        call, answering, send = self.call, self.answering, self.send
        keeps = call.answers(response.status, response.raw_headers) if call is not None else False
        filter = self._filter(response)
        head = to_caller(
            response.raw_headers,
            changed=filter is not None,
            alone=answering.alone,
            rate_limits=answering.rate_limits,
        )
        self.started = True
        await send({"type": "http.response.start", "status": response.status, "headers": head})
        content, size, most = response.content, 0, answering.most_mb * _MEGABYTE
        while chunk := body if body is not None else await content.readany():
            body = b"" if body is not None else None
            size += len(chunk)
            if keeps:
                call.receives(chunk)  # type: ignore[union-attr]
            if size > most:
                raise aiohttp.ClientPayloadError(f"the answer is larger than {answering.most_mb:g} MB")
            if filter is not None:
                chunk = filter.feed(chunk)
                if not chunk:
                    continue
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        rest = filter.rest() if filter is not None else b""
        await send({"type": "http.response.body", "body": rest, "more_body": False})
        if call is not None and not keeps:
            call.size = size
        self._end("read")

    def _filter(self, response: aiohttp.ClientResponse) -> Filter | None:
        if self.outgoing.asking_server is None or self.call is None or response.status != 200:
            return None
        return stream_usage.filter_for(self.outgoing.asking_server, self.call.content_encoding)

    def _end(self, how: str, error: BaseException | None = None) -> None:
        if self.call is not None:
            self.call.end(how, error)

    def _failed(self, kind: Kind, seen: Exception, cause: BaseException) -> None:
        """The provider could not be reached, or broke off."""
        seen.__cause__ = cause
        self._end("error", seen)
        if not self.started:
            raise GatewayProblem(kind, str(seen)) from cause

    def _in_words(self, error: BaseException) -> str:
        upstream = self.outgoing.route.upstream
        what = str(error) or type(error).__name__
        where = "broke off its answer" if self.started else "did not answer"
        return f"{upstream.name} ({upstream.host}) {where}: {what}"


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Sends an answer of the gateway's own."""
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
