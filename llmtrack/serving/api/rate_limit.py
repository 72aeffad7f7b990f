"""How many requests a token may send: a bucket that holds a minute's worth and fills up steadily."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from starlette.types import ASGIApp, Message, Receive, Scope, Send

WINDOW = 60
"""Seconds in which an empty bucket fills up."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a request."""

    limit: int
    remaining: int
    reset: int
    """Seconds until nothing is missing; or, where nothing is left, until the next request may be sent."""
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has it; ``Retry-After`` (RFC 9110) with a refusal."""
        headers = {
            "ratelimit-policy": f'"token";q={self.limit};w={WINDOW}',
            "ratelimit": f'"token";r={self.remaining};t={self.reset}',
        }
        return {**headers, "retry-after": str(self.reset)} if self.exceeded else headers


class RateLimit:
    """Buckets by token. For one event loop: nothing here waits, so nothing has to be locked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}

    def take(self, token: int, limit: int) -> Allowance:
        """Takes one request out of a token's bucket, which holds `limit` of them, if there is one."""
        now = self._clock()
        level, at = self._buckets.get(token, (float(limit), now))
        level = min(limit, level + (now - at) * limit / WINDOW)
        if level < 1:
            self._buckets[token] = level, now
            return Allowance(limit, 0, max(1, ceil((1 - level) * WINDOW / limit)), True)
        level -= 1
        self._buckets[token] = level, now
        return Allowance(limit, int(level), ceil((limit - level) * WINDOW / limit), False)


class StateHeaders:
    """ASGI middleware: puts what the request's `state.headers` came to hold on its response, whoever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with an empty `state.headers`."""
        headers: dict[str, str] = {}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and headers:
                more = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self.app({**scope, "state": {**scope.get("state", {}), "headers": headers}}, receive, send_with_headers)
