"""A server with an API, people with tokens, and calls whose numbers are known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from llmtrack.billing.statements import Statement, issue, own_cycles
from llmtrack.ledger import Ledger, open_ledger, people
from llmtrack.pricing.usage import Cost, Usage
from llmtrack.serving import api, web
from llmtrack.serving.identity import TokenScope, Viewer, make_token, signed_in_viewer
from llmtrack.settings import Settings, get_settings
from tests.conftest import postgres_database
from tests.ledger.making import HOUR, NOON, PRICE, generation, said

CYCLE = "2025-10"
"""The billing cycle in which all calls below were made."""


SETTINGS = Settings(admins=("root",))


def person(ledger: Ledger, user: str) -> Viewer:
    """Somebody who signed in."""
    claims = {"iss": "https://id", "sub": user, "email": user, "email_verified": True}
    return signed_in_viewer(ledger, {"is_logged_in": True, "iat": int(time.time()), **claims}, SETTINGS)


def token_of(ledger: Ledger, user: str, *scopes: TokenScope, **owner: Any) -> str:
    """A new token of somebody who signed in, or as an admin's for a team or a service."""
    return make_token(ledger, person(ledger, user), "test", scopes, days=1, **owner)


def fill(ledger: Ledger) -> None:
    """Calls of alice, bob (both also in team blue) and carol (team red)."""
    claude = Cost("exact", total=3_000_000, input=1_000_000, output=2_000_000, price=PRICE)
    ledger.write([
        generation(NOON, user_id="alice", session_id="s-alice", trace_id="t-alice", input=said("alice's secret")),
        generation(NOON + HOUR, user_id="alice", group="blue", session_id="s-alice", trace_id="t-alice"),
        generation(NOON + 2 * HOUR, user_id="alice", cost=Cost("unpriced", reason="no_price"),
                   request_model="new", response_model="new"),
        generation(NOON + 3 * HOUR, user_id="alice", cost=Cost("simulated", total=5_000_000), provider="demo",
                   response_model="demo-fast", request_model="demo-fast", simulated=True),
        generation(NOON + 4 * HOUR, user_id="bob", group="blue", provider="anthropic", request_model="claude",
                   response_model="claude", cost=claude, usage=Usage(1000, 200), session_id="s-bob", trace_id="t-bob",
                   input=said("bob's secret")),
        generation(NOON + 5 * HOUR, user_id="bob", status="error", error_type="timeout", response_model=None,
                   cost=Cost("unpriced", reason="no_usage"), usage=Usage()),
        generation(NOON + 6 * HOUR, user_id="carol", group="red"),
    ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and tokens by whose they are."""

    client: TestClient
    ledger: Ledger
    tokens: dict[str, str]

    def get(self, path: str, token: str = "admin", **params: Any) -> Any:
        """The JSON of an answer that has to be 200."""
        answer = self.client.get(path, params=params, headers=self.headers(token))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, token: str = "admin", **params: Any) -> tuple[int, str]:
        """Status and sentence of a problem."""
        answer = self.client.get(path, params=params, headers=self.headers(token))
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert problem["status"] == answer.status_code
        return answer.status_code, problem["detail"]

    def headers(self, by: str) -> dict[str, str]:
        """The headers of a request with somebody's token; of nobody, if there is no such token."""
        return {"authorization": f"Bearer {self.tokens[by]}"} if by in self.tokens else {}


def people_with_tokens(ledger: Ledger) -> dict[str, str]:
    """Alice and bob are users, lena leads blue, root is an admin; blue and a service have tokens of their own."""
    root, lena = person(ledger, "root"), person(ledger, "lena")
    blue = people.add_team(ledger, "blue", by=root.id)
    assert lena.person is not None
    people.set_member(ledger, blue, lena.person, "lead", by=root.id)
    read, everything, record = TokenScope.USAGE_READ, TokenScope.ADMIN_READ, TokenScope.RECORD
    return {
        "alice": token_of(ledger, "alice", read, record),
        "bob": token_of(ledger, "bob", read, record),
        "lead": token_of(ledger, "lena", read),
        "admin": token_of(ledger, "root", read, everything),
        "modest admin": token_of(ledger, "root", read),
        "team": token_of(ledger, "root", read, record, team=blue),
        "service": token_of(ledger, "root", read, everything, record, service="etl"),
        "blind service": token_of(ledger, "root", read, record, service="etl2"),
        "recorder": token_of(ledger, "alice", record),
    }


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of a ledger on each kind of database with calls and people in it, which tests only read; and tokens."""
    if request.param == "postgresql":
        for url in postgres_database():
            yield url, filled_ledger(url)
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'llmtrack.db'}"
        yield url, filled_ledger(url)


def filled_ledger(url: str | None = None) -> dict[str, str]:
    """Fills a ledger with calls and people; their tokens."""
    ledger = open_ledger(url)
    fill(ledger)
    return people_with_tokens(ledger)


def issued_statement(ledger: Ledger) -> Statement:
    """Alice's statement of the cycle in which all calls were made."""
    settings = Settings(timezone="UTC", billing_markup_percent=Decimal(20))
    cycle = next(
        cycle
        for cycle in own_cycles(ledger, ("alice",), 60, settings=settings)
        if f"{cycle.period.since:%Y-%m}" == CYCLE
    )
    return issue(ledger, ("alice",), cycle, by="root", settings=settings)


@pytest.fixture
def server(filled: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on each kind of database, with calls and people in it, to be read only."""
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", filled[0])
    yield from serve(monkeypatch, filled[1])


@pytest.fixture
def small_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on SQLite of the test's own, with calls and people in it."""
    yield from serve(monkeypatch, None)


def serve(monkeypatch: pytest.MonkeyPatch, tokens: dict[str, str] | None) -> Iterator[Server]:
    """A server with the settings of the environment."""
    monkeypatch.setenv("LLMTRACK_ADMINS", "root")
    get_settings.cache_clear()
    tokens = tokens or filled_ledger()
    app = Starlette(routes=[*web.ROUTES[:2], *api.routes()], middleware=web.MIDDLEWARE)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Server(client, open_ledger(), tokens)
