"""Whose chat streams are asked for their usage, and what the caller sees of it: only what was asked for, and all of that."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import llmtrack
from llmtrack.capture.tracker import Tracker
from tests.capture.ways import CHAT
from tests.provider import DONE, Answer, Provider, sse

Rows = Callable[[], list[SimpleNamespace]]
Clients = Callable[..., Any]

WORD = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": None}]}
STOP = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {
    "id": "1",
    "model": "m",
    "choices": [],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}
NULL = {"usage": None}
FREELY = [sse(WORD), sse(STOP), sse(USAGE), DONE]


def made(clients: Clients, **options: Any) -> Any:
    """A client of a server that nobody knows."""
    return llmtrack.track(clients("OpenAI", bare=True), **options)


def streamed(client: Any, **options: Any) -> list[dict[str, Any]]:
    """What the caller sees of one stream."""
    return [chunk.to_dict() for chunk in client.chat.completions.create(**CHAT, stream=True, **options)]


def asked(provider: Provider) -> list[bool]:
    """Which requests asked for usage."""
    return [b"include_usage" in request.content for request in provider.requests]


def test_usage_that_a_server_sends_unasked_is_the_callers(clients: Clients, provider: Provider, rows: Rows) -> None:
    provider.script("/chat/completions", [Answer(events=FREELY)] * 3)
    client = made(clients)
    assert streamed(client) == streamed(client) == streamed(client.with_options(timeout=9)) == [WORD, STOP, USAGE]
    client.close()
    assert asked(provider) == [False] * 3
    assert [(row.input_tokens, row.output_tokens, row.usage_estimated) for row in rows()] == [(7, 2, 0)] * 3


def test_a_server_that_sends_none_is_asked_from_the_second_stream_on(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    client = made(clients)
    first, second = streamed(client), streamed(client)
    client.close()
    assert first == second
    assert asked(provider) == [False, True]
    assert [(row.usage_estimated, row.input_tokens == 100) for row in rows()] == [(1, False), (0, True)]


def test_a_stream_that_was_left_early_shows_nothing_of_its_server(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    client = made(clients)
    with client.chat.completions.create(**CHAT, stream=True) as stream:
        next(iter(stream))
    streamed(client)
    streamed(client)
    client.close()
    assert asked(provider) == [False, False, True]
    assert [row.status for row in rows()] == ["abandoned", "ok", "ok"]


def test_a_compressed_stream_is_looked_at_too(clients: Clients, provider: Provider, rows: Rows) -> None:
    body = gzip.compress(b"".join(FREELY))
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    provider.script("/chat/completions", [Answer(body, headers=headers), Answer(events=FREELY)])
    client = made(clients)
    assert streamed(client) == streamed(client) == [WORD, STOP, USAGE]
    client.close()
    assert asked(provider) == [False, False]
    assert len(rows()) == 2


def test_an_empty_usage_that_a_server_writes_unasked_stays_when_it_is_asked(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    plain = [sse({**WORD, **NULL}), sse({**STOP, **NULL}), DONE]
    provider.script("/chat/completions", [Answer(events=plain), Answer(events=[*plain[:2], sse(USAGE), DONE])])
    client = made(clients)
    assert streamed(client) == streamed(client) == [{**WORD, **NULL}, {**STOP, **NULL}]
    client.close()
    assert [(row.input_tokens, row.usage_estimated) for row in rows()][1] == (7, 0)


def test_an_empty_usage_stays_where_the_server_only_speaks_as_the_declared_provider_does(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    word, stop = ({k: v for k, v in event.items() if k != "system_fingerprint"} | NULL for event in (WORD, STOP))
    provider.script("/chat/completions", [Answer(events=[sse(word), sse(stop), DONE])])
    client = made(clients, provider="openai")
    assert streamed(client) == [word, stop]
    client.close()
    assert asked(provider) == [True]


def test_a_usage_chunk_with_something_else_in_it_is_the_callers(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    moderated = {**USAGE, "moderation": {"input": {"type": "moderation_results", "model": "m", "results": []}}}
    provider.script("/chat/completions", [Answer(events=[sse(WORD), sse(STOP), sse(moderated), DONE])])
    client = made(clients, provider="openai")
    assert streamed(client) == [WORD, STOP, moderated]
    client.close()
    assert asked(provider) == [True]
    assert rows()[0].input_tokens == 7


@pytest.mark.parametrize(
    ("options", "asks"),
    [({"provider": "azure"}, True), ({"asks_usage": True}, True), ({"provider": "openai", "asks_usage": False}, False)],
)
def test_who_knows_the_server_can_say_so(
    options: Any, asks: bool, clients: Clients, provider: Provider, rows: Rows
) -> None:
    client = made(clients, **options)
    streamed(client)
    streamed(client)
    client.close()
    assert asked(provider) == [asks] * 2
    assert [row.usage_estimated for row in rows()] == [not asks] * 2


def test_what_was_learned_of_a_server_is_the_trackers_and_not_the_clients(
    clients: Clients, provider: Provider, make_tracker: Callable[..., Tracker]
) -> None:
    tracker = make_tracker()
    for _ in range(2):
        with made(clients, tracker=tracker) as client:
            streamed(client)
    assert asked(provider) == [False, True]
