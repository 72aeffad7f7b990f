"""What the browser is told before Streamlit's own page begins: the app's name, its root, our style and scripts."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BOOT_PATH = "/llmtrack/boot.js"
SCRIPTS = ("steps.js", "links.js")
"""The files beside this one that every page runs, in this order."""
# Streamlit looks for its server below the page's own address first, which is a 404 for a page opened at /usage.
_BOOT = "window.__streamlit={{BACKEND_BASE_URL:location.origin+{0!r},MAIN_PAGE_BASE_URL:location.origin+{0!r}}};"
# A line for crawlers, which our content security policy refuses; nobody crawls this.
_INLINE_SCRIPT = re.compile(rb"<script>\s*window\.prerenderReady = false;?\s*</script>")
_UNWANTED = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
_TITLE = re.compile(rb"<title>[^<]*</title>")


def boot_script(base: str) -> str:
    """The script that names the app's root, which is `base` below the server's."""
    return _BOOT.format(f"/{base.strip('/')}/".replace("//", "/"))


class HtmlShell:
    """Puts the app's name and `boot_script` into the page that Streamlit's own scripts start from."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        root = f"/{base.strip('/')}".rstrip("/")
        self._scripts = {f"{root}{BOOT_PATH}": boot_script(base)}
        style = Path(__file__).with_name("first_paint.css").read_text(encoding="utf-8")
        head = f'<title>llmtrack</title><style>{style}</style><script src="{root}{BOOT_PATH}"></script>'
        for name in SCRIPTS:
            text = Path(__file__).with_name(name).read_text(encoding="utf-8")
            path = f"{root}/llmtrack/{name}"
            self._scripts[path] = text
            # Named by its content: a browser may keep the one, and asks anew for the next.
            head += f'<script src="{path}?v={sha256(text.encode()).hexdigest()[:8]}" defer></script>'
        self._head = head.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the scripts itself; pass on the rest, changing the page where it comes back."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if (script := self._scripts.get(scope["path"])) is not None:
            return await Response(script, media_type="text/javascript")(scope, receive, send)
        ours = scope["path"].startswith("/api/")
        if ours or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            return await self.app(scope, receive, send)
        # Whole and uncompressed, so that it can be changed; the page is 8 kB.
        headers = [(name, value) for name, value in scope["headers"] if name not in _UNWANTED]
        plain = {**scope, "headers": headers, "extensions": {}}
        await self.app(plain, receive, _Rewriting(send, self._head))
        return None


class _Rewriting:
    """Holds an HTML answer back until it is whole, and sends it changed; other answers pass as they come."""

    def __init__(self, send: Send, head: bytes) -> None:
        self._send = send
        self._head = head
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_shell(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = _TITLE.sub(self._head, _INLINE_SCRIPT.sub(b"", self._body), count=1)
        dropped = (b"content-length", b"etag", b"last-modified")
        headers = [(name, value) for name, value in start["headers"] if name.lower() not in dropped]
        await self._send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await self._send({"type": "http.response.body", "body": body})


def _is_shell(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] == 200 and any(kind.startswith(b"text/html") for kind in kinds)
