"""Only pages of this app may drive it: a request that changes something must come from the address it is sent to.

A browser sends a page's cookies, and connects to a server on this machine, whichever site's page asked for it. What it
adds truthfully is the page's origin. The check of the web framework lets every origin on localhost pass, whatever its
port, and asks a service outside for its own address before it refuses one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}
_REFUSAL = (
    "This request comes from a page of another address. If a proxy in front of llmtrack rewrites the Host header, name "
    "the address people see in LLMTRACK_ALLOWED_ORIGINS."
)


class SameOrigin:
    """Refuses WebSockets, and HTTP requests that may change something, from pages of other origins."""

    def __init__(
        self,
        app: ASGIApp,
        allowed: Callable[[], Collection[str]] = tuple,
        api_origins: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`allowed` gives further origins to accept, such as ``https://llm.example.com``; asked at each request.

        Pages of `api_origins` may send to `/api/`, which no cookie opens: a request there has to bring a token.
        """
        self.app = app
        self._allowed = allowed
        self._api_origins = api_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        socket = scope["type"] == "websocket"
        if socket or (scope["type"] == "http" and scope["method"] not in _READING):
            headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
            origin, host = headers.get(b"origin"), headers.get(b"host", "")
            # Browsers always name it for a socket; other programs post without one.
            same = is_same_origin(origin, host) if origin is not None else not socket
            if not same and origin is not None and _is_among(origin, self._allowed()):
                scope = _with_origin(scope, host)
                same = True
            if origin is not None and scope["path"].startswith("/api/") and _is_among(origin, self._api_origins()):
                same = True
            if not same:
                if socket:
                    await send({"type": "websocket.close", "code": 1008, "reason": "foreign origin"})  # sent as 403
                else:
                    await PlainTextResponse(_REFUSAL, 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of this origin lies at the ``Host`` it sent a request to. Without a port it is the scheme's."""
    page = _place(origin)
    if page is None or not host:
        return False
    scheme = urlsplit(origin).scheme
    return page == _place(f"{scheme}://{host}")


def _place(address: str) -> tuple[str, int] | None:
    """Host and port; None for what is neither http nor https, such as ``null``."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.hostname is None or port is None or parts.scheme not in _PORTS or parts.username is not None:
        return None
    return parts.hostname, port


def _is_among(origin: str, allowed: Collection[str]) -> bool:
    page = _place(origin)
    return page is not None and any(
        page == _place(address) and urlsplit(origin).scheme == urlsplit(address).scheme for address in allowed
    )


def _with_origin(scope: Scope, host: str) -> Scope:
    """The request as if the proxy had left the Host alone, so that nobody behind us asks again."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"origin"]
    return {**scope, "headers": [*headers, (b"origin", f"http://{host}".encode("latin-1"))]}
