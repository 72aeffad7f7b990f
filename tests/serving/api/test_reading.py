"""Questions over HTTP: exact numbers, and problems that say what is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from llmtrack.ledger.metrics import ask
from llmtrack.pricing.usage import Usage
from llmtrack.settings import get_settings
from tests.ledger.making import NOON, generation
from tests.serving.api.conftest import CYCLE, Server

ALICE = {
    "user_id": "alice",
    "team": None,
    "cycle": {"start": "2025-10-01T00:00:00Z", "end": "2025-11-01T00:00:00Z"},
    "timezone": "UTC",
    "limit": None,
    "remaining": None,
    # Two calls at $0.00045; one that nobody can price; one of the demo provider, which is never part of the cost.
    "generations": 4,
    "messages": 4,
    "input_tokens": 400,
    "output_tokens": 80,
    "total_tokens": 480,
    "cost": "0.0009",
    "unpriced": 1,
    "simulated_cost": "0.005",
}
NUMBERS = {"messages": 1, "input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
ALICES_MODELS = [
    {"provider": "openai", "model": "gpt-4o-2024-08-06", "generations": 2, "messages": 2, "input_tokens": 200,
     "output_tokens": 40, "total_tokens": 240, "cost": "0.0009", "unpriced": 0, "simulated_cost": None},
    {"provider": "demo", "model": "demo-fast", "generations": 1, **NUMBERS, "cost": "0", "unpriced": 0,
     "simulated_cost": "0.005"},
    {"provider": "openai", "model": "new", "generations": 1, **NUMBERS, "cost": None, "unpriced": 1,
     "simulated_cost": None},
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "by", "params"),
    [
        ("/api/me/usage", "alice", {}),
        ("/api/usage", "alice", {"user_id": "alice"}),
        ("/api/usage", "admin", {"user_id": "alice"}),
        ("/api/usage", "service", {"userId": "alice"}),
    ],
)
def test_a_users_usage_in_a_cycle_is_exact(server: Server, path: str, by: str, params: dict) -> None:
    usage = server.get(path, by, cycle=CYCLE, **params)
    assert usage.pop("models") == ALICES_MODELS
    assert usage == ALICE


def test_a_teams_token_answers_for_the_team(server: Server) -> None:
    usage = server.get("/api/me/usage", "team", cycle=CYCLE)
    assert (usage["user_id"], usage["team"], usage["generations"], usage["cost"]) == (None, "blue", 2, "0.00345")
    of_alice = server.get("/api/usage", "team", user_id="alice", cycle=CYCLE)
    assert (of_alice["generations"], of_alice["cost"]) == (1, "0.00045"), "only what alice did for the team"


@pytest.mark.parametrize(
    ("cycle", "start", "end"),
    [
        ("current", "2025-10-15", "2025-11-15"),
        ("previous", "2025-09-15", "2025-10-15"),
        ("2025-09", "2025-09-15", "2025-10-15"),
        ("2025-10-14", "2025-09-15", "2025-10-15"),
        ("2025-10-15", "2025-10-15", "2025-11-15"),
    ],
)
def test_a_cycle_begins_where_the_settings_say(
    small_server: Server, monkeypatch: pytest.MonkeyPatch, cycle: str, start: str, end: str
) -> None:
    monkeypatch.setenv("LLMTRACK_BILLING_ANCHOR_DAY", "15")
    monkeypatch.setenv("LLMTRACK_TIMEZONE", "Europe/Berlin")
    get_settings.cache_clear()
    with time_machine.travel(datetime(2025, 10, 20, tzinfo=UTC), tick=True):
        usage = small_server.get("/api/usage", "service", user_id="alice", cycle=cycle)
    zone = {"09": "+02:00", "10": "+02:00", "11": "+01:00"}
    assert usage["cycle"] == {
        "start": f"{start}T00:00:00{zone[start[5:7]]}",
        "end": f"{end}T00:00:00{zone[end[5:7]]}",
    }


@pytest.mark.parametrize(
    ("path", "params", "status", "sentence"),
    [
        ("/api/usage", {}, 400, "user_id is missing: say whose usage, as /api/usage?user_id=alice."),
        ("/api/usage", {"user_id": "zoe"}, 404, "There is no user 'zoe': nobody of that name has called a model."),
        ("/api/usage", {"user_id": "alice", "cycle": "2025-13"}, 400,
         "There is no billing cycle '2025-13': give current, previous, 2026-11 or 2026-11-29."),
        ("/api/usage", {"user": "alice"}, 400,
         "user is not known here: check the spelling; /api/docs lists what there is."),
        ("/api/metrics", {}, 400, "metric is missing: add it to the query."),
        ("/api/metrics", {"metric": "cots"}, 400, "There is no metric 'cots'; did you mean cost?"),
        ("/api/metrics", {"metric": "cost", "by": "modle"}, 400, "There is no dimension 'modle'; did you mean model?"),
        ("/api/metrics", {"metric": "cost", "limit": 0}, 400, "limit is '0', but input should be greater than or equal to 1."),
        ("/api/metrics", {"metric": "cost", "by": "user", "top": 0}, 400,
         "top is '0', but input should be greater than or equal to 1."),
        ("/api/metrics", {"metric": "cost", "by": "day", "top": 3}, 400,
         "The largest values are those of a dimension; split by one, such as 'model'."),
        ("/api/metrics", {"metric": "cost", "order": "--cost"}, 400,
         "The rows cannot be ordered by '--cost', which was not asked for."),
        ("/api/metrics", {"metric": "cost", "since": "0001-01-01"}, 400,
         "since is '0001-01-01', but give a time between the years 1971 and 2200."),
        ("/api/metrics", {"metric": "cost", "timezone": "Mars/Olympus"}, 400,
         "There is no time zone 'Mars/Olympus'; give an IANA name such as 'Europe/Berlin'."),
        ("/api/generations", {"after": "nowhere"}, 400,
         "'nowhere' is no place in this list; leave it out to begin at the start."),
        ("/api/nope", {}, 404, "There is no such route: /api/docs lists those there are."),
        ("/api/", {}, 404, "There is no such route: /api/docs lists those there are."),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_a_problem_that_names_the_way_out(
    server: Server, path: str, params: dict, status: int, sentence: str
) -> None:
    assert server.refused(path, **params) == (status, sentence)


@pytest.mark.parametrize(
    ("headers", "sentence", "challenge"),
    [
        ({}, "This route needs a token: send Authorization: Bearer llmt_….", 'Bearer realm="llmtrack"'),
        ({"authorization": "Bearer llmt_wrong"}, "This token is not valid: it was never made, was revoked, or has expired.",
         'Bearer realm="llmtrack", error="invalid_token"'),
        ({"authorization": "Basic YTpi"}, "This route needs a token: send Authorization: Bearer llmt_….",
         'Bearer realm="llmtrack"'),
    ],
)  # fmt: skip
def test_without_a_valid_token_nothing_is_answered(
    server: Server, headers: dict, sentence: str, challenge: str
) -> None:
    # A wrong parameter is no reason to say more.
    answer = server.client.get("/api/metrics?metric=cots&x=1", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, sentence)
    assert answer.headers["www-authenticate"] == challenge


def test_other_methods_and_large_bodies_are_problems_too(server: Server) -> None:
    answer = server.client.post("/api/usage", headers=server.headers("admin"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"
    for body in (b"x" * 2_000_000, iter([b"x" * 600_000] * 2)):
        large = server.client.post("/api/usage", content=body)
        assert (large.status_code, large.json()["title"]) == (413, "Request Entity Too Large")


def test_any_question_of_the_vocabulary_is_answered_as_in_python(server: Server) -> None:
    answer = server.get(
        "/api/metrics", metric=["cost", "generations", "unpriced", "cost / messages"], by=["day", "model"],
        since="2025-10-09", until="2025-10-10", where=["user=alice,bob", "provider!=demo"],
    )  # fmt: skip
    assert answer["rows"] == [
        {"day": "2025-10-09T00:00:00+00:00", "model": "claude", "cost": "0.003", "generations": 1, "unpriced": 0, "cost / messages": "0.003"},
        {"day": "2025-10-09T00:00:00+00:00", "model": "gpt-4o-2024-08-06", "cost": "0.0009", "generations": 3, "unpriced": 0, "cost / messages": "0.00045"},
        {"day": "2025-10-09T00:00:00+00:00", "model": "new", "cost": None, "generations": 1, "unpriced": 1, "cost / messages": None},
    ]  # fmt: skip
    assert answer["totals"] == {"cost": "0.0039", "generations": 5, "unpriced": 1, "cost / messages": "0.000975"}
    assert answer["units"] == {"cost": "usd", "generations": "count", "unpriced": "count", "cost / messages": "usd"}
    assert answer["period"] == {"start": "2025-10-09T00:00:00Z", "end": "2025-10-10T00:00:00Z"}
    assert (answer["cut"], answer["by"]) == (0, ["day", "model"])
    first = server.get("/api/metrics", metric="cost", by="model", order="-cost", limit=1)
    assert ([row["model"] for row in first["rows"]], first["cut"]) == (["claude"], 3)


def test_the_largest_are_kept_and_all_others_have_numbers_of_their_own(server: Server) -> None:
    question: dict[str, Any] = {"metric": ["cost", "users", "unpriced"], "by": "user", "where": "provider!=demo"}
    answer = server.get("/api/metrics", **question, top=1)
    # Alice's two priced calls at $0.00045 and carol's one.
    assert answer["rows"] == [
        {"user": "bob", "cost": "0.003", "users": 1, "unpriced": 0},
        {"user": "all others", "cost": "0.00135", "users": 2, "unpriced": 1},
    ]
    assert (answer["top"], answer["cut"]) == (["bob"], 0)
    assert answer["totals"] == {"cost": "0.00435", "users": 3, "unpriced": 1}
    everybody = server.get("/api/metrics", **question)
    assert (everybody["top"], everybody["totals"]) == ([], answer["totals"])
    by_day = server.get("/api/metrics", metric="generations", by=["day", "user"], top=1)
    assert [(row["user"], row["generations"]) for row in by_day["rows"]] == [("alice", 4), ("all others", 3)]


def test_lists_come_page_by_page_and_hold_no_texts(server: Server) -> None:
    seen, after = [], None
    while True:
        page = server.get("/api/generations", limit=3, **({"after": after} if after else {}))
        assert "secret" not in json.dumps(page)
        seen += page["data"]
        after = page["after"]
        if after is None:
            break
    assert [row["user"] for row in seen] == ["carol", "bob", "bob", "alice", "alice", "alice", "alice"]
    assert len({row["id"] for row in seen}) == 7
    newest = seen[0]
    assert (newest["at"], newest["cost"], newest["cost_status"], newest["group"]) == (
        "2025-10-09T18:00:00Z", "0.00045", "exact", "red",
    )  # fmt: skip
    assert [row["status"] for row in server.get("/api/generations", where="status=error")["data"]] == ["error"]
    assert [row["user"] for row in server.get("/api/generations", search="secret", order="time")["data"]] == [
        "alice", "bob",
    ]  # fmt: skip
    (trace,) = server.get("/api/traces", where="user=alice")["data"]
    assert (trace["trace"], trace["generations"], trace["cost"], trace["session"]) == (
        "t-alice",
        2,
        "0.0009",
        "s-alice",
    )
    assert [row["session"] for row in server.get("/api/sessions")["data"]] == ["s-bob", "s-alice"]
    users = server.get("/api/users", limit=2)
    assert [(row["user"], row["cost"], row["unpriced"]) for row in users["data"]] == [
        ("bob", "0.003", 0), ("alice", "0.0009", 1),
    ]  # fmt: skip
    assert [row["user"] for row in server.get("/api/users", limit=2, after=users["after"])["data"]] == ["carol"]


def test_a_models_price_says_where_it_is_from(server: Server) -> None:
    price = server.get("/api/prices", "alice", provider="openai", model="gpt-4o-mini", at="2025-10-09")
    (rates,) = price["rates"]
    assert (rates["rates"]["input"], rates["rates"]["output"]) == ("0.15", "0.6")
    assert (rates["units"]["input"], rates["source"]) == ("per million tokens", "genai-prices")
    assert (price["reason"], price["estimate"]) == (None, None)
    unknown = server.get("/api/prices", "alice", provider="openai", model="nobody-s-model")
    assert unknown["rates"] == []
    assert unknown["reason"]


def test_a_token_may_send_so_many_requests_a_minute(small_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_API_REQUESTS_PER_MINUTE", "2")
    get_settings.cache_clear()
    answers = [small_server.client.get("/api/users", headers=small_server.headers("service")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"token";q=2;w=60'
    assert [answer.headers["ratelimit"] for answer in answers][:2] == ['"token";r=1;t=30', '"token";r=0;t=60']
    assert answers[2].headers["retry-after"] == "30"
    assert answers[2].json()["detail"] == "This token has sent 2 requests within a minute: wait 30 seconds."
    other = small_server.client.get("/api/users", headers=small_server.headers("alice"))
    assert other.status_code == 200, "another token has an allowance of its own"


def test_a_question_that_takes_too_long_is_given_up(small_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_API_TIMEOUT", "0.000001")
    get_settings.cache_clear()
    status, sentence = small_server.refused("/api/users")
    assert status == 503
    assert sentence.startswith("No answer within 1e-06 seconds")


def test_a_broken_ledger_is_no_stack_trace(small_server: Server) -> None:
    with small_server.ledger.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("ALTER TABLE rollup_user_day RENAME TO gone")
    status, sentence = small_server.refused("/api/usage", user_id="alice", cycle=CYCLE)
    assert (status, sentence) == (500, "The server failed at this request; its log says why.")


def test_pages_of_other_sites_get_nothing_unless_they_are_named(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {**server.headers("alice"), "origin": "https://dash.example.com"}
    answer = server.client.get("/api/me/usage", headers=headers)
    assert "access-control-allow-origin" not in answer.headers


def test_the_page_of_examples_needs_nothing_from_elsewhere(server: Server) -> None:
    page = server.client.get("/api/docs", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "//" not in page.text.replace("http://localhost:8501", "")
    assert "/api/usage?user_id=alice" in page.text.replace("&amp;", "&")
    assert server.client.get("/api", follow_redirects=False).headers["location"] == "/api/docs"
    document = server.client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {path for path in document["paths"] if not path.startswith("/api/")} == {"/readyz", "/metrics"}


def test_numbers_are_those_of_the_page(small_server: Server) -> None:
    small_server.ledger.write([generation(NOON + 7, user_id="alice", usage=Usage(7, 3))])
    where = {"user": ["alice"]}
    page = ask(
        small_server.ledger, ["cost", "total_tokens"], where=where, since=datetime(2025, 10, 1, tzinfo=UTC)
    ).totals
    usage = small_server.get("/api/me/usage", "alice", cycle=CYCLE)
    assert (usage["cost"], usage["total_tokens"]) == (str(page["cost"]).rstrip("0"), page["total_tokens"])
