"""From the path of a request to the provider it is for, and the path there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmtrack.serving.gateway.upstreams import VERSION, Upstream

_ANTHROPICS = re.compile(r"/(?:messages|complete)(?:/|$)")
_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_ROUTE = re.compile(r"/([a-z0-9][a-z0-9._-]{0,39})(/.*)?$")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    upstream: Upstream
    path: str
    """What follows ``/v1``, as it was sent."""
    query: str


def find_route(scope: Mapping[str, Any], upstreams: Mapping[str, Upstream], base: str = "") -> Route | str | None:
    """The route of a request; the name of a provider whose API has no such path; None: it is not for the gateway.

    `base` is the path under which the app is served.
    """
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1").partition("?")[0]
    if base and path.startswith(f"{base}/"):
        path = path[len(base) :]
    if path.startswith(f"{VERSION}/"):
        rest = path[len(VERSION) :]
        name = "anthropic" if _ANTHROPICS.match(rest) or _speaks_anthropic(scope) else "openai"
    else:
        match = _ROUTE.match(path)
        if match is None or match[1] not in upstreams:
            return None
        name, rest = match[1], match[2] or ""
        if not rest.startswith(f"{VERSION}/"):
            return name
        rest = rest[len(VERSION) :]
    if _DOTS.search(rest):
        return name  # would lead out of the API, with the installation's key
    return Route(upstreams[name], rest, scope["query_string"].decode("latin-1"))


def _speaks_anthropic(scope: Mapping[str, Any]) -> bool:
    return any(name.lower() == b"anthropic-version" for name, _ in scope["headers"])
