"""What comes back from an identity provider: nobody is signed in by an answer that is not for them, here and now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from llmtrack.ledger import open_ledger, people
from tests.browser.app_server import AppServer, free_port, running_app
from tests.serving.bad_provider import CLIENT_ID, BadProvider, bad_provider
from tests.serving.visitor import COOKIE, visit

HOUR = 3600


@pytest.fixture(scope="module")
def provider() -> Iterator[BadProvider]:
    with bad_provider() as running:
        yield running


@pytest.fixture(scope="module")
def server(provider: BadProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    port = free_port()
    settings = {
        "LLMTRACK_SIGN_IN": "oidc",
        "LLMTRACK_OIDC_ISSUER": provider.issuer,
        "LLMTRACK_OIDC_CLIENT_ID": CLIENT_ID,
        "LLMTRACK_OIDC_CLIENT_SECRET": "client-secret-of-the-test",
        "LLMTRACK_OIDC_REDIRECT_URI": f"http://127.0.0.1:{port}/oauth2callback",
        "LLMTRACK_COOKIE_SECRET": "c" * 48,
        "LLMTRACK_SESSION_HOURS": "2",
        "LLMTRACK_PRELOAD": "false",
    }
    with running_app(tmp_path_factory.mktemp("callback"), settings, port=port) as running:
        yield running


class Browser(httpx.Client):
    """A browser's cookies on the way to the provider and back."""

    def __init__(self, server: AppServer) -> None:
        super().__init__(base_url=server.url, timeout=60, trust_env=False)

    def set_out(self) -> tuple[str, str]:
        """Press "Sign in" and go as far as the provider; the state and the nonce that are sent along."""
        with visit(str(self.base_url).rstrip("/"), {}) as visitor:
            visitor.draw()
            login = visitor.press("Sign in")
        answer = self.get(login)
        assert answer.status_code == 302
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["code_challenge_method"] == ["S256"]
        return query["state"][0], query["nonce"][0]

    def come_back(self, state: str, code: str = "code") -> bool:
        """Bring the provider's code; whether somebody is signed in now."""
        answer = self.get("/oauth2callback", params={"code": code, "state": state})
        assert answer.status_code == 302
        return self.is_signed_in

    @property
    def is_signed_in(self) -> bool:
        """Whether the app has a page for whoever has these cookies."""
        with visit(str(self.base_url).rstrip("/"), dict(self.cookies)) as visitor:
            return "usage" in visitor.draw().pages


@pytest.fixture
def browser_of(server: AppServer, provider: BadProvider) -> Iterator[Browser]:
    provider.claims, provider.signing_key, provider.algorithm = {}, None, "RS256"
    with Browser(server) as browser:
        yield browser


@pytest.mark.slow
def test_a_good_answer_signs_in(browser_of: Browser, provider: BadProvider, server: AppServer) -> None:
    state, nonce = browser_of.set_out()
    provider.claims = {"nonce": nonce}
    assert browser_of.come_back(state)
    assert [person.subject for person in people.people(open_ledger(server.database_url))] == ["alice"]


BAD: dict[str, dict[str, Any]] = {
    "for another audience": {"aud": "another-app"},
    "for several, ours not among them": {"aud": ["another-app", "a-third"]},
    "without audience": {"aud": None},
    "with another nonce": {"nonce": "guessed"},
    "without nonce": {"nonce": None},
    "of another issuer": {"iss": "http://127.0.0.1:1"},
    "that has expired": {"exp": int(time.time()) - HOUR, "iat": int(time.time()) - 2 * HOUR},
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BAD)
def test_an_id_token_that_is_wrong_signs_nobody_in(browser_of: Browser, provider: BadProvider, what: str) -> None:
    state, nonce = browser_of.set_out()
    provider.claims = {"nonce": nonce, **BAD[what]}
    assert not browser_of.come_back(state)
    assert COOKIE not in browser_of.cookies


@pytest.mark.slow
@pytest.mark.parametrize("how", ["by another key", "not at all"])
def test_an_id_token_that_the_provider_did_not_sign_signs_nobody_in(
    browser_of: Browser, provider: BadProvider, how: str
) -> None:
    state, nonce = browser_of.set_out()
    provider.claims = {"nonce": nonce}
    provider.algorithm = "RS256" if how == "by another key" else "none"
    provider.signing_key = RSAKey.generate_key(2048, parameters={"kid": "1"})
    assert not browser_of.come_back(state)
    assert COOKIE not in browser_of.cookies


@pytest.mark.slow
def test_a_state_is_good_once_and_in_the_browser_that_set_out(
    browser_of: Browser, provider: BadProvider, server: AppServer
) -> None:
    state, nonce = browser_of.set_out()
    provider.claims = {"nonce": nonce}
    with Browser(server) as another:
        assert not another.come_back(state), "another browser, as of somebody who was sent a link"
    assert not browser_of.come_back("guessed")
    assert browser_of.come_back(state)
    browser_of.cookies.delete(COOKIE)
    assert not browser_of.come_back(state), "replayed"


@pytest.mark.slow
def test_a_session_ends_some_time_after_one_proved_who_one_is(browser_of: Browser, provider: BadProvider) -> None:
    state, nonce = browser_of.set_out()
    provider.claims = {"nonce": nonce, "auth_time": int(time.time()) - 3 * HOUR}
    assert not browser_of.come_back(state)
    assert COOKIE in browser_of.cookies, "the provider vouched for them, but from a session of long ago"
    with visit(str(browser_of.base_url).rstrip("/"), dict(browser_of.cookies)) as visitor:
        assert "You signed in more than 2 hours ago" in visitor.draw()
    state, nonce = browser_of.set_out()
    provider.claims = {"nonce": nonce, "auth_time": int(time.time()) - HOUR}
    assert browser_of.come_back(state)
