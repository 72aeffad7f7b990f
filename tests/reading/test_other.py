"""Endpoints that no table knows are read by what their answers look like."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reading.bodies import DONE, Json, known, lines, named, seen

CHAT: Json = {
    "id": "1",
    "model": "m-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2},
}
RESPONSE: Json = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "m-1",
    "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}],
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
ASKED: Json = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize("body", [CHAT, RESPONSE, MESSAGE])
def test_an_answer_is_told_by_its_shape(body: Json) -> None:
    reading = seen("any", body, ASKED)
    assert (reading.status, reading.response_model) == ("ok", "m-1")
    assert known(reading.usage) == {"input_tokens": 3, "output_tokens": 2}
    assert reading.input == [{"role": "user", "parts": [{"type": "text", "content": "Hello"}]}]
    assert [message["parts"] for message in reading.output or []] == [[{"type": "text", "content": "Hi"}]]


def test_streams_are_told_by_their_first_event() -> None:
    chunk = {"id": "1", "model": "m-1", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    last = {"id": "1", "model": "m-1", "choices": [], "usage": CHAT["usage"]}
    start = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
    streams = [
        lines(chunk, last) + DONE,
        named({"type": "response.created", "response": {}}, {"type": "response.completed", "response": RESPONSE}),
        named(start, delta, {"type": "message_stop"}),
    ]
    for stream in streams:
        reading = seen("any", stream, {**ASKED, "stream": True})
        assert (reading.status, reading.response_model, reading.streamed) == ("ok", "m-1", True)
        assert known(reading.usage) == {"input_tokens": 3, "output_tokens": 2}


def test_what_was_read_from_a_cache_is_added_where_anthropics_names_are_used() -> None:
    usage = {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0}
    assert known(seen("any", {"model": "m-1", "usage": usage}).usage) == {
        "input_tokens": 103,
        "output_tokens": 2,
        "cache_read_tokens": 100,
        "cache_write_tokens": 0,
    }


@pytest.mark.parametrize("body", [{}, {"usage": None}, {"usage": {"bytes": 3}}, {"usage": "much"}, {"id": "asst_1"}])
def test_an_answer_without_usage_has_none(body: Any) -> None:
    assert known(seen("any", body).usage) == {}


def test_a_total_of_embeddings_is_their_input_and_marked_as_derived() -> None:
    body = {"model": "voyage-3", "data": [{"embedding": [0.1]}], "usage": {"total_tokens": 7}}
    reading = seen("openai.embeddings", body, {"model": "voyage-3", "input": "one"})
    assert (known(reading.usage), reading.estimated) == ({"input_tokens": 7}, ("input_tokens",))


def test_a_film_is_a_row_without_tokens() -> None:
    body = {"id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "seconds": "4", "size": "1x1"}
    reading = seen("openai.videos", body, {"model": "sora-2", "prompt": "A cat"})
    assert (reading.status, reading.response_model, known(reading.usage)) == ("ok", "sora-2", {})
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "video", "id": "video_1", "seconds": "4", "size": "1x1"}]}
    ]
