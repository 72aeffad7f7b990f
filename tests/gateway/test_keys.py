"""Who may send, as whom, with which credential, and which models."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest

from llmtrack.ledger import people
from llmtrack.ledger.metrics import ask
from llmtrack.serving.gateway import keys
from llmtrack.serving.identity import TokenScope, make_token, signed_in_viewer
from llmtrack.settings import Settings, get_settings
from tests.gateway.conftest import Answer, Running, raw, token_of
from tests.provider import Answer as Provided
from tests.provider import Provider

JSON = {"content-type": "application/json"}
CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"user":"mallory"}'
RESPONSE = b'{"model":"gpt-4o","input":"hi"}'
MESSAGE = b'{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'


def chat(running: Running, body: bytes = CHAT, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(running.url, "POST", "/openai/v1/chat/completions", {**JSON, **named}, body)


def message(running: Running, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(running.url, "POST", "/anthropic/v1/messages", {**JSON, **named}, MESSAGE)


def signed_in(running: Running, user: str):
    claims = {"iss": "https://id", "sub": user, "email": user, "email_verified": True}
    settings = Settings(admins=("root",))
    return signed_in_viewer(running.ledger, {"is_logged_in": True, "iat": int(time.time()), **claims}, settings)


@pytest.mark.parametrize("sent", [{}, {"authorization": "Bearer sk-mine"}, {"x-api-key": "llmt_never-made"}])
def test_without_a_token_of_ours_nothing_goes_on(running: Running, provider: Provider, sent: dict[str, str]) -> None:
    openai, anthropic = chat(running, CHAT, **sent), message(running, **sent)
    assert (openai.status, anthropic.status) == (401, 401)
    assert json.loads(openai.body)["error"]["code"] == "invalid_api_key"
    assert json.loads(anthropic.body)["error"]["type"] == "authentication_error"
    assert openai.header("x-should-retry") == "false"
    assert provider.requests == []


def test_a_token_without_the_scope_is_told_so(running: Running, provider: Provider) -> None:
    reading = token_of(running.ledger, TokenScope.USAGE_READ)
    answer = chat(running, x_api_key=reading)
    assert answer.status == 403
    assert json.loads(answer.body)["error"]["message"] == "This token lacks the scope gateway: make one that has it."
    assert provider.requests == []


def test_a_revoked_token_opens_nothing_after_a_moment(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_of(running.ledger)
    assert chat(running, x_api_key=token).status == 200
    people.revoke_token(running.ledger, token[:13], by="root")
    monkeypatch.setattr(keys, "FRESH_SECONDS", -1)
    monkeypatch.setattr(keys, "STALE_SECONDS", -1)
    assert chat(running, x_api_key=token).status == 401


def test_where_people_sign_in_a_call_is_its_owners_whatever_the_request_names(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_SIGN_IN", "oidc")
    monkeypatch.setenv("LLMTRACK_ADMINS", "root")
    get_settings.cache_clear()
    alice = make_token(running.ledger, signed_in(running, "alice"), "x", [TokenScope.GATEWAY], days=1)
    service = token_of(running.ledger)
    acting = token_of(running.ledger, TokenScope.GATEWAY, TokenScope.ACT_FOR_USERS)
    assert chat(running, x_api_key=alice).status == 200
    assert chat(running, x_api_key=alice, x_llmtrack_user="alice").status == 200
    refused = chat(running, x_api_key=alice, x_llmtrack_user="bob")
    assert refused.status == 403
    assert "does not send for the user 'bob'" in json.loads(refused.body)["error"]["message"]
    assert chat(running, x_api_key=service).status == 200
    assert chat(running, x_api_key=service, x_llmtrack_user="bob").status == 403
    assert chat(running, x_api_key=acting, x_llmtrack_user="bob").status == 200
    assert chat(running, x_api_key=acting).status == 200
    assert [row.user for row in running.rows(5)] == ["alice", "alice", None, "bob", "mallory"]


def test_nobody_adds_to_another_persons_session(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_SIGN_IN", "oidc")
    get_settings.cache_clear()
    alice, bob = (
        make_token(running.ledger, signed_in(running, user), "x", [TokenScope.GATEWAY], days=1)
        for user in ("alice", "bob")
    )
    assert chat(running, x_api_key=alice, x_llmtrack_session="hers").status == 200
    running.rows(1)
    refused = chat(running, x_api_key=bob, x_llmtrack_session="hers")
    assert refused.status == 403
    expected = "The session 'hers' is another person's: choose another id."
    assert json.loads(refused.body)["error"]["message"] == expected
    assert chat(running, x_api_key=alice, x_llmtrack_session="hers").status == 200


def test_only_an_admin_makes_a_token_that_sends_for_others(running: Running) -> None:
    with pytest.raises(Exception, match="Only an admin can make a token that sends for other users"):
        make_token(running.ledger, signed_in(running, "alice"), "x", [TokenScope.ACT_FOR_USERS], days=1)


def test_headers_say_session_feature_and_properties(running: Running, provider: Provider) -> None:
    token = token_of(running.ledger, feature="agents")
    chat(running, x_api_key=token)
    chat(
        running, x_api_key=token, x_llmtrack_session="s1", x_llmtrack_feature="search",
        x_llmtrack_property_repository="acme/shop", X_LLMTRACK_PROPERTY_llmtrack_token="llmt_other",
    )  # fmt: skip
    first, second = running.rows(2)
    assert (first.feature, first.session) == ("agents", None)
    assert (second.feature, second.session) == ("search", "s1")
    properties = running.details(second).properties
    assert properties["repository"] == "acme/shop"
    assert properties["llmtrack.token"] == token[:13]
    assert not [name for name in provider.last.headers if name.startswith("x-llmtrack")]


def test_agents_name_their_sessions(running: Running, provider: Provider) -> None:
    claude = {"x_claude_code_session_id": "cc-1", "x_claude_code_agent_id": "sub", "x_claude_code_parent_agent_id": "p"}
    turn = {"session_id": "cx-1", "agent_name": "/root", "turn_id": "t2", "root_turn_id": "t1"}
    message(running, x_api_key=running.token, **claude)
    assert provider.last.headers["x-claude-code-agent-id"] == "sub"
    chat(running, x_api_key=running.token, x_codex_turn_metadata=json.dumps(turn))
    assert json.loads(provider.last.headers["x-codex-turn-metadata"]) == turn
    body = json.loads(MESSAGE) | {"metadata": {"user_id": json.dumps({"session_id": "in-body", "account": "a"})}}
    headers = {**JSON, "x-api-key": running.token}
    raw(running.url, "POST", "/anthropic/v1/messages", headers, json.dumps(body).encode())
    first, second, third = running.rows(3)
    assert [row.session for row in (first, second, third)] == ["cc-1", "cx-1", "in-body"]
    assert second.trace == "t1"
    assert running.details(first).properties["llmtrack.agent"] == "sub"
    assert running.details(first).properties["llmtrack.parent_agent"] == "p"
    assert running.details(second).properties.keys() == {"llmtrack.token", "llmtrack.client"}, "it is the main agent"
    clients = [running.details(row).properties["llmtrack.client"] for row in (first, second, third)]
    assert clients == ["Claude Code", "Codex", "Claude Code"]
    assert third.user == "local"


@pytest.mark.parametrize(
    ("turn", "agent", "parent"),
    [
        # As Codex 0.171 sends them: a sub-agent of the main one, one of that, and one that has a name.
        ({"thread_id": "t-2", "agent_name": "/root", "parent_thread_id": "cx-1", "thread_source": "subagent"}, "t-2", None),
        ({"thread_id": "t-3", "agent_name": "/root", "parent_thread_id": "t-2", "thread_source": "subagent"}, "t-3", "t-2"),
        ({"thread_id": "t-4", "agent_name": "/root/tests", "parent_thread_id": "cx-1"}, "/root/tests", None),
        ({"thread_id": "t-5", "agent_name": "/root", "thread_source": "user"}, None, None),
    ],
)  # fmt: skip
def test_codex_names_its_sub_agents(running: Running, turn: dict[str, str], agent: str, parent: str) -> None:
    chat(running, x_api_key=running.token, x_codex_turn_metadata=json.dumps({"session_id": "cx-1", **turn}))
    row = running.row()
    properties = running.details(row).properties
    assert row.session == "cx-1"
    assert (properties.get("llmtrack.agent"), properties.get("llmtrack.parent_agent")) == (agent, parent)


def test_a_sign_in_of_the_callers_own_passes_through_and_costs_nothing(running: Running, provider: Provider) -> None:
    own = {"authorization": "Bearer sk-ant-oat01-abc", "x_llmtrack_key": running.token}
    message(running, **own)
    sent = provider.last.headers
    assert sent["authorization"] == "Bearer sk-ant-oat01-abc"
    assert "x-api-key" not in sent
    assert "x-llmtrack-key" not in sent
    row = running.row()
    assert (row.cost_status, row.cost) == ("api_equivalent", Decimal("0.0002"))
    answer = ask(running.ledger, ["cost", "unpriced", "api_equivalent", "api_equivalent_cost", "generations"]).totals
    assert (answer["cost"], answer["unpriced"], answer["generations"]) == (Decimal(0), 0, 1)
    assert (answer["api_equivalent"], answer["api_equivalent_cost"]) == (1, Decimal("0.0002"))
    by_user = ask(running.ledger, ["cost", "api_equivalent_cost"], by=["user"]).rows
    assert [(row["cost"], row["api_equivalent_cost"]) for row in by_user] == [(Decimal(0), Decimal("0.0002"))]


def test_an_api_key_of_the_callers_own_passes_through_and_is_billed(running: Running, provider: Provider) -> None:
    chat(running, authorization="Bearer sk-proj-mine", x_llmtrack_key=running.token)
    assert provider.last.headers["authorization"] == "Bearer sk-proj-mine"
    assert (running.row().cost_status, running.row().cost) == ("exact", Decimal("0.00045"))


@pytest.mark.parametrize("given", ["{}", "Bearer {}"])
def test_a_sign_in_needs_no_key_of_this_server_and_its_beta_headers_go_along(
    running: Running, provider: Provider, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """As Claude Code sends it with ``ANTHROPIC_CUSTOM_HEADERS``, and a ChatGPT account with its number beside it."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("OPENAI_API_KEY")
    get_settings.cache_clear()
    ours = given.format(running.token)
    claude = {"authorization": "Bearer sk-ant-oat01-abc", "anthropic-beta": "oauth-2025-04-20,claude-code-20250219"}
    body = MESSAGE[:-1] + b',"stream":true}'
    headers = {**JSON, **claude, "X-Llmtrack-Key": ours}
    answer = raw(running.url, "POST", "/anthropic/v1/messages?beta=true", headers, body)
    assert b"message_stop" in answer.body
    assert {name: provider.last.headers[name] for name in claude} == claude
    chatgpt = {"authorization": "Bearer eyJhbGciOi.payload.signature", "chatgpt-account-id": "acc-1"}
    raw(running.url, "POST", "/openai/v1/responses", {**JSON, **chatgpt, "X-Llmtrack-Key": ours}, RESPONSE)
    assert {name: provider.last.headers[name] for name in chatgpt} == chatgpt
    assert not [name for name in provider.last.headers if name.startswith("x-llmtrack")]
    assert [(row.status, row.cost_status) for row in running.rows(2)] == [("ok", "api_equivalent")] * 2


@pytest.mark.slow
def test_what_the_provider_says_of_a_credential_of_the_callers_own_comes_back(
    running: Running, provider: Provider
) -> None:
    """Its rate limits are the caller's, and so is its refusal; neither credential is kept."""
    limits = {"anthropic-ratelimit-unified-status": "allowed", "anthropic-ratelimit-unified-5h-utilization": "0.2"}
    body = {"type": "error", "error": {"type": "authentication_error", "message": "sk-ant-oat01-abc has expired"}}
    provider.script("/messages", [Provided(body, status=401, headers=limits)])
    answer = message(running, authorization="Bearer sk-ant-oat01-abc", x_llmtrack_key=running.token)
    assert (answer.status, json.loads(answer.body)) == (401, body)
    assert {name: answer.header(name) for name in limits} == limits
    row = running.row()
    assert (row.status, row.error_type) == ("error", "authentication")
    assert "sk-ant-oat01-abc" not in str(running.details(row))


def test_without_a_key_for_a_provider_the_way_out_is_said(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    get_settings.cache_clear()
    answer = chat(running, x_api_key=running.token)
    assert answer.status == 503
    expected = "This installation has no key for openai: whoever runs it sets OPENAI_API_KEY."
    assert json.loads(answer.body)["error"]["message"] == expected


def test_a_declared_provider_has_a_route_of_its_name(
    running: Running, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_PROVIDERS__GROQ__BASE_URL", provider.openai_url)
    monkeypatch.setenv("LLMTRACK_PROVIDERS__GROQ__API_KEY", "gsk-1")
    monkeypatch.setenv("LLMTRACK_PROVIDERS__GROQ__HEADERS", '{"X-Tenant": "t1"}')
    get_settings.cache_clear()
    headers = {**JSON, "x-api-key": running.token, "x-tenant": "mine"}
    raw(running.url, "POST", "/groq/v1/chat/completions", headers, CHAT)
    assert provider.last.headers["authorization"] == "Bearer gsk-1"
    assert provider.last.headers["x-tenant"] == "t1"
    assert running.row().provider == "groq"


def test_a_token_and_its_team_may_be_held_to_models(running: Running, provider: Provider) -> None:
    team = people.add_team(running.ledger, "blue", by="root")
    people.set_models(running.ledger, team, ["gpt-4o*"], by="root")
    token = token_of(running.ledger, service=None, team=team, models=["gpt-4o", "o3"])
    assert chat(running, x_api_key=token).status == 200
    dated = chat(running, CHAT.replace(b"gpt-4o", b"gpt-4o-2024-08-06"), x_api_key=token)
    assert dated.status == 200
    for other in (b"gpt-4o-mini", b"o3"):
        refused = chat(running, CHAT.replace(b"gpt-4o", other), x_api_key=token)
        assert refused.status == 400
        expected = (
            f"This token is for the models gpt-4o, o3 and of them gpt-4o* only: {other.decode()!r} is not among them."
        )
        assert json.loads(refused.body)["error"]["message"] == expected
    nameless = raw(running.url, "POST", "/openai/v1/batches", {**JSON, "x-api-key": token}, b'{"input_file_id":"f"}')
    assert nameless.status == 400
    assert raw(running.url, "GET", "/openai/v1/models", {"x-api-key": token}).status == 200
    assert len(provider.requests) == 3
    assert {row.group for row in running.rows(2)} == {"blue"}
