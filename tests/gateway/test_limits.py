"""A limit's refusal comes before anything is sent, in the shape that SDKs and agents stop at."""

from __future__ import annotations

import json
import time
from typing import Any

import anthropic
import openai
import pytest

from llmtrack.ledger.limit_book import limit_use, set_limit
from llmtrack.ledger.limits import EACH, Limit
from tests.gateway.conftest import Running, raw
from tests.provider import Provider

ASK: Any = [{"role": "user", "content": "hi"}]
JSON = {"content-type": "application/json"}


def limited(running: Running, amount: int, unit: str = "messages", **more) -> None:
    limit = Limit(
        0, more.pop("scope", "all"), unit, more.pop("period", "day"), amount, more.pop("target", None), **more
    )
    set_limit(running.ledger, limit, by="root")
    running.tracker.limiter.watch.expire()


def test_both_sdks_raise_a_429_with_the_limits_words_and_do_not_try_again(running: Running, provider: Provider) -> None:
    limited(running, 0)
    words = r"Limit 1 .* has no room for this call.*; it resets on "
    client = openai.OpenAI(api_key=running.token, base_url=running.openai_url, max_retries=3)
    claude = anthropic.Anthropic(api_key=running.token, base_url=running.anthropic_url, max_retries=3)
    with client, pytest.raises(openai.RateLimitError, match=words):
        client.chat.completions.create(model="gpt-4o", messages=ASK)
    with claude, pytest.raises(anthropic.RateLimitError, match=words):
        claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASK)
    assert provider.requests == []
    first, second = running.rows(2)
    assert [(row.status, row.provider, row.cost) for row in (first, second)] == [
        ("refused", "openai", None),
        ("refused", "anthropic", None),
    ]


def test_the_shapes_are_those_at_which_agents_stop(running: Running) -> None:
    limited(running, 0)
    headers = {**JSON, "x-api-key": running.token}
    codex = raw(running.url, "POST", "/openai/v1/responses", headers, b'{"model":"gpt-4o","input":"hi"}')
    error = json.loads(codex.body)["error"]
    assert codex.status == 429
    assert (error["type"], error["code"], error["plan_type"]) == ("usage_limit_reached", "insufficient_quota", "team")
    assert 0 < error["resets_at"] - time.time() <= 86_400
    assert codex.header("x-should-retry") == "false"
    assert 0 < int(codex.header("retry-after") or 0) <= 86_400
    assert error["message"].endswith(" at 00:00 (UTC).")
    assert codex.header("x-codex-promo-message") == error["message"][:-1], "Codex goes on behind it"
    chat = raw(running.url, "POST", "/openai/v1/chat/completions", headers, b'{"model":"gpt-4o","messages":[]}')
    assert chat.header("x-codex-promo-message") is None
    body = b'{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
    claude = raw(running.url, "POST", "/anthropic/v1/messages?beta=true", headers, body)
    assert (claude.status, json.loads(claude.body)["type"]) == (429, "error")
    assert json.loads(claude.body)["error"]["type"] == "billing_error"
    assert claude.header("x-should-retry") == "false"


def test_what_a_call_holds_ends_with_it_and_counts_for_its_token(running: Running) -> None:
    limited(running, 10_000_000, "cost", scope="token", target=EACH)
    body = b'{"model":"gpt-4o","max_tokens":20,"messages":[{"role":"user","content":"hi"}]}'
    headers = {**JSON, "x-api-key": running.token}
    assert raw(running.url, "POST", "/openai/v1/chat/completions", headers, body).status == 200
    running.rows(1)
    (use,) = limit_use(running.ledger)
    assert (use.subject, use.spent, use.held) == (running.token[:13], 450_000, 0)


def test_a_subscriptions_calls_use_nothing_of_a_limit_on_cost(running: Running) -> None:
    limited(running, 10_000_000, "cost")
    body = b'{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
    headers = {**JSON, "x-llmtrack-key": running.token, "authorization": "Bearer sk-ant-oat01-abc"}
    assert raw(running.url, "POST", "/anthropic/v1/messages", headers, body).status == 200
    running.rows(1)
    assert [(use.spent, use.held) for use in limit_use(running.ledger)] == [(0, 0)]


def test_counting_tokens_is_never_limited_by_messages(running: Running) -> None:
    limited(running, 0)
    body = b'{"model":"claude-haiku-4-5","messages":[{"role":"user","content":"hi"}]}'
    headers = {**JSON, "x-api-key": running.token}
    assert raw(running.url, "POST", "/anthropic/v1/messages/count_tokens", headers, body).status == 200
