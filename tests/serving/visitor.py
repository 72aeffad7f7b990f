"""A program that talks to a running app as the browser's part of Streamlit does, with whatever cookie it is given."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

SECONDS = 60
COOKIE = "_streamlit_user"


def claims_of(name: str, issuer: str, **claims: Any) -> dict[str, Any]:
    """What an identity provider says about somebody who signed in just now."""
    plain = {"iss": issuer, "sub": name, "iat": int(time.time()) - 1, "name": name.capitalize()}
    return {**plain, "email": f"{name}@firm.test", "email_verified": True, **claims}


def cookies_of(url: str, secret: str, claims: dict[str, Any]) -> dict[str, str]:
    """The cookies that Streamlit's own code sets at the address `url` for somebody who brings these claims."""
    made: dict[str, str] = {}

    def sign(name: str, value: str) -> bytes:
        return create_signed_value(secret, name, value)

    def keep(name: str, value: str) -> None:
        made[name] = sign(name, value).decode()

    signed_in = {"is_logged_in": True, "origin": url, "provider": "default", **claims}
    set_cookie_with_chunks(keep, sign, COOKIE, signed_in, cookie_attr_size=80)
    return made


@dataclass
class Drawing:
    """What the server sent for one run of the page."""

    session_id: str = ""
    page: str = ""
    """The address of the page that was drawn; empty for the chat."""
    pages: dict[str, str] = field(default_factory=dict)
    """The pages that are listed, by address, with what a program names to open one."""
    redirect: str = ""
    """Where the browser is sent, away from the page."""
    bytes: bytes = b""
    """Everything, tables and addresses of files included."""
    fragments: tuple[str, ...] = ()
    """The ids of its parts that a browser can have drawn by themselves."""

    def __contains__(self, text: str) -> bool:
        return text.encode() in self.bytes.replace(b"\\", b"")

    @property
    def files(self) -> list[str]:
        """The addresses of files it shows or offers."""
        return sorted({name.decode() for name in re.findall(rb"/media/[0-9a-f]+\.\w+", self.bytes)})


class Visitor:
    """Somebody with a page of the app open."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._buttons: dict[str, str] = {}
        self._deferred: dict[str, str] = {}
        self._chat_input = self._session_id = ""

    def draw(self, page: str = "", query: str = "", script: str = "") -> Drawing:
        """Open a page by its address, with a query, or by what `Drawing.pages` calls it."""
        wanted = BackMsg()
        wanted.rerun_script.page_name = page
        wanted.rerun_script.query_string = query
        wanted.rerun_script.page_script_hash = script
        return self._send(wanted)

    def draw_fragment(self, fragment: str, page: str = "") -> Drawing:
        """Have a part of a page drawn by itself, as its timer and its buttons do; `fragment` from `Drawing.fragments`.

        A part that this session does not have is not answered at all: what comes within two seconds.
        """
        wanted = BackMsg()
        wanted.rerun_script.fragment_id = fragment
        wanted.rerun_script.page_name = page
        return self._send(wanted, seconds=2)

    def press(self, label: str) -> str:
        """Press a button of the page drawn last; the address that the browser is sent to, if it is."""
        wanted = BackMsg()
        wanted.rerun_script.widget_states.widgets.add(id=self._buttons[label], trigger_value=True)
        return self._send(wanted).redirect

    def download(self, label: str) -> str:
        """Press a download button of the page drawn last, whose file is made then; the file's address."""
        wanted = BackMsg()
        request = wanted.backend_operation_request
        request.request_id, request.session_id = "1", self._session_id
        request.deferred_file.file_id = self._deferred[label]
        self._socket.send(wanted.SerializeToString())
        while True:
            message = self._receive()
            if message.WhichOneof("type") == "backend_operation_response":
                return str(message.backend_operation_response.deferred_file.url)

    def say(self, text: str) -> Drawing:
        """Send a message on the chat page drawn last, and wait for the answer's end."""
        wanted = BackMsg()
        widget = wanted.rerun_script.widget_states.widgets.add(id=self._chat_input)
        widget.chat_input_value.data = text
        return self._send(wanted)

    def _receive(self, seconds: float = SECONDS) -> ForwardMsg:
        data = self._socket.recv(timeout=seconds)
        return ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())

    def _send(self, wanted: BackMsg, *, seconds: float | None = None) -> Drawing:
        """What comes until the run is over, or until nothing has come for so many seconds."""
        self._socket.send(wanted.SerializeToString())
        drawing = Drawing()
        parts: list[bytes] = []
        hashes: dict[str, str] = {}
        while True:
            try:
                message = self._receive(seconds or SECONDS)
            except TimeoutError:
                if seconds is None:
                    raise
                drawing.bytes = b"".join(parts)
                return drawing
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._session_id = message.new_session.initialize.session_id
                parts, drawing = [], Drawing(session_id=self._session_id)
            elif kind == "navigation":
                hashes = {entry.page_script_hash: entry.url_pathname for entry in message.navigation.app_pages}
                drawing.page = hashes.get(message.navigation.page_script_hash, "")
                drawing.pages = {address: script for script, address in hashes.items()}
            elif kind == "delta":
                parts.append(message.delta.SerializeToString())
                if message.delta.fragment_id and message.delta.fragment_id not in drawing.fragments:
                    drawing.fragments += (message.delta.fragment_id,)
                button = message.delta.new_element.button
                self._buttons[button.label] = button.id
                offered = message.delta.new_element.download_button
                self._deferred[offered.label] = offered.deferred_file_id
                self._chat_input = message.delta.new_element.chat_input.id or self._chat_input
            elif kind == "auth_redirect":
                drawing.redirect = message.auth_redirect.url
                return drawing
            elif kind == "script_finished" and parts:
                drawing.bytes = b"".join(parts)
                return drawing


@contextmanager
def visit(url: str, cookies: dict[str, str], headers: Mapping[str, str] = MappingProxyType({})) -> Iterator[Visitor]:
    """Opens the app's socket with these cookies."""
    health = httpx.get(f"{url}/_stcore/health", headers=dict(headers), verify=False, trust_env=False)
    xsrf = health.cookies.get("_streamlit_xsrf") or ""
    sent = "; ".join(f"{name}={value}" for name, value in {**cookies, "_streamlit_xsrf": xsrf}.items())
    with connect(
        f"{url.replace('http', 'ws', 1)}/_stcore/stream",
        origin=Origin(url),
        subprotocols=[Subprotocol("streamlit"), Subprotocol(xsrf)],
        additional_headers={"Cookie": sent, **headers},
        max_size=None,
        proxy=None,
        open_timeout=SECONDS,
    ) as socket:
        yield Visitor(socket)
