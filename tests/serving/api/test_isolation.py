"""A token shows what its owner may see, and not a row or a number of anybody else."""

from __future__ import annotations

import pytest

from llmtrack.ledger import people
from llmtrack.serving.api import caller
from llmtrack.serving.api.known_callers import SECONDS, KnownCallers
from llmtrack.serving.identity import TokenScope
from llmtrack.settings import get_settings
from tests.serving.api.conftest import CYCLE, Server, person

OCTOBER = {"since": "2025-10-01", "until": "2025-11-01"}
LISTS = ("/api/generations", "/api/traces", "/api/sessions", "/api/users")


@pytest.mark.parametrize(
    ("token", "users"),
    [
        ("alice", {"alice": 4}),
        ("bob", {"bob": 2}),
        ("lead", {}),
        ("modest admin", {}),
        ("team", {"alice": 1, "bob": 1}),
        ("admin", {"alice": 4, "bob": 2, "carol": 1}),
        ("service", {"alice": 4, "bob": 2, "carol": 1}),
    ],
)
def test_numbers_are_of_those_alone_whom_the_token_shows(server: Server, token: str, users: dict[str, int]) -> None:
    metrics = server.get("/api/metrics", token, metric=["generations", "users", "traces"], by="user", **OCTOBER)
    assert {row["user"]: row["generations"] for row in metrics["rows"]} == users
    assert metrics["totals"]["generations"] == sum(users.values())
    assert metrics["totals"]["users"] == len(users)
    assert {row["user"]: row["generations"] for row in server.get("/api/users", token)["data"]} == users


@pytest.mark.parametrize(
    ("where", "users"),
    [
        (["group=blue"], {"alice": 1, "bob": 1}),
        (["group=blue", "user=bob"], {"bob": 1}),
        (["user=lena"], {}),
        # Own calls, whatever the team: a lead of blue sees nothing of red's by naming it.
        (["group=red"], {}),
        (["group=blue,red"], {}),
        (["group!=red"], {}),
        (["group="], {}),
        (["user!=lena"], {}),
    ],
)
def test_a_lead_sees_the_numbers_of_their_teams_by_naming_one(
    server: Server, where: list[str], users: dict[str, int]
) -> None:
    metrics = server.get("/api/metrics", "lead", metric="generations", by="user", where=where, **OCTOBER)
    assert {row["user"]: row["generations"] for row in metrics["rows"]} == users
    assert {row["user"]: row["generations"] for row in server.get("/api/users", "lead", where=where)["data"]} == users
    # Single calls of others are nobody's but an admin's.
    assert server.get("/api/generations", "lead", where=where and [w for w in where if "user" not in w])["data"] == []


@pytest.mark.parametrize(
    ("path", "token", "params"),
    [
        ("/api/usage", "alice", {"user_id": "bob"}),
        ("/api/usage", "alice", {"user_id": "nobody-at-all"}),
        ("/api/usage", "lead", {"user_id": "bob"}),
        ("/api/usage", "modest admin", {"user_id": "bob"}),
        ("/api/usage", "blind service", {"user_id": "bob"}),
        ("/api/me/usage", "service", {}),
        ("/api/metrics", "alice", {"metric": "cost", "where": "user=bob"}),
        ("/api/metrics", "alice", {"metric": "cost", "where": "user=alice,bob"}),
        ("/api/metrics", "alice", {"metric": "cost", "where": "user="}),
        ("/api/metrics", "team", {"metric": "cost", "where": "group=red"}),
        *((path, "alice", {"where": "user=bob"}) for path in LISTS),
        *((path, "team", {}) for path in LISTS[:3]),
        *((path, "blind service", {}) for path in LISTS),
        *((path, "recorder", {}) for path in (*LISTS, "/api/me/usage")),
    ],
)
def test_what_is_not_the_tokens_is_refused_in_words(server: Server, path: str, token: str, params: dict) -> None:
    status, sentence = server.refused(path, token, **params)
    assert status == 403
    assert sentence.endswith(".")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("more", [{}, {"where": "user!=alice"}, {"where": "group=blue"}, {"where": "user!=x"}])
def test_lists_of_a_user_hold_their_own_rows_only(server: Server, path: str, more: dict) -> None:
    rows = server.get(path, "alice", **more)["data"]
    assert {row["user"] for row in rows} <= {"alice"}
    assert bool(rows) == (more != {"where": "user!=alice"})


def test_nobodys_words_are_found_by_another(server: Server) -> None:
    assert [row["user"] for row in server.get("/api/generations", "alice", search="secret")["data"]] == ["alice"]
    assert server.get("/api/generations", "lead", search="secret")["data"] == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds by which callers are known for a moment; the test moves them on."""
    now = [0.0]
    monkeypatch.setattr(caller, "_known", KnownCallers(lambda: now[0]))
    return now


def test_a_token_goes_with_its_owner_and_with_the_right_to_it(small_server: Server, clock: list[float]) -> None:
    ledger = small_server.ledger
    root, alice = person(ledger, "root"), person(ledger, "alice")
    assert root.person is not None
    assert alice.person is not None
    people.set_role(ledger, root.person, "user", by="other")
    metrics = small_server.get("/api/metrics", "admin", metric="generations")
    assert metrics["totals"]["generations"] == 0, "no admin any more, so root's own calls, of which there are none"
    small_server.get("/api/me/usage", "alice")
    people.set_disabled(ledger, alice.person, True, by="other")
    clock[0] += SECONDS
    assert small_server.refused("/api/me/usage", "alice")[0] == 401
    people.revoke_token(ledger, small_server.tokens["bob"][:13], by="other")
    assert small_server.refused("/api/me/usage", "bob", cycle=CYCLE)[0] == 401


def test_a_caller_is_looked_up_once_a_second_and_for_each_thing_they_may_do(
    small_server: Server, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups: list[object] = []
    identified = caller._identified

    def counted(token: str, scope: TokenScope | None) -> caller.Caller:
        lookups.append(scope)
        return identified(token, scope)

    monkeypatch.setattr(caller, "_identified", counted)
    for _ in range(3):
        small_server.get("/api/me/usage", "alice", cycle=CYCLE)
    assert len(lookups) == 1
    assert small_server.get("/api/me/usage", "bob", cycle=CYCLE)["user_id"] == "bob"
    recorded = small_server.client.post("/api/feedback", json={}, headers=small_server.headers("alice"))
    assert recorded.status_code == 400
    assert len(lookups) == 3
    clock[0] += SECONDS
    small_server.get("/api/me/usage", "alice", cycle=CYCLE)
    assert len(lookups) == 4


def test_another_sites_page_may_record_where_it_is_named_and_reach_nothing_else(
    small_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {**small_server.headers("alice"), "origin": "https://dash.example.com"}
    assert small_server.client.post("/api/feedback", json={}, headers=headers).status_code == 403
    monkeypatch.setenv("LLMTRACK_API_ALLOWED_ORIGINS", "https://dash.example.com")
    get_settings.cache_clear()
    assert small_server.client.post("/api/feedback", json={}, headers=headers).status_code == 400, "let through"
    assert small_server.client.post("/mcp", json={}, headers=headers).status_code == 403


def test_another_sites_page_may_ask_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    from llmtrack.serving.api.application import make_app

    preflight = {"origin": "https://dash.example.com", "access-control-request-method": "GET",
                 "access-control-request-headers": "authorization"}  # fmt: skip
    client = TestClient(make_app())
    assert client.options("/api/usage", headers=preflight).status_code == 405
    monkeypatch.setenv("LLMTRACK_API_ALLOWED_ORIGINS", "https://dash.example.com")
    get_settings.cache_clear()
    client = TestClient(make_app())
    answer = client.options("/api/usage", headers=preflight)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://dash.example.com")
    foreign = client.options("/api/usage", headers={**preflight, "origin": "https://evil.test"})
    assert "access-control-allow-origin" not in foreign.headers
