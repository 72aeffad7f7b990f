"""A gateway on a port of its own, in front of the fake provider, and tokens for it."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.lists import GenerationRow, generation, generations
from llmtrack.serving.gateway import application
from llmtrack.serving.identity import TokenScope, Viewer, make_token
from llmtrack.settings import get_settings
from tests.provider import Provider

PATIENCE = 30


@dataclass
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class Running:
    """A gateway that listens, and the ledger it records in."""

    url: str
    ledger: Ledger
    tracker: Tracker
    token: str = ""
    """Of a service, in an installation where nobody signs in."""

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI's SDK."""
        return f"{self.url}/openai/v1"

    @property
    def anthropic_url(self) -> str:
        """The base URL for Anthropic's SDK."""
        return f"{self.url}/anthropic"

    def rows(self, count: int | None = None) -> list[GenerationRow]:
        """The calls in the ledger, oldest first; waits until there are `count`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            flushed = self.tracker.flush(PATIENCE)
            assert not flushed.failed, flushed
            rows = list(reversed(list(generations(self.ledger, limit=1000))))
            if count is None or len(rows) == count or time.monotonic() > deadline:
                assert count is None or len(rows) == count, rows
                return rows
            time.sleep(0.02)

    def row(self) -> GenerationRow:
        """The one call in the ledger."""
        return self.rows(1)[0]

    def details(self, row: GenerationRow) -> Any:
        """Everything about a call."""
        return generation(self.ledger, row.id)


def token_of(ledger: Ledger, *scopes: TokenScope, service: str | None = "tests", **more: Any) -> str:
    """A new token of a service."""
    admin = Viewer("root", "Root", "admin")
    return make_token(ledger, admin, "tests", scopes or [TokenScope.GATEWAY], days=1, service=service, **more)


def raw(url: str, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
    """Sends exactly this, and returns exactly what came."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None and not any(name.lower() == "transfer-encoding" for name in headers):
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


@pytest.fixture
def running(provider: Provider, clean_environment: None) -> Iterator[Running]:
    """A gateway by itself, with one worker."""
    get_settings.cache_clear()
    with serving(application()) as running:
        yield running
    get_settings.cache_clear()


class serving:
    """A gateway that listens while the block lasts."""

    def __init__(self, app: Any, **options: Any) -> None:
        self._app, self._options = app, options

    def __enter__(self) -> Running:
        self._tracker = Tracker()
        self._before = set_default_tracker(self._tracker)
        options: dict[str, Any] = {
            "date_header": False,
            "server_header": False,
            "log_level": "error",
            "access_log": False,
        }
        config = uvicorn.Config(self._app, host="127.0.0.1", port=0, **(options | self._options))
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="gateway", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while not self._server.started:
            assert time.monotonic() < deadline, "the gateway did not start"
            time.sleep(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        ledger = open_ledger()
        return Running(f"http://127.0.0.1:{port}", ledger, self._tracker, token_of(ledger))

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        set_default_tracker(self._before)
        self._tracker.close(PATIENCE)
