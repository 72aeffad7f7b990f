"""The gateway as the replay of recorded traffic wants to see it: a plain SDK with the gateway as its base URL.

    python replay.py --adapter benchmarks/replay_gateway_adapter.py

Run from the folder of the replay, as `replay_adapter.py` beside this is, which reads the rows back.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import anthropic
import openai
import uvicorn
from adapters.raw import KEY

from benchmarks.replay_adapter import LLMTrack
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.serving.gateway import Gateway
from llmtrack.serving.identity import TokenScope, Viewer, make_token
from llmtrack.settings import get_settings

CLIENTS: dict[tuple[str, bool], Any] = {
    ("openai", False): openai.OpenAI,
    ("openai", True): openai.AsyncOpenAI,
    ("anthropic", False): anthropic.Anthropic,
    ("anthropic", True): anthropic.AsyncAnthropic,
}


async def _nowhere(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError(f"{scope['path']} is no route of the gateway")


class ThroughGateway(LLMTrack):
    """A gateway of its own in a thread, with a ledger of its own."""

    name = "gateway"

    def __init__(self) -> None:
        super().__init__()
        os.environ["LLMTRACK_DATABASE_URL"] = self._url
        os.environ["OPENAI_API_KEY"], os.environ["ANTHROPIC_API_KEY"] = KEY["openai"], KEY["anthropic"]
        get_settings.cache_clear()
        self._tracker = Tracker(self._url, tempfile.mkdtemp(prefix="llmtrack-replay-journal-"))
        ledger = open_ledger(self._url)
        self._token = make_token(
            ledger, Viewer("root", "Root", "admin"), "replay", [TokenScope.GATEWAY], days=1, service="replay"
        )
        config = uvicorn.Config(
            Gateway(_nowhere, alone=True, tracker=self._tracker), host="127.0.0.1", port=0, log_level="critical",
            http="httptools", server_header=False, date_header=False, lifespan="off", timeout_keep_alive=75,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self._address = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def make(self, provider: str, base_url: str, is_async: bool, **options: Any) -> Any:
        """A plain client; the gateway learns from the environment where its requests are to go."""
        name = provider
        if base_url.split("/")[2].endswith(":9"):  # where nobody answers
            name = f"refused-{provider}"
            declared = f"LLMTRACK_PROVIDERS__{name.upper()}__"
            os.environ |= {
                f"{declared}BASE_URL": base_url, f"{declared}DIALECT": provider, f"{declared}API_KEY": "k"
            }  # fmt: skip
        else:
            os.environ[f"{provider.upper()}_BASE_URL"] = base_url
        get_settings.cache_clear()
        path = f"/{name}/v1" if provider == "openai" else f"/{name}"
        return CLIENTS[provider, is_async](api_key=self._token, base_url=self._address + path, **options)

    def drain(self) -> list[dict[str, Any]]:
        """The rows since the last time. A caller's leaving is noticed a moment after the caller has left."""
        deadline = time.monotonic() + 1
        while self._tracker.limiter.under_way() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.05)  # it is recorded right after
        rows: list[dict[str, Any]] = super().drain()
        return rows

    def close(self) -> None:
        """Ends the server and the tracker."""
        self._server.should_exit = True
        self._thread.join(10)
        super().close()


ADAPTER = ThroughGateway
