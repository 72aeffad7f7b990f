"""Lets what a person sent last be handled before their tab counts as closed.

Streamlit ends a session's script as soon as its WebSocket closes, also a run that is still queued: a message sent just
before the tab was closed would be dropped unread (`ScriptRequests.request_stop` overwrites a queued rerun). So the end
of a connection is passed on only some time after the last thing that came over it.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

DELAY_SECONDS = 2.0
"""From the last message of a tab to the moment its end is passed on at the earliest; a queued run begins within this
unless the one before it is in a longer query."""
_SERVICE_RESTART = 1012  # the code of a server that ends: it waits for nobody


class DelayedDisconnect:
    """ASGI middleware for WebSockets; everything else passes through."""

    def __init__(self, app: ASGIApp, seconds: float = DELAY_SECONDS) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on, its end not before it is due."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        clock = asyncio.get_running_loop().time
        due = clock()

        async def receive_until_due() -> Message:
            nonlocal due
            message = await receive()
            if message["type"] == "websocket.receive":
                due = clock() + self.seconds
            elif message["type"] == "websocket.disconnect" and message.get("code") != _SERVICE_RESTART:
                await asyncio.sleep(max(0.0, due - clock()))
            return message

        await self.app(scope, receive_until_due, send)
