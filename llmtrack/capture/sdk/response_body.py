"""Watching the body of a response as the caller reads it."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, Protocol

import httpx2


class ObservedCall(Protocol):
    """What is told how a body is being read: the call that it answers."""

    chunks: list[bytes]
    ticks: list[int]
    ended: bool

    @property
    def tracker(self) -> Clock: ...

    def end(self, how: str, error: BaseException | None = None) -> None: ...

    def broke(self, error: BaseException) -> None: ...

    def closed(self) -> None: ...


class Clock(Protocol):
    """Tells nanoseconds of any origin."""

    @property
    def tick(self) -> Callable[[], int]: ...


class Filter(Protocol):
    """Takes something out of a body as it passes."""

    def feed(self, chunk: bytes) -> bytes: ...

    def rest(self) -> bytes: ...


class _ObservedBody:
    """A response body that keeps what passes, and ends its call when reading ends.

    Every way of reading a response goes through its body and ends by closing it: the SDK's streams and their helpers,
    raw responses, a sync client and an async one. So this is the one place that has to watch.
    """

    def __init__(self, body: Any, call: ObservedCall, filter: Filter | None, keep: bool) -> None:
        self._body = body
        self._call = call
        self._filter = filter
        self._keep = keep
        # Anthropic's streams ask for it at every event; that it is not there must not take long to say.
        self.stream_observer = getattr(body, "stream_observer", None)

    def __getattr__(self, name: str) -> Any:
        # Others keep things on the body they see here: httpx2 its `elapsed`, for one.
        if name == "_body":
            raise AttributeError(name)
        return getattr(self._body, name)

    def __iter__(self) -> Iterator[bytes]:
        keep, stamp, clock, feed = self._steps()
        try:
            for chunk in self._body:
                keep(chunk)
                stamp(clock())
                if feed is not None:
                    chunk = feed(chunk)
                    if not chunk:
                        continue
                yield chunk
            if self._filter is not None and (chunk := self._filter.rest()):
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            self._call.broke(error)
            raise
        self._call.end("read")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        keep, stamp, clock, feed = self._steps()
        body = self._body.__aiter__()
        try:
            async for chunk in body:
                keep(chunk)
                stamp(clock())
                if feed is not None:
                    chunk = feed(chunk)
                    if not chunk:
                        continue
                yield chunk
            if self._filter is not None and (chunk := self._filter.rest()):
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            self._call.broke(error)
            raise
        finally:
            # As httpx2 does: otherwise the inner generator would be closed by the event loop, some time later.
            if isinstance(body, AsyncGenerator):
                await body.aclose()
        self._call.end("read")

    def close(self) -> None:
        try:
            self._body.close()
        finally:
            self._call.closed()

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            self._call.closed()

    def __del__(self) -> None:
        # The caller may drop a response without reading or closing it.
        call = self.__dict__.get("_call")
        if call is not None and not call.ended:
            call.end("abandoned")

    def _steps(self) -> _Steps:
        """What is done with each piece that passes: two appends and a look at the clock, or nothing."""
        call = self._call
        feed = self._filter.feed if self._filter is not None else None
        if not self._keep:
            return _ignore, _ignore, call.tracker.tick, feed
        return call.chunks.append, call.ticks.append, call.tracker.tick, feed


def _ignore(_: object) -> None:
    """For bodies that are not kept."""


_Steps = tuple[Callable[[bytes], None], Callable[[int], None], Callable[[], int], Callable[[bytes], bytes] | None]


@functools.cache
def _class_for(*kinds: type) -> type:
    """The observed body as a body of one HTTP library, which checks for its own classes."""
    return type("ObservedBody", (_ObservedBody, *kinds), {})


def observe(response: Any, call: ObservedCall, filter: Filter | None = None, *, keep: bool = True) -> None:
    """Puts an observed body into an unread `response`, so that `call` ends when reading it does."""
    library: Any = httpx2
    if not isinstance(response, httpx2.Response):
        # OpenAI's SDK still takes a client of the older httpx.
        library = sys.modules[type(response).__mro__[-2].__module__.partition(".")[0]]
    # Only what the body itself is: a library says so where a sync body is read the async way.
    body = response.stream
    kinds = [kind for kind in (library.SyncByteStream, library.AsyncByteStream) if isinstance(body, kind)]
    response.stream = _class_for(*kinds)(body, call, filter, keep)
