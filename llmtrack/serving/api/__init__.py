"""Usage over HTTP, in the words of `llmtrack.ledger.metrics`: the routes that the web server adds to the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.serving.api.exporting import ExportQuery as ExportQuery
    from llmtrack.serving.api.exporting import export_path as export_path
    from llmtrack.serving.api.exporting import renewed as renewed

_HOMES = {"ExportQuery": "exporting", "export_path": "exporting", "renewed": "exporting"}

__all__ = [*_HOMES, "routes"]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)


class LazyApplication:
    """An ASGI application that is imported when the first request to it comes; a server without any starts faster."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self._importing = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if self._app is None:
            async with self._importing:
                if self._app is None:
                    self._app = await asyncio.to_thread(self._make)
        await self._app(scope, receive, send)


def routes() -> list[Route]:
    """Everything below `/api`, where a path that is none of its routes is a 404 in JSON; and what monitors and agents
    ask."""
    application, tools = LazyApplication(_make_api), LazyApplication(_make_mcp)
    paths = ("/api", "/api/{path:path}", "/readyz", "/metrics")
    return [*(Route(path, application) for path in paths), Route("/mcp", tools)]


def _make_api() -> ASGIApp:
    from llmtrack.serving.api.application import make_app

    return make_app()


def _make_mcp() -> ASGIApp:
    try:
        from llmtrack.serving.api.mcp_server import make_mcp
    except ModuleNotFoundError as error:
        if error.name not in ("mcp", "mcp_types"):
            raise
        from llmtrack.serving.api.problems import problem_response

        return problem_response(404, 'Tools for agents are not installed here: pip install "llmtrack[mcp]".', "/mcp")
    return make_mcp()
