"""Keys and secrets after a full run: in no log, traceback, page, export or file, and never sent to a browser."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger import open_ledger, people
from llmtrack.ledger.export.stream import FORMATS
from llmtrack.ledger.lists import generations
from llmtrack.serving.identity import TokenScope, Viewer, make_token
from tests.browser.app_server import free_port, running_app
from tests.provider import Answer, Provider
from tests.serving.bad_provider import CLIENT_ID, bad_provider
from tests.serving.visitor import visit

OPENAI_KEY, ANTHROPIC_KEY = "sk-proj-abcdefghijklmnop1234", "sk-ant-qrstuvwxyz5678"
CLIENT_SECRET, COOKIE_SECRET = "client-secret-of-the-test", "cookie-secret-" + "c" * 48
SECRETS = (OPENAI_KEY, ANTHROPIC_KEY, CLIENT_SECRET, COOKIE_SECRET)
PAGES = ("", "usage", "tokens", "overview", "calls", "errors", "people", "audit-log", "settings", "data")


@pytest.mark.slow
def test_no_key_and_no_secret_is_anywhere_after_a_full_run(provider: Provider, tmp_path: Path) -> None:
    echoed = {"error": {"message": f"Incorrect API key provided: {OPENAI_KEY}.", "code": "invalid_api_key"}}
    provider.script("/chat/completions", [Answer(echoed, status=401)] * 3)
    provider.script("/responses", [Answer(echoed, status=401)] * 3)
    port = free_port()
    sent: list[bytes] = []
    with bad_provider() as identity, running_app(
        tmp_path,
        {
            "LLMTRACK_SIGN_IN": "oidc", "LLMTRACK_OIDC_ISSUER": identity.issuer, "LLMTRACK_OIDC_CLIENT_ID": CLIENT_ID,
            "LLMTRACK_OIDC_CLIENT_SECRET": CLIENT_SECRET, "LLMTRACK_COOKIE_SECRET": COOKIE_SECRET,
            "LLMTRACK_OIDC_REDIRECT_URI": f"http://127.0.0.1:{port}/oauth2callback",
            "LLMTRACK_ADMINS": "alice@firm.test", "LLMTRACK_PRELOAD": "false", "LLMTRACK_MODEL_LISTS": "false",
            "OPENAI_API_KEY": OPENAI_KEY, "OPENAI_BASE_URL": provider.openai_url,
            "ANTHROPIC_API_KEY": ANTHROPIC_KEY, "ANTHROPIC_BASE_URL": provider.anthropic_url,
        },
        port=port,
    ) as server, httpx.Client(base_url=server.url, timeout=60, trust_env=False) as browser:  # fmt: skip
        for wrong in ({"nonce": "wrong"}, {}):  # the first is refused, with a traceback in the log
            with visit(server.url, {}) as stranger:
                stranger.draw()
                login = browser.get(stranger.press("Sign in"))
            query = httpx.URL(login.headers["location"]).params
            identity.claims = {"nonce": query["nonce"], **wrong}
            answers = [login, browser.get("/oauth2callback", params={"code": "x", "state": query["state"]})]
            sent += [repr([*answer.headers.items()]).encode() + answer.content for answer in answers]
        with visit(server.url, dict(browser.cookies)) as visitor:
            visitor.draw()
            sent.append(visitor.say("Hello").bytes)
            ledger = open_ledger(server.database_url)
            while not list(generations(ledger)):  # written a moment after the answer
                time.sleep(0.1)
            sent += [visitor.draw(page).bytes for page in PAGES]
        (alice,) = people.people(ledger)
        token = make_token(
            ledger, Viewer(alice.user_id, "Alice", "admin", person=alice.id), "t", [TokenScope.RECORD], days=1
        )
        log = "".join(server.log)
    assert "Traceback" in log, "the refused sign-in left one"
    (row,) = generations(ledger)
    assert row.status == "error"
    for ending in FORMATS:
        command = ["export", str(tmp_path / f"calls.{ending}"), "--text", "--database", server.database_url]
        assert CliRunner().invoke(main, command).exit_code == 0
    ledger.close()
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    everything = b"\n".join([*sent, *files, log.encode()])
    assert b"Incorrect API key provided: " in everything, "what the provider repeated is there, without the key"
    assert [secret for secret in (*SECRETS, token) if secret.encode() in everything] == []
