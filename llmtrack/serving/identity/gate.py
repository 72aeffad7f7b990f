"""The gate before every route, the socket included: who may ask this server for anything at all."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from html import escape
from http.cookies import SimpleCookie
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmtrack.serving.identity.sessions import Caller
from llmtrack.serving.identity.start_checks import Option, start_problems
from llmtrack.serving.identity.viewer import SignInNotSetUp, check_local_request
from llmtrack.settings import Settings, get_settings

ALIVE, READY = "/healthz", "/readyz"
"""Open to everybody: they say whether the server runs, and whether it serves, and nothing else."""
GUARDED = ("media", "_stcore/upload_file", "_stcore/metrics", "_stcore/agent", "_stcore/script-health-check")
"""Routes of Streamlit's that ask for no cookie by themselves: files of answers, uploads, counts of sessions."""
FILES, UPLOADS = "media", "_stcore/upload_file"
FindCaller = Callable[[Mapping[str, str], Mapping[str, str]], Caller | None]
"""Who sends a request with these cookies and headers, if they are signed in."""


class FileOwners(Protocol):
    """Knows for whom a file was made, and whose a session is that files are uploaded into."""

    def owns_file(self, file_name: str, caller: Caller) -> bool:
        """Whether the file of this name was made for this person."""

    def owns_session(self, session_id: str, caller: Caller) -> bool:
        """Whether this session is this person's."""


PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>llmtrack</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{{font:1rem/1.6 system-ui,sans-serif;max-width:44rem;margin:12vh auto;padding:0 1.5rem}}
li{{margin:.8rem 0;overflow-wrap:anywhere}}</style></head>
<body><h1>Not ready to serve</h1><p>To serve as it was started would not be safe, so this page is all there is:</p>
<ul>{}</ul><p>Mend that and start llmtrack again.</p></body></html>"""


class Gate:
    """Passes on what may be asked; answers the rest itself, and closes sockets before they open."""

    def __init__(
        self, app: ASGIApp, *, option: Option, caller: FindCaller | None = None, owners: FileOwners | None = None
    ) -> None:
        self.app = app
        self._option = option
        self._caller = caller
        self._owners = owners
        self._safe = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refusal = None if scope["type"] == "lifespan" else await self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        if scope["path"] == ALIVE:
            return None
        if not self._safe:
            problems = start_problems(self._option)
            if problems:
                return refusal_page(problems)
            self._safe = True
        if scope["path"] == READY:
            return None
        settings = get_settings()
        headers = Headers(scope=scope)
        if settings.sign_in == "local":
            return _local_refusal(headers)
        if settings.sign_in == "header" and (refusal := _header_refusal(headers, settings)):
            return refusal
        return await self._guarded_refusal(scope["path"], headers)

    async def _guarded_refusal(self, path: str, headers: Headers) -> Response | None:
        """Refuses what Streamlit would give to whoever asks, unless it is for the person who does."""
        base = str(self._option("server.baseUrlPath") or "").strip("/")
        inside = path.strip("/").removeprefix(base).strip("/")
        if not any(inside == route or inside.startswith(f"{route}/") for route in GUARDED):
            return None
        cookies = {name: part.value for name, part in SimpleCookie(headers.get("cookie", "")).items()}
        caller = await asyncio.to_thread(self._caller, cookies, headers) if self._caller else None
        if caller is None:
            return PlainTextResponse("Sign in first.", status_code=401)
        if self._is_anothers(inside, caller):
            return PlainTextResponse("Not found", status_code=404)
        return None

    def _is_anothers(self, inside: str, caller: Caller) -> bool:
        if self._owners is None:
            return False
        if inside.startswith(f"{FILES}/"):
            return not self._owners.owns_file(inside.removeprefix(f"{FILES}/"), caller)
        if inside.startswith(f"{UPLOADS}/"):
            return not self._owners.owns_session(inside.removeprefix(f"{UPLOADS}/").partition("/")[0], caller)
        return False


def _local_refusal(headers: Headers) -> Response | None:
    try:
        check_local_request(headers)
    except SignInNotSetUp as error:
        return refusal_page([str(error)], status=403)
    return None


def _header_refusal(headers: Headers, settings: Settings) -> Response | None:
    """Unless the proxy vouches for the request by its secret, and names one person at most, it is refused."""
    expected = settings.header_secret.get_secret_value() if settings.header_secret else ""
    given = headers.getlist(settings.header_secret_name)
    # Compared in constant time, and every value: a client's own header may stand before the proxy's.
    genuine = [hmac.compare_digest(value.encode("latin-1", "replace"), expected.encode()) for value in given]
    if not expected or not genuine or not all(genuine):
        return PlainTextResponse("This server answers only its proxy.", status_code=401)
    if len(headers.getlist(settings.header_user)) > 1 or len(headers.getlist(settings.header_groups)) > 1:
        return PlainTextResponse(
            f"The proxy must replace {settings.header_user} and {settings.header_groups}, not add to them.",
            status_code=401,
        )
    return None


def refusal_page(problems: Sequence[str], status: int = 503) -> Response:
    """The one page of a server that must not serve."""
    items = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    return HTMLResponse(PAGE.format(items), status_code=status, headers={"cache-control": "no-store"})


class SecureCookies:
    """Marks every cookie ``Secure`` where the address people use is https; Streamlit does not by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; change its cookies when the response starts."""

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start" and _over_https(scope):
                message["headers"] = [(name, _secured(name, value)) for name, value in message["headers"]]
            await send(message)

        await self.app(scope, receive, send_secured if scope["type"] == "http" else send)


def _over_https(scope: Scope) -> bool:
    if scope.get("scheme") == "https":
        return True
    try:
        return (get_settings().oidc_redirect_uri or "").startswith("https://")
    except ValueError:  # the settings cannot be read, which the gate says
        return False


def _secured(name: bytes, value: bytes) -> bytes:
    if name.lower() != b"set-cookie" or b"; secure" in value.lower():
        return value
    return value + b"; Secure"
