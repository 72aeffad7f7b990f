"""Requests and answers go through byte for byte, and leave a row."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import anthropic
import openai
import pytest

from tests.gateway.conftest import Running, raw
from tests.provider import Answer, Provider, sse

CHAT = b'{ "messages" : [{"role":"user","content":"h\\u00e9"}],\n "zeta": 1,"model":"gpt-4o", "alpha": {"b":1,"a":2}}'
MESSAGE = (
    b'{"unknown_field":[1,2],"model":"claude-haiku-4-5","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}'
)
STREAMED = b'{"model":"claude-haiku-4-5","stream":true,"max_tokens":10,"messages":[{"role":"user","content":"hi"}]}'
JSON = {"content-type": "application/json"}

ROUTES = [
    ("POST", "/openai/v1/chat/completions", CHAT),
    ("POST", "/v1/chat/completions", CHAT),
    ("POST", "/openai/v1/responses", b'{"input":"hi","model":"gpt-4o"}'),
    ("POST", "/openai/v1/embeddings", b'{"input":"hi","model":"text-embedding-3-small"}'),
    ("GET", "/openai/v1/models", None),
    ("GET", "/v1/models", None),
    ("POST", "/anthropic/v1/messages?beta=true", MESSAGE),
    ("POST", "/v1/messages", MESSAGE),
    ("POST", "/anthropic/v1/messages/count_tokens", MESSAGE),
    ("GET", "/anthropic/v1/models?limit=1000", None),
    ("POST", "/anthropic/v1/messages", STREAMED),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_a_request_and_its_answer_are_the_bytes_of_a_direct_one(
    running: Running, provider: Provider, method: str, path: str, body: bytes | None
) -> None:
    direct_path = path if not path.startswith("/v1/") else ("/anthropic" if "messages" in path else "/openai") + path
    direct = raw(provider.url, method, direct_path, {**JSON, "x-api-key": "sk-test", "x-custom": "a, b"}, body)
    seen = provider.last
    through = raw(running.url, method, path, {**JSON, "x-api-key": running.token, "x-custom": "a, b"}, body)
    assert provider.last is not seen, "the provider was not asked"
    assert (provider.last.method, provider.last.path, provider.last.query) == (seen.method, seen.path, seen.query)
    assert provider.last.content == seen.content == (body or b"")
    assert provider.last.headers["x-custom"] == "a, b"
    assert (through.status, through.body) == (direct.status, direct.body.replace(b"resp_1", b"resp_2"))  # its count
    own = {"date", "server", "transfer-encoding"}
    assert {(n, v) for n, v in through.headers if n not in own} == {(n, v) for n, v in direct.headers if n not in own}


def test_models_are_those_of_anthropic_where_its_version_is_asked_for(running: Running, provider: Provider) -> None:
    headers = {"x-api-key": running.token, "anthropic-version": "2023-06-01"}
    assert raw(running.url, "GET", "/v1/models", headers).status == 200
    assert provider.last.path == "/anthropic/v1/models"
    assert provider.last.headers["anthropic-version"] == "2023-06-01"


def test_the_credential_is_exchanged_and_nothing_of_ours_goes_on(running: Running, provider: Provider) -> None:
    headers = {
        "Authorization": f"Bearer {running.token}",
        "X-Llmtrack-Feature": "search",
        "Cookie": "_streamlit_user=secret",
        "X-Forwarded-For": "10.1.2.3",
        "Anthropic-Beta": "one,two",
        **JSON,
    }
    raw(running.url, "POST", "/anthropic/v1/messages", headers, MESSAGE)
    sent = provider.last.headers
    assert sent["x-api-key"] == "sk-ant-test"
    assert sent["anthropic-beta"] == "one,two"
    assert not {"authorization", "cookie", "x-forwarded-for", "x-llmtrack-feature"} & set(sent)
    assert running.token not in str(sent)


@pytest.mark.parametrize("stream", [False, True])
def test_both_sdks_get_their_answers_and_their_calls_are_rows_with_exact_tokens(running: Running, stream: bool) -> None:
    ask: Any = [{"role": "user", "content": "hi"}]
    client = openai.OpenAI(api_key=running.token, base_url=running.openai_url)
    claude = anthropic.Anthropic(api_key=running.token, base_url=running.anthropic_url)
    with client, claude:
        first = client.chat.completions.create(model="gpt-4o", messages=ask, stream=stream)
        second = claude.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ask, stream=stream)
        if stream:
            assert all(chunk.usage is None and chunk.choices for chunk in first)
            assert [event.type for event in second][-1] == "message_stop"
        else:
            assert first.usage.completion_tokens == second.usage.output_tokens == 20
    gpt, haiku = running.rows(2)
    assert (gpt.provider, gpt.request_model, gpt.streamed, gpt.status) == ("openai", "gpt-4o", stream, "ok")
    assert (gpt.input_tokens, gpt.output_tokens, gpt.cost_status) == (100, 20, "exact")
    assert gpt.cost == Decimal("0.00045")  # 100 at 2.50 $/M + 20 at 10 $/M
    assert (haiku.provider, haiku.input_tokens, haiku.output_tokens) == ("anthropic", 100, 20)
    assert haiku.cost == Decimal("0.0002")  # 100 at 1 $/M + 20 at 5 $/M
    assert (gpt.user, gpt.attempts) == ("local", 1)


UNASKED = b'{"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'


def test_usage_is_asked_for_in_the_callers_own_bytes_and_taken_out_of_the_answer(
    running: Running, provider: Provider
) -> None:
    direct = raw(provider.url, "POST", "/openai/v1/chat/completions", JSON, UNASKED)
    headers = {**JSON, "authorization": f"Bearer {running.token}", "accept-encoding": "gzip"}
    through = raw(running.url, "POST", "/openai/v1/chat/completions", headers, UNASKED)
    assert provider.last.content == UNASKED.replace(b"{", b'{"stream_options":{"include_usage":true},', 1)
    assert provider.last.headers["accept-encoding"] == "identity"
    assert through.body == direct.body
    assert (running.row().input_tokens, running.row().output_tokens) == (100, 20)


@pytest.mark.parametrize("options", [b"null", b'{"include_usage":false}', b'{"include_usage":true}'])
def test_where_the_caller_said_something_about_usage_nothing_is_added(
    running: Running, provider: Provider, options: bytes
) -> None:
    body = UNASKED[:-1] + b', "stream_options": ' + options + b"}"
    headers = {**JSON, "authorization": f"Bearer {running.token}"}
    through = raw(running.url, "POST", "/openai/v1/chat/completions", headers, body)
    assert provider.last.content == body
    assert through.body == raw(provider.url, "POST", "/openai/v1/chat/completions", JSON, body).body


def test_an_answer_stays_compressed_as_it_was_and_is_read_all_the_same(running: Running, provider: Provider) -> None:
    headers = {**JSON, "x-api-key": running.token, "accept-encoding": "gzip, deflate, br, zstd"}
    body = MESSAGE.replace(b"claude-haiku-4-5", b"claude-haiku-4-5@gzip")
    through = raw(running.url, "POST", "/anthropic/v1/messages", headers, body)
    assert provider.last.headers["accept-encoding"] == "gzip, deflate"
    assert through.header("content-encoding") == "gzip"
    assert json.loads(gzip.decompress(through.body))["usage"]["output_tokens"] == 20
    assert (running.row().input_tokens, running.row().output_tokens) == (100, 20)


def test_an_error_comes_with_its_status_body_and_retry_headers_as_it_was(running: Running, provider: Provider) -> None:
    body = b'{"error": {"message": "slow down",   "type": "rate_limit_exceeded"}}'
    headers = {"retry-after": "7", "retry-after-ms": "7000", "x-should-retry": "true", "set-cookie": "a=b",
               "alt-svc": "h3", "strict-transport-security": "max-age=1", "x-ratelimit-remaining-tokens": "5"}  # fmt: skip
    provider.script("/chat/completions", [Answer(body, status=429, headers=headers)])
    asked = {**JSON, "x-api-key": running.token}
    through = raw(running.url, "POST", "/openai/v1/chat/completions", asked, CHAT)
    assert (through.status, through.body) == (429, body)
    assert (through.header("retry-after"), through.header("retry-after-ms")) == ("7", "7000")
    assert through.header("x-should-retry") == "true"
    for name in ("set-cookie", "alt-svc", "strict-transport-security", "x-ratelimit-remaining-tokens"):
        assert through.header(name) is None
    row = running.row()
    assert (row.status, row.error_type, row.http_status) == ("error", "rate_limit", 429)


def test_pings_go_through(running: Running, provider: Provider) -> None:
    events = [b": ping\n\n", sse({"type": "ping"}, named=True), b": again\r\n\r\n"]
    provider.script("/messages", [Answer(events=events)])
    through = raw(running.url, "POST", "/anthropic/v1/messages", {**JSON, "x-api-key": running.token}, STREAMED)
    assert through.body == b"".join(events)


def test_each_attempt_of_an_sdk_is_a_row_and_says_which_it_was(running: Running, provider: Provider) -> None:
    with openai.OpenAI(api_key=running.token, base_url=running.openai_url, max_retries=2) as client:
        client.chat.completions.create(model="gpt-4o@500-once", messages=[{"role": "user", "content": "hi"}])
    first, second = running.rows(2)
    assert (first.status, second.status) == ("error", "ok")
    assert running.details(first).properties.get("llmtrack.retry") is None
    assert running.details(second).properties["llmtrack.retry"] == "1"


def test_a_path_that_leads_out_of_the_api_is_not_passed_on(running: Running, provider: Provider) -> None:
    for path in ("/openai/v1/../admin", "/openai/v1/%2e%2E/admin", "/openai/chat/completions"):
        answer = raw(running.url, "GET", path, {"x-api-key": running.token})
        assert answer.status == 404
        assert "the base URL of this API is /openai/v1" in answer.body.decode()
    assert provider.requests == []


def test_what_nobody_knows_goes_through_and_is_a_row_where_it_reports_usage(
    running: Running, provider: Provider
) -> None:
    asked = {**JSON, "x-api-key": running.token}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    provider.script("/new/thing", [Answer({"model": "gpt-4o", "usage": usage}), Answer({"ok": True})])
    raw(running.url, "POST", "/openai/v1/new/thing", asked, b'{"model":"gpt-4o"}')
    raw(running.url, "POST", "/openai/v1/new/thing", asked, b'{"name":"x"}')
    assert (running.row().input_tokens, running.row().output_tokens) == (3, 4)
