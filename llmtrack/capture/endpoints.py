"""Which requests are recorded, and how their answers are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """A kind of request that is recorded. Each is equal only to itself, which is what a cache finds fastest."""

    operation: str
    """See `llmtrack.ledger.records.Generation.operation`."""
    reader: str
    """The name of what reads its answers, in `llmtrack.capture.readers`."""
    asks_usage: bool = False
    """Its streams report usage only when `stream_options.include_usage` asks for it."""
    settles: bool = False
    """It asks after an earlier request that was still pending, and is not a request to a model itself."""
    if_used: bool = False
    """Nobody knows this endpoint: it is recorded only where its answer reports usage."""


OTHER = Endpoint("other", "any", if_used=True)
"""What a POST goes to that names a model and that no table knows: another server's own endpoint, or a newer one."""


class Endpoints:
    """The endpoints of a provider's API, found by method and path."""

    def __init__(self, exact: Mapping[str, Endpoint], patterns: Mapping[str, Endpoint] | None = None) -> None:
        """Keys are ``"POST /chat/completions"``; in `patterns` a ``{}`` stands for one segment of the path."""
        self._exact = dict(exact)
        self._patterns = [
            (re.compile(re.escape(key).replace(r"\{\}", "[^/]+") + "$"), endpoint)
            for key, endpoint in (patterns or {}).items()
        ]
        self.cached: dict[tuple[str, str], Endpoint | None] = {}
        """What was looked up before."""

    def find(self, method: str, url: str) -> Endpoint | None:
        """The endpoint that a request goes to; `None` if such requests are not recorded."""
        try:
            return self.cached[method, url]
        except KeyError:
            endpoint = self._look_up(method.upper(), url)
        if len(self.cached) < 1000:
            self.cached[method, url] = endpoint
        return endpoint

    def _look_up(self, method: str, url: str) -> Endpoint | None:
        path = url.partition("?")[0].partition("#")[0].rstrip("/")
        if endpoint := self._exact.get(f"{method} {path}"):
            return endpoint
        for pattern, endpoint in self._patterns:
            if pattern.match(f"{method} {path}"):
                return endpoint
        if path.startswith(("http://", "https://", "/")):
            # Somebody spelled out more of the address than the SDK does: look at its end.
            for key, endpoint in self._exact.items():
                if key.startswith(f"{method} ") and path.endswith(key.partition(" ")[2]):
                    return endpoint
        return None
