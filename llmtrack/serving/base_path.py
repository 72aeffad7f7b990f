"""Our own routes where the app lies under a base path: a proxy hands on `/llm/api/usage`, not `/api/usage`.

Streamlit puts `server.baseUrlPath` before its own routes only.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """Takes the base path off requests to our routes; `root_path` keeps it for addresses in answers."""

    def __init__(self, app: ASGIApp, base: str, names: Collection[str]) -> None:
        """`names` are the first parts of our routes' paths."""
        self.app = app
        self._base = f"/{base.strip('/')}" if base.strip("/") else ""
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if self._base and scope["type"] == "http" and scope["path"].startswith(f"{self._base}/"):
            inside = scope["path"].removeprefix(self._base)
            if inside.split("/")[1] in self._names:
                scope = {**scope, "path": inside, "raw_path": inside.encode(), "root_path": self._base}
        await self.app(scope, receive, send)
