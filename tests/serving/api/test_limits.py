"""`/api/limits`: one's own with what is left, everybody's for admins, who also set them; and the usage's `remaining`."""

from __future__ import annotations

import time

import pytest

from llmtrack.ledger import people
from llmtrack.ledger.limit_book import policy_of, set_limit
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.serving.identity import TokenScope
from tests.ledger.making import generation
from tests.serving.api.conftest import Server, token_of

DOLLAR = 10**9


@pytest.fixture
def limited(small_server: Server) -> Server:
    """$20 a month for each user, $5 for bob, none for carol, 1,000 tokens a day for team blue; a call of alice's now."""
    ledger = small_server.ledger
    for limit in (
        Limit(0, "user", "cost", "month", 20 * DOLLAR, EACH),
        Limit(0, "user", "cost", "month", 5 * DOLLAR, "bob"),
        Limit(0, "user", "cost", "month", None, "carol"),
        Limit(0, "team", "tokens", "day", 1_000, "blue"),
        Limit(0, "all", "messages", "total", 50, hard=False),
    ):
        set_limit(ledger, limit, by="root")
    ledger.write([generation(time.time_ns() // 1000, user_id="alice", group="blue")])
    return small_server


def test_a_user_sees_their_own_with_what_is_left(limited: Server) -> None:
    (alice,) = limited.get("/api/limits", "alice")["data"]
    assert (alice["scope"], alice["target"], alice["amount"], alice["hard"]) == ("user", "*", "20", True)
    ((use),) = alice["uses"]
    assert (use["subject"], use["allowed"], use["spent"], use["held"], use["remaining"]) == (
        "alice", "20", "0.00045", "0", "19.99955",
    )  # fmt: skip
    assert use["period"]["start"] < use["period"]["end"]
    (bob,) = limited.get("/api/limits", "bob")["data"]
    assert (bob["target"], bob["amount"], bob["uses"][0]["remaining"]) == ("bob", "5", "5")


def test_a_team_sees_its_own_and_a_service_needs_the_scope(limited: Server) -> None:
    (blue,) = limited.get("/api/limits", "team")["data"]
    assert (blue["scope"], blue["amount"], blue["uses"][0]["spent"], blue["uses"][0]["remaining"]) == (
        "team", 1_000, 120, 880,
    )  # fmt: skip
    assert limited.refused("/api/limits", "blind service")[0] == 403
    assert limited.refused("/api/limits", "nobody")[0] == 401


def test_an_admin_sees_all_with_those_who_used_some(limited: Server) -> None:
    data = limited.get("/api/limits")["data"]
    assert [(one["scope"], one["target"], [use["subject"] for use in one["uses"]]) for one in data] == [
        ("user", "*", ["alice"]), ("user", "bob", ["bob"]), ("user", "carol", []), ("team", "blue", ["blue"]),
        ("all", None, [""]),
    ]  # fmt: skip
    assert data[4]["uses"][0]["period"] is None
    assert [one["scope"] for one in limited.get("/api/limits", "modest admin")["data"]] == ["user"]


def test_the_usage_says_what_may_be_spent_and_what_is_left(limited: Server) -> None:
    mine = limited.get("/api/me/usage", "alice")
    assert (mine["limit"], mine["remaining"], mine["cost"]) == ("20", "19.99955", "0.00045")
    assert limited.get("/api/usage", user_id="bob")["remaining"] == "5"
    assert limited.get("/api/usage", user_id="carol")["limit"] is None
    assert limited.get("/api/me/usage", "alice", cycle="previous")["limit"] is None
    assert limited.get("/api/me/usage", "team")["limit"] is None  # it has one on tokens


def put(server: Server, token: str, **body: object) -> tuple[int, dict]:
    answer = server.client.put("/api/limits", json=body, headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_an_admin_sets_one_with_a_token_made_for_it(small_server: Server) -> None:
    ledger = small_server.ledger
    token = token_of(ledger, "root", TokenScope.LIMITS_WRITE)
    status, made = put(small_server, token, scope="user", target="*", unit="cost", period="month", amount="20.5")
    assert (status, made["amount"], made["mode"], made["uses"]) == (200, "20.5", "expected", [])
    status, again = put(small_server, token, scope="user", target="*", unit="cost", period="month", amount="7")
    assert (status, again["id"], again["amount"]) == (200, made["id"], "7")
    (limit,) = policy_of(ledger).limits
    assert (limit.amount, limit.target) == (7 * DOLLAR, "*")
    actions = [
        (entry.actor, entry.action) for entry in people.audit_log(ledger, people.AuditFilter(action="limit set"))
    ]
    assert actions == [("root", "limit set")] * 2


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"amount": "1", "scope": "user"}, "a limit for all has no target"),
        ({"amount": "1", "period": "minute"}, "cannot be per minute"),
        ({"amount": "1.5", "unit": "tokens"}, "give a whole number"),
        ({"amount": 5}, "amount"),
        ({}, "amount is missing"),
        ({"amount": "999999999999999"}, "The amount of a limit is"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(small_server: Server, body: dict, detail: str) -> None:
    token = token_of(small_server.ledger, "root", TokenScope.LIMITS_WRITE)
    status, problem = put(small_server, token, **body)
    assert status == 400
    assert detail in problem["detail"]
    assert policy_of(small_server.ledger).limits == ()


def test_nobody_else_sets_one(small_server: Server) -> None:
    for token in ("alice", "admin", "team", "service"):
        assert put(small_server, small_server.tokens[token], amount="1")[0] == 403
    from llmtrack.ledger import LedgerError

    with pytest.raises(LedgerError, match="Only an admin can make a token that sets limits"):
        token_of(small_server.ledger, "alice", TokenScope.LIMITS_WRITE)
