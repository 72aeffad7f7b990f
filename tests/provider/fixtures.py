"""The fake provider as a pytest fixture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.provider.server import Provider


@pytest.fixture(scope="session")
def provider_server() -> Iterator[Provider]:
    """One server for the whole run."""
    server = Provider()
    yield server
    server.stop()


@pytest.fixture
def provider(provider_server: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """The fake provider, with nothing seen and nothing scripted; the environment points both SDKs at it."""
    provider_server.reset()
    monkeypatch.setenv("OPENAI_BASE_URL", provider_server.openai_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider_server.anthropic_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    yield provider_server
    provider_server.reset()
