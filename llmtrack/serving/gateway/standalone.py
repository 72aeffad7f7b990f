"""The gateway by itself: a server without pages, whose requests wait for nobody's reruns."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from llmtrack.serving.gateway import client
from llmtrack.serving.gateway.forwarding import answer
from llmtrack.serving.gateway.gateway import Gateway
from llmtrack.serving.gateway.problems import json_headers
from llmtrack.serving.gateway.warm_up import warm_up
from llmtrack.settings import get_settings

KEEP_ALIVE_SECONDS = 90
"""How long a caller's connection may be idle. SDKs keep theirs for a minute, and fail on one that was closed."""
FLUSH_SECONDS = 5.0
"""How long the end of the server waits for records on their way to the ledger."""
STOP_SECONDS = 30
"""How long it waits for answers in flight."""


def application() -> ASGIApp:
    """The gateway and `/healthz`, as an ASGI application."""
    return _Lifespan(Gateway(_elsewhere, alone=True))


def serve(host: str, port: int, workers: int) -> None:
    """Serves the gateway until it is stopped. Raises `SettingsError` where the settings cannot be used."""
    get_settings()
    uvicorn.run(
        f"{__name__}:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="httptools",
        loop="auto",  # uvloop where there is one
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # nobody asks for the caller's address
        access_log=False,
        log_level="info",
    )


class _Lifespan:
    """Warms up at the start; at the end sees that every record gets into the ledger."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.gateway(scope, receive, send)
            return
        await receive()
        await asyncio.to_thread(warm_up)
        client.session()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await client.close()
        await asyncio.to_thread(_flush)
        await send({"type": "lifespan.shutdown.complete"})


def _flush() -> None:
    import llmtrack

    llmtrack.flush(FLUSH_SECONDS)


async def _elsewhere(scope: Any, receive: Receive, send: Send) -> None:
    """What is no route of the gateway."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})  # 403: no provider's is passed on
    if scope["type"] != "http":
        return
    if scope["path"] == "/healthz":
        await answer(send, 200, json_headers([]), b'{"status":"ok"}')
        return
    body = b'{"error":{"message":"This is llmtrack\'s gateway: base URLs end in /openai/v1 or /anthropic."}}'
    await answer(send, 404, json_headers([]), body)
