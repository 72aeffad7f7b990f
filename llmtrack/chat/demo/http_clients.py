"""HTTP clients that end in the simulated provider instead of a socket."""

from __future__ import annotations

import httpx2

from llmtrack.chat.demo.transport import AsyncDemoTransport, DemoTransport
from llmtrack.settings import get_settings


def async_http_client(rate: float | None = None, silence: float | None = None) -> httpx2.AsyncClient:
    """What to hand to an async SDK client as `http_client=`.

    `rate` is in tokens a second, `silence` in seconds; None takes the one of the settings.
    """
    return httpx2.AsyncClient(transport=AsyncDemoTransport(*_pace(rate, silence)))


def http_client(rate: float | None = None, silence: float | None = None) -> httpx2.Client:
    """What to hand to a sync SDK client as `http_client=`, with the same arguments."""
    return httpx2.Client(transport=DemoTransport(*_pace(rate, silence)))


def _pace(rate: float | None, silence: float | None) -> tuple[float, float]:
    settings = get_settings()
    return settings.demo_rate if rate is None else rate, settings.demo_silence if silence is None else silence
