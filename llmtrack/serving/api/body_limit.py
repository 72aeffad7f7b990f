"""No request has the server read more than a body's largest size, or wait for it longer than a while."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmtrack.serving.api.problems import problem_response

LARGEST_BODY = 1 << 20
"""Bytes."""
PATIENCE_SECONDS = 30.0
"""How long a client may take to send its body."""


class _TooLarge(Exception):
    """More came than may."""


class BodyLimit:
    """ASGI middleware: hands bodies on whole; answers 413 for one too large and 408 for one that does not come."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY, patience: float = PATIENCE_SECONDS) -> None:
        self.app = app
        self.largest = largest
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then pass the request on with it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await self.app(scope, receive, send)
        try:
            body = await asyncio.wait_for(self._read(scope, receive), self.patience)
        except _TooLarge:
            detail = f"The body has more than {self.largest:,} bytes: send it in parts."
            return await problem_response(413, detail, scope["path"])(scope, receive, send)
        except TimeoutError:
            detail = f"The body did not come within {self.patience:g} seconds."
            return await problem_response(408, detail, scope["path"])(scope, receive, send)
        if body is None:
            return None
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Message:
            return first.pop() if first else await receive()

        return await self.app(scope, replayed, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None where the client went away."""
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if length.isdigit() and int(length) > self.largest:
            raise _TooLarge
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.largest:
                raise _TooLarge
            if not message.get("more_body"):
                return bytes(body)
