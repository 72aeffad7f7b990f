"""What the SDK and its middleware see of our watching: nothing. What the row says: what the server was asked and answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import anthropic
import httpx2
import openai
import pytest

import llmtrack
from tests.capture.ways import CHAT, CLAUDE, got
from tests.provider import Answer, Provider

Rows = Callable[[], list[SimpleNamespace]]
Clients = Callable[..., Any]
SAYS_MORE = '{"type": "message", "id": "msg_1", "content": 5, "usage": {"input_tokens": 7, "output_tokens": 3}}'


@pytest.mark.parametrize("sdk", [openai, anthropic])
def test_the_sdks_still_have_the_two_methods_that_we_listen_at(sdk: Any) -> None:
    for base in (sdk._base_client.SyncAPIClient, sdk._base_client.AsyncAPIClient):
        assert {"_prepare_request", "_process_response", "_should_retry"} <= set(dir(base))


@pytest.mark.parametrize("stream", [False, True])
def test_a_middleware_sees_what_the_caller_asked_for(
    clients: Clients, provider: Provider, rows: Rows, stream: bool
) -> None:
    seen: list[Any] = []

    def look(request: Any, call_next: Any) -> Any:
        seen.append((request.cast_to, request.stream))
        return call_next(request)

    for bare in (True, False):
        with clients("Anthropic", bare=bare, middleware=[look]) as client:
            answer = client.messages.create(**CLAUDE, stream=stream)
            assert list(answer)
    assert seen[0] == seen[1] == (anthropic.types.Message, stream)
    (row,) = rows()
    assert (row.status, row.input_tokens, row.output_tokens, row.attempts) == ("ok", 100, 20, 1)


def test_an_answer_that_a_middleware_sends_for_twice_is_two_rows(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    def twice(request: Any, call_next: Any) -> Any:
        call_next(request)
        return call_next(request)

    with clients("Anthropic", middleware=[twice]) as client:
        client.messages.create(**CLAUDE)
    assert len(provider.requests) == 2
    assert [(row.status, row.attempts, row.input_tokens, row.output_tokens) for row in rows()] == [
        ("ok", 1, 100, 20)
    ] * 2


def test_an_answer_that_a_middleware_makes_up_was_never_sent_and_spent_nothing(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    kept: list[Any] = []

    def cache(request: Any, call_next: Any) -> Any:
        if not kept:
            kept.append(call_next(request).parse())
        return kept[0]

    with clients("Anthropic", middleware=[cache]) as client:
        assert client.messages.create(**CLAUDE) == client.messages.create(**CLAUDE)
    assert len(provider.requests) == 1
    assert [(row.status, row.attempts, row.http_status, row.input_tokens, row.cost == 0) for row in rows()] == [
        ("ok", 1, 200, 100, False),
        ("ok", 0, None, None, True),
    ]


def test_a_stream_that_a_middleware_makes_of_bytes_is_the_callers(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    body = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def from_bytes(request: Any, call_next: Any) -> Any:
        return anthropic.Stream(cast_to=object, response=httpx2.Response(200, content=body), client=client)

    with clients("Anthropic", middleware=[from_bytes]) as client:
        assert list(client.messages.create(**CLAUDE, stream=True)) == [{"type": "message_stop"}]
    (row,) = rows()
    assert (row.attempts, row.input_tokens, row.output_tokens) == (0, None, None)


def test_another_response_in_place_of_the_servers_leaves_the_servers_row(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    def other(request: Any, call_next: Any) -> Any:
        answer = call_next(request)
        answer.http_response = httpx2.Response(200, json={"id": "other"}, request=answer.http_request)
        return answer

    with clients("Anthropic", middleware=[other]) as client:
        assert client.messages.create(**CLAUDE).id == "other"
    (row,) = rows()
    assert (row.status, row.response_id, row.input_tokens, row.output_tokens) == ("ok", "msg_fake", 100, 20)


def test_a_request_of_a_middlewares_own_is_a_row_of_its_own(clients: Clients, provider: Provider, rows: Rows) -> None:
    with clients("Anthropic") as other:

        def ask(request: Any, call_next: Any) -> Any:
            other.models.list()  # is not recorded, and is no part of the call around it
            other.messages.create(**{**CLAUDE, "model": "claude-haiku-4-5"})
            return call_next(request)

        with clients("Anthropic", middleware=[ask]) as client:
            client.messages.create(**CLAUDE)
    assert sorted((row.request_model, row.attempts, row.input_tokens) for row in rows()) == [
        ("claude-haiku-4-5", 1, 100),
        ("claude-sonnet-4-6", 1, 100),
    ]


def test_a_call_that_fails_before_it_has_an_address_is_a_row(rows: Rows) -> None:
    client = llmtrack.anthropic.AnthropicBedrock(aws_region="us-east-1", api_key="k")

    def no(*_: Any, **__: Any) -> Any:
        raise ValueError("no project was given")

    client._build_request = no
    with pytest.raises(ValueError, match="no project"):
        client.messages.create(**CLAUDE)
    without = llmtrack.openai.OpenAI(api_key="k", base_url="/v1")
    with pytest.raises(openai.APIConnectionError):
        without.with_options(max_retries=0).chat.completions.create(**CHAT)
    client.close()
    without.close()
    first, second = rows()
    assert (first.provider, first.status, first.attempts, first.request_model) == ("aws", "error", 0, CLAUDE["model"])
    assert (second.provider, second.status, second.error_type) == ("unknown", "error", "connection")


@pytest.mark.parametrize("name", ["Anthropic", "AsyncAnthropic"])
def test_an_answer_that_the_sdk_cannot_parse_is_an_error_with_its_usage(
    name: str, clients: Clients, provider: Provider, rows: Rows
) -> None:
    answer = Answer(SAYS_MORE.encode(), headers={"content-type": "application/json"})
    provider.script("/v1/messages", [answer])
    client = clients(name, _strict_response_validation=True)

    async def call() -> None:
        with pytest.raises(anthropic.APIResponseValidationError):
            await got(client.messages.create(**CLAUDE))
        await got(client.close())

    asyncio.run(call())
    (row,) = rows()
    assert (row.status, row.error_type, row.http_status) == ("error", "invalid_response", 200)
    assert (row.input_tokens, row.output_tokens) == (7, 3)


def test_a_stream_that_the_sdk_cannot_parse_is_an_error_and_a_callers_own_mistake_is_not(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    good = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}\n\n'
    provider.script("/chat/completions", [Answer(events=[good, b"data: {broken\n\n", b"data: [DONE]\n\n"])])

    def stumble(client: Any) -> None:
        with client.chat.completions.create(**CHAT, stream=True) as stream:
            next(iter(stream))
            json.loads("")

    with clients("OpenAI") as client:
        with pytest.raises(ValueError, match="property name"):
            list(client.chat.completions.create(**CHAT, stream=True))
        with pytest.raises(ValueError, match="Expecting"):
            stumble(client)
    assert [(row.status, row.error_type) for row in rows()] == [("error", "invalid_response"), ("abandoned", None)]


def test_a_sync_stream_that_is_read_the_async_way_raises_what_the_sdk_raises(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    async def read(client: Any) -> str:
        stream = client.chat.completions.create(**CHAT, stream=True)
        with pytest.raises(RuntimeError) as raised:
            async for _ in stream.response.aiter_raw():
                pass
        stream.close()
        return str(raised.value)

    words = []
    for bare in (True, False):
        with clients("OpenAI", bare=bare) as client:
            words.append(asyncio.run(read(client)))
    assert words[0] == words[1]
    assert [row.status for row in rows()] == ["abandoned"]
