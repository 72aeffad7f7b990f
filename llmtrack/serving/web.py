"""What the web server adds to the pages: a health check, security headers and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmtrack.serving import api, daily_maintenance, gateway, preload, warning_sender
from llmtrack.serving.base_path import BasePath
from llmtrack.serving.browser_cookie import BrowserCookie
from llmtrack.serving.delayed_disconnect import DelayedDisconnect
from llmtrack.serving.html_shell import HtmlShell
from llmtrack.serving.identity import FileOwners, Gate, SecureCookies, caller
from llmtrack.serving.identity.start_checks import Option
from llmtrack.serving.origin import SameOrigin
from llmtrack.settings import SECRETS_FILE, SettingsError, get_settings

SHUTDOWN_SECONDS = 5.0
"""How long the end of the server waits for answers in flight and for rows on their way to the ledger, each."""

# Tried with chat, charts and tables in a browser; nothing needs eval. `img-src` without other hosts stops an answer
# from calling home through a picture, `frame-ancestors` stops other sites from framing the app.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
]
_log = logging.getLogger(__name__)


class SecurityHeaders:
    """Puts `HEADERS` on every HTTP response, whoever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the headers when the response starts."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def healthz(request: Request) -> JSONResponse:
    """Answer ``{"status": "ok"}`` while the server runs; it asks nothing of the database."""
    return JSONResponse({"status": "ok"})


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Preload what pages will need and look after the ledger; at the end, see that what is in flight is kept."""
    await asyncio.to_thread(_begin)
    yield
    if "llmtrack.serving.gateway.client" in sys.modules:
        await gateway.close()
    await asyncio.to_thread(finish, SHUTDOWN_SECONDS)


def _begin() -> None:
    _name_readable_secrets()
    try:
        preload.start_when_idle()
        daily_maintenance.start()
        if get_settings().gateway:
            threading.Thread(target=lambda: gateway.warm_up_if_used(), name="llmtrack-gateway", daemon=True).start()
        warning_sender.start()
    except SettingsError as error:
        _log.error("%s", error)  # and the page says it, instead of the server not starting


def _name_readable_secrets() -> None:
    try:
        mode = SECRETS_FILE.stat().st_mode & 0o777
    except OSError:
        return  # there is none
    if mode & 0o077 and os.name == "posix":
        path = SECRETS_FILE.absolute()
        _log.warning("Others on this machine can read %s (mode %04o), which holds keys: chmod 600 %s", path, mode, path)


def finish(timeout: float) -> None:
    """Cancel answers in flight, then move every record to the ledger; each waits `timeout` seconds at most."""
    warning_sender.stop(timeout)
    daily_maintenance.stop(timeout)
    # Only what was used has an end to come to; importing it now would cost seconds for nothing.
    if replies := sys.modules.get("llmtrack.chat.answers.reply"):
        replies.shutdown(timeout)
    if "llmtrack.capture.tracker" in sys.modules:
        import llmtrack

        try:
            llmtrack.flush(timeout)
        except SettingsError as error:
            _log.error("Calls may wait in their journal for the next start: %s", error)


def _allowed_origins() -> tuple[str, ...]:
    try:
        return get_settings().allowed_origins
    except SettingsError:
        return ()  # the page says what is wrong


def _api_origins() -> tuple[str, ...]:
    try:
        return get_settings().api_allowed_origins
    except SettingsError:
        return ()


def middleware(option: Option, owners: FileOwners | None = None) -> list[Middleware]:
    """Everything a request passes before it comes to Streamlit.

    `option` gives Streamlit's options by name, `owners` knows whose the files are that it serves.
    """
    base = str(option("server.baseUrlPath") or "")
    return [
        # Before all others: they would compress answers anew, put the app's headers on them, and refuse some paths.
        Middleware(gateway.GatewayMiddleware, base=base),
        Middleware(BasePath, base=base, names={route.path.split("/")[1] for route in ROUTES}),
        *MIDDLEWARE,
        Middleware(SecureCookies),
        Middleware(BrowserCookie),
        Middleware(Gate, option=option, caller=caller, owners=owners),
        Middleware(HtmlShell, base=base),
    ]


def secrets() -> dict[str, Any]:
    """What Streamlit's own sign-in has to know; empty where it is not used or the settings cannot be read."""
    try:
        return get_settings().streamlit_secrets()
    except SettingsError:
        return {}  # the gate says why


ROUTES = [Route("/healthz", healthz), *api.routes()]
MIDDLEWARE = [
    Middleware(SecurityHeaders),
    Middleware(SameOrigin, allowed=_allowed_origins, api_origins=_api_origins),
    Middleware(DelayedDisconnect),
]
