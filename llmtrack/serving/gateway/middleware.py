"""The gateway as the first thing that a request to the app meets. What it stands on is imported when it is used."""

from __future__ import annotations

import re
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_PATH = re.compile(r"/(?:[a-z0-9][a-z0-9._-]*/)?v1/|/(?:openai|anthropic)(?:/|$)")
"""What every path of the gateway begins with; some others do, too, and go on to the app."""


class GatewayMiddleware:
    """Passes requests to providers' APIs on to them, and everything else to the app."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        """`base` is the path under which the app is served."""
        self.app, self._base = app, f"/{base.strip('/')}" if base.strip("/") else ""
        self._gateway: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http" or not _PATH.match(scope["path"].removeprefix(self._base)):
            await self.app(scope, receive, send)
            return
        if self._gateway is None:
            from llmtrack.serving.gateway.gateway import Gateway

            self._gateway = Gateway(self.app, self._base)
        await self._gateway(scope, receive, send)
