"""The gateway in the app, in front of everything that the app puts around its pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from llmtrack.serving import web
from llmtrack.settings import get_settings
from tests.gateway.conftest import Running, raw, serving
from tests.provider import Answer, Provider

CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
OPTIONS = {"server.address": "localhost", "server.baseUrlPath": "tools"}


async def page(request: object) -> HTMLResponse:
    """What Streamlit would answer to any path."""
    return HTMLResponse("<html><head></head><body>a page</body></html>")


@pytest.fixture
def app(provider: Provider, clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The app's middleware around a page."""
    monkeypatch.setenv("LLMTRACK_PRELOAD", "false")
    get_settings.cache_clear()
    routes = [*web.ROUTES, Route("/{path:path}", page)]
    with serving(Starlette(routes=routes, middleware=web.middleware(OPTIONS.get), lifespan=web.lifespan)) as app:
        yield app
    get_settings.cache_clear()


@pytest.mark.parametrize("base", ["", "/tools"])
def test_answers_are_the_providers_and_bear_none_of_the_apps_headers(
    app: Running, provider: Provider, base: str
) -> None:
    provider.script("/chat/completions", [Answer({"text": "x" * 5000}, headers={"x-provider": "1"})])
    headers = {"x-api-key": app.token, "content-type": "application/json", "accept-encoding": "gzip"}
    answer = raw(app.url, "POST", f"{base}/openai/v1/chat/completions", headers, CHAT)
    assert (answer.status, json.loads(answer.body)) == (200, {"text": "x" * 5000})
    assert answer.header("x-provider") == "1"
    assert answer.header("content-security-policy") is None
    assert answer.header("content-encoding") is None


def test_pages_and_the_api_stay_what_they_are(app: Running, provider: Provider) -> None:
    for path in ("/", "/usage", "/v1", "/openapi", "/healthz"):
        answer = raw(app.url, "GET", path, {"host": "localhost"})
        assert answer.header("content-security-policy") is not None
    assert provider.requests == []


def test_a_web_page_of_another_site_sends_nothing_without_a_token(app: Running, provider: Provider) -> None:
    headers = {"origin": "https://evil.example.com", "content-type": "text/plain"}
    assert raw(app.url, "POST", "/openai/v1/chat/completions", headers, CHAT).status == 401
    assert provider.requests == []


def test_it_can_be_left_to_a_server_of_its_own(
    app: Running, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_GATEWAY", "false")
    get_settings.cache_clear()
    headers = {"x-api-key": app.token, "content-type": "application/json", "host": "localhost"}
    raw(app.url, "POST", "/openai/v1/chat/completions", headers, CHAT)
    assert provider.requests == []
