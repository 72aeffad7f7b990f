"""An outline is read as the exchange is that it was made of, and holds none of its words."""

from __future__ import annotations

import json
import random
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.capture.readers import Exchange, Reading, outline, read
from tests.capture.test_fuzz import JSON, mutated
from tests.fuzz import tries
from tests.provider.anthropic_wire import events as claude_events
from tests.provider.anthropic_wire import message
from tests.provider.openai_chat import chat
from tests.provider.openai_responses import create
from tests.provider.reply import Reply

SECRET = "the fox is in the henhouse"
QUESTION: dict[str, Any] = {
    "model": "gpt-4o",
    "user": "alice",
    "messages": [
        {"role": "system", "content": SECRET},
        {"role": "user", "content": [{"type": "text", "text": SECRET}, {"type": "image_url", "image_url": SECRET}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"arguments": SECRET}}]},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": SECRET}, {"type": "unheard-of"}]},
    ],
    "tools": [{"type": "function", "function": {"name": SECRET}}],
    "stop": [SECRET],
}
INPUT: dict[str, Any] = {
    "model": "gpt-4o",
    "store": False,
    "instructions": SECRET,
    "previous_response_id": "resp_0",
    "input": [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": SECRET}, {"type": "input_image", "image_url": SECRET}],
        },
        {"type": "function_call", "name": SECRET, "arguments": SECRET},
        {"type": "function_call_output", "output": SECRET},
        {"type": "computer_call_output", "output": {"type": "x"}},
    ],
}
ANSWERS: dict[str, Any] = {
    "openai.responses": [create("gpt-4o", {}, {}, "resp_1").body, create("gpt-4o", {"tools": ""}, {}, "resp_1").body],
    "openai.chat": [chat("gpt-4o", {"thinking": ""}, {}).body, chat("gpt-4o", {"tools": ""}, {}).body],
    "anthropic.messages": [message(Reply("claude-sonnet-4-6", {"tools": ""})), message(Reply("claude-opus-4-8", {}))],
}
STREAMS: dict[str, Any] = {
    "openai.responses": [
        create("gpt-4o", options, {"stream": True}, "resp_1").events for options in ({}, {"tools": ""})
    ],
    "openai.chat": [
        chat("gpt-4o", options, {"stream": True, "stream_options": {"include_usage": True}}).events
        for options in ({}, {"tools": ""}, {"thinking": ""})
    ],
    "anthropic.messages": [
        claude_events(Reply("claude-sonnet-4-6", options)) for options in ({}, {"thinking": ""}, {"tools": ""})
    ],
}


def read_whole(reader: str, sent: bytes, came: bytes, pieces: Any = (), kind: str = "application/json") -> Reading:
    exchange = Exchange(sent, came, kind, "", pieces, 200, "read", path="/v1/x", provider="openai")
    return read(reader, exchange, content=False)


def read_outline(reader: str, sent: bytes, came: bytes, pieces: Any = ()) -> Reading | None:
    left = outline(reader, sent, came, streamed=bool(pieces))
    if left is None:
        return None
    assert SECRET.encode() not in left.request + left.response
    times = [next((at for end, at in pieces if end >= place), pieces[-1][1]) for place in left.places]
    parts = list(zip(accumulate(left.lengths), times, strict=True))
    kind = "text/event-stream" if pieces else "application/json"
    return read_whole(reader, left.request, left.response, parts, kind)


def cut(body: bytes, draw: random.Random) -> list[tuple[int, int]]:
    """Where a body might come in pieces, and when."""
    places = sorted({*draw.sample(range(1, len(body)), min(12, len(body) - 1)), len(body)})
    return [(place, 1000 * number) for number, place in enumerate(places, 1)]


@pytest.mark.parametrize("reader", ANSWERS)
def test_an_ordinary_answer_has_an_outline(reader: str) -> None:
    for answer in ANSWERS[reader]:
        for sent in (b"", json.dumps(QUESTION).encode(), b'{"model": "m", "messages": []}'):
            came = json.dumps(answer).encode()
            reading = read_outline(reader, sent, came)
            assert reading == read_whole(reader, sent, came)
            assert reading is not None
            assert reading.usage.input_tokens == 100


@pytest.mark.parametrize("reader", STREAMS)
def test_an_ordinary_stream_has_an_outline_with_the_time_of_its_first_output(reader: str) -> None:
    draw = random.Random(1)
    for events in STREAMS[reader]:
        body = b"".join(events)
        for _ in range(20):
            pieces = cut(body, draw)
            sent = json.dumps(QUESTION | {"stream": True}).encode()
            reading = read_outline(reader, sent, body, pieces)
            assert reading == read_whole(reader, sent, body, pieces, "text/event-stream")
            assert reading is not None
            assert reading.time_to_first_token is not None


def many_words(reader: str, words: list[str]) -> bytes:
    """A stream of these words."""
    if reader == "openai.chat":
        head: dict[str, Any] = {"id": "c-1", "model": "gpt-4o-2024-08-06", "usage": None}
        events: list[Any] = [
            {**head, "choices": [{"index": 0, "delta": {"content": w}, "finish_reason": None}]} for w in words
        ]
        events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
        events.append({**head, "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 9}})
        return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"
    usage = {"input_tokens": 7, "output_tokens": 1}
    texts = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": word}} for word in words]
    told: list[Any] = [
        {"type": "message_start", "message": {"id": "m-1", "model": "claude-opus-4-8", "usage": usage}},
        {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
        *texts,
        {"type": "content_block_stop"},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in told)


@pytest.mark.parametrize("reader", ["openai.chat", "anthropic.messages"])
@tries(60)
@given(words=st.lists(st.text() | st.sampled_from([SECRET, '"', "\\", '\\"', "", '"error": {}', "data: [DONE]"])))
def test_a_stream_of_words_leaves_a_few_events(reader: str, words: list[str]) -> None:
    body = many_words(reader, words)
    sent = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "x"}]}'
    pieces = cut(body, random.Random(len(body)))
    left = outline(reader, sent, body, streamed=True)
    assert left is not None
    assert len(left.response) < 1000
    reading = read_outline(reader, sent, body, pieces)
    assert reading == read_whole(reader, sent, body, pieces, "text/event-stream")
    assert reading is not None
    assert (reading.usage.input_tokens, reading.usage.output_tokens, reading.status) == (7, 9, "incomplete")


def test_what_reports_no_tokens_or_an_error_has_no_outline() -> None:
    sent = json.dumps(QUESTION).encode()
    for came in (
        {"choices": [{"message": {"content": SECRET}}]},
        {"error": {"message": SECRET}, "choices": [], "usage": {"prompt_tokens": 1}},
        {"choices": [{"error": {"message": SECRET}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        {"choices": [{}], "usage": {"prompt_tokens": 1, SECRET: 2}},
        {"choices": [{}], "usage": {"prompt_tokens": 1, "service_tier": SECRET * 10}},
    ):
        assert outline("openai.chat", sent, json.dumps(came).encode(), streamed=False) is None
    silent = many_words("openai.chat", ["a", "b"]).replace(b'"usage": {', b'"used": {')
    assert outline("openai.chat", sent, silent, streamed=True) is None


@st.composite
def exchanges(draw: Any) -> tuple[str, bytes, bytes]:
    """A dialect, a request and an answer that are real, or real but for a part."""
    reader = draw(st.sampled_from(sorted(ANSWERS)))
    sent = draw(st.sampled_from([QUESTION, INPUT, mutated(QUESTION, draw), mutated(INPUT, draw), draw(JSON)]))
    answer = mutated(draw(st.sampled_from(ANSWERS[reader])), draw)
    return reader, _json(sent), _json(answer)


@st.composite
def streamed(draw: Any) -> tuple[str, bytes, bytes]:
    """A dialect, a request, and a stream whose events are real, or real but for a part."""
    reader = draw(st.sampled_from(sorted(STREAMS)))
    body = b"".join(draw(st.sampled_from(STREAMS[reader])))
    blocks = body.split(b"\n\n")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(blocks) - 1))
        head, mark, data = blocks[place].partition(b"data: ")
        if data.startswith(b"{"):
            blocks[place] = head + mark + _json(mutated(json.loads(data), draw))
        if draw(st.booleans()):
            blocks[place : place + 1] = draw(st.sampled_from([[], blocks[place : place + 1] * 2, [b": comment"]]))
    return (
        reader,
        _json(draw(st.sampled_from([QUESTION, INPUT, {"stream": True, "messages": []}]))),
        b"\n\n".join(blocks),
    )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode(errors="surrogatepass")


@pytest.mark.slow
@tries(400)
@given(exchange=exchanges())
def test_any_answer_is_read_as_its_outline_is(exchange: tuple[str, bytes, bytes]) -> None:
    reader, sent, came = exchange
    if (reading := read_outline(reader, sent, came)) is not None:
        assert reading == read_whole(reader, sent, came)


@pytest.mark.slow
@tries(400)
@given(exchange=streamed(), seed=st.integers(0, 100))
def test_any_stream_is_read_as_its_outline_is(exchange: tuple[str, bytes, bytes], seed: int) -> None:
    reader, sent, came = exchange
    if len(came) < 2:
        return
    pieces = cut(came, random.Random(seed))
    if (reading := read_outline(reader, sent, came, pieces)) is not None:
        assert reading == read_whole(reader, sent, came, pieces, "text/event-stream")
