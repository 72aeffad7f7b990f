"""A random cookie by which a browser is known again: what a page hands out is for the browser it was shown in."""

from __future__ import annotations

import re
import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BROWSER_COOKIE = "llmtrack_browser"
_VALUE = re.compile(r"[\w-]{43}")
_YEAR = 365 * 24 * 3600


class BrowserCookie:
    """ASGI middleware: gives every browser that opens a page without the cookie one, which its scripts cannot read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; set the cookie when a page comes back."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith("/api/"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        if "text/html" not in headers.get("accept", "") or _VALUE.fullmatch(browser_of(headers.get("cookie", ""))):
            return await self.app(scope, receive, send)
        attributes = f"Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Strict"
        cookie = f"{BROWSER_COOKIE}={secrets.token_urlsafe(32)}; {attributes}".encode()

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie)]}
            await send(message)

        return await self.app(scope, receive, send_with_cookie)


def browser_of(cookies: str) -> str:
    """The value of the cookie in a ``Cookie`` header; empty where it is not there."""
    try:
        morsel = SimpleCookie(cookies).get(BROWSER_COOKIE)
    except Exception:  # a cookie of somebody else's that cannot be parsed
        return ""
    return morsel.value if morsel is not None else ""
