"""Anthropic's Messages."""

from __future__ import annotations

from typing import Any

import pytest

from llmtrack.capture.readers import ErrorSeen
from llmtrack.pricing.usage import Usage
from tests.reading.bodies import Json, known, named, seen

ASKED: Json = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hi"}],
}
STREAMED: Json = {**ASKED, "stream": True}
ANSWER: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
}


def start(usage: Json | None = None, **more: Any) -> Json:
    message = {**ANSWER, "content": [], "stop_reason": None, "usage": usage or {"input_tokens": 10, "output_tokens": 1}}
    return {"type": "message_start", "message": {**message, **more}}


def delta(usage: Json | None, reason: str | None = "end_turn") -> Json:
    event: Json = {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}}
    return event if usage is None else {**event, "usage": usage}


def block(index: int = 0, **started: Any) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": "", **started}}


def piece(text: str, index: int = 0, kind: str = "text") -> Json:
    names = {"text": "text", "thinking": "thinking", "input_json": "partial_json", "signature": "signature"}
    return {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", names[kind]: text}}


STOP: Json = {"type": "message_stop"}
HELLO = (block(), piece("Hel"), piece("lo"), {"type": "content_block_stop", "index": 0})


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        # 25 new + 1,000 read + 200 + 300 written: Anthropic leaves what was cached out of its input.
        (
            {
                "input_tokens": 25,
                "output_tokens": 60,
                "cache_read_input_tokens": 1000,
                "cache_creation_input_tokens": 500,
                "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 300},
                "output_tokens_details": {"thinking_tokens": 40},
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
            },
            {
                "input_tokens": 1525,
                "output_tokens": 60,
                "cache_read_tokens": 1000,
                "cache_write_tokens": 500,
                "cache_write_1h_tokens": 300,
                "reasoning_tokens": 40,
                "web_searches": 2,
            },
        ),
        ({"input_tokens": 3, "output_tokens": 0}, {"input_tokens": 3, "output_tokens": 0}),
        # Nobody said how much was written, only for how long.
        (
            {"input_tokens": 3, "output_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5}},
            {"input_tokens": 12, "output_tokens": 1, "cache_write_tokens": 9, "cache_write_1h_tokens": 5},
        ),
        # Without the new tokens the sum is not known, however many were cached.
        ({"cache_read_input_tokens": 7, "output_tokens": 1}, {"output_tokens": 1, "cache_read_tokens": 7}),
        (
            {"input_tokens": 3, "output_tokens": 1, "server_tool_use": {"web_fetch_requests": 2, "code_execution_requests": 1}},
            {"input_tokens": 3, "output_tokens": 1, "tools": {"web_fetch": 2, "code_execution": 1}},
        ),
        ({"input_tokens": None, "output_tokens": "2", "server_tool_use": None, "cache_creation": None}, {}),
    ],
)  # fmt: skip
def test_input_holds_what_was_cached(usage: Json, counts: Json) -> None:
    reading = seen("anthropic.messages", {**ANSWER, "usage": usage}, ASKED)
    assert known(reading.usage) == counts
    assert (reading.status, reading.estimated) == ("ok", ())


def test_an_answer_says_who_served_it_at_which_tier_and_how_it_ended() -> None:
    body = {**ANSWER, "usage": {"input_tokens": 1, "output_tokens": 1, "service_tier": "priority"}}
    reading = seen("anthropic.messages", body, {**ASKED, "metadata": {"user_id": "alice"}})
    assert (reading.request_model, reading.response_model) == ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929")
    assert (reading.response_id, reading.finish_reason, reading.service_tier) == ("msg_1", "end_turn", "priority")
    assert reading.user_id == "alice"
    assert reading.input == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}]},
    ]
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello."}], "finish_reason": "end_turn"}
    ]


def test_the_last_report_of_a_stream_replaces_what_was_announced_up_or_down() -> None:
    announced = {
        "input_tokens": 2479,
        "cache_read_input_tokens": 55_096,
        "cache_creation_input_tokens": 0,
        "output_tokens": 3,
    }
    last = {"input_tokens": 404_500, "cache_read_input_tokens": 0, "output_tokens": 900}
    reading = seen("anthropic.messages", named(start(announced), *HELLO, delta(last), STOP), STREAMED)
    # 404,500 new, none read any more, none written.
    assert known(reading.usage) == {
        "input_tokens": 404_500,
        "output_tokens": 900,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
    }
    assert reading.estimated == ()


def test_what_the_last_report_leaves_out_stands_as_announced() -> None:
    announced = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}
    reading = seen("anthropic.messages", named(start(announced), *HELLO, delta({"output_tokens": 15}), STOP), STREAMED)
    assert known(reading.usage) == {"input_tokens": 100, "output_tokens": 15, "cache_read_tokens": 90}


def test_iterations_are_summed_as_they_are_billed() -> None:
    usage = {
        "input_tokens": 412,
        "output_tokens": 30,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "iterations": [
            {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500, "cache_read_input_tokens": 55_096, "cache_creation_input_tokens": 0},
            {"type": "message", "input_tokens": 412, "output_tokens": 30, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 10, "cache_creation": {"ephemeral_1h_input_tokens": 10}},
        ],
    }  # fmt: skip
    reading = seen("anthropic.messages", named(start(), *HELLO, delta(usage), STOP), STREAMED)
    assert known(reading.usage) == {
        "input_tokens": 180_000 + 55_096 + 412 + 10,
        "output_tokens": 3_530,
        "cache_read_tokens": 55_096,
        "cache_write_tokens": 10,
        "cache_write_1h_tokens": 10,
    }


def test_work_on_another_model_is_in_the_totals_and_named() -> None:
    usage = {
        "input_tokens": 100,
        "output_tokens": 20,
        "iterations": [
            {"type": "message", "input_tokens": 100, "output_tokens": 20},
            {"type": "advisor_message", "model": "claude-opus-4-6", "input_tokens": 400, "output_tokens": 70, "cache_read_input_tokens": 5},
        ],
    }  # fmt: skip
    read = seen("anthropic.messages", {**ANSWER, "usage": usage}, ASKED).usage
    assert (read.input_tokens, read.output_tokens, read.cache_read_tokens) == (505, 90, 5)
    assert read.others == (("claude-opus-4-6", Usage(input_tokens=405, output_tokens=70, cache_read_tokens=5)),)


def test_a_list_of_iterations_that_tells_less_than_the_top_level_does_not_count() -> None:
    usage = {
        "input_tokens": 100,
        "output_tokens": 20,
        "iterations": [{"type": "message", "input_tokens": 9, "output_tokens": 2}],
    }
    assert known(seen("anthropic.messages", {**ANSWER, "usage": usage}, ASKED).usage) == {
        "input_tokens": 100,
        "output_tokens": 20,
    }


def test_a_stream_left_early_keeps_its_announced_input_and_estimates_its_output() -> None:
    announced = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}
    reading = seen("anthropic.messages", named(start(announced), *HELLO[:3]), STREAMED, ended="closed")
    assert (reading.status, reading.estimated) == ("abandoned", ("output_tokens",))
    assert known(reading.usage) == {"input_tokens": 100, "output_tokens": 2, "cache_read_tokens": 90}
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": None}
    ]


def test_a_stream_stopped_before_it_spoke_keeps_what_was_announced_as_an_estimate() -> None:
    """The one output token of the start is a placeholder: https://platform.claude.com/docs/en/build-with-claude/streaming"""
    reading = seen("anthropic.messages", named(start()), STREAMED, ended="cancelled")
    assert (reading.status, reading.estimated) == ("cancelled", ("output_tokens",))
    assert known(reading.usage) == {"input_tokens": 10, "output_tokens": 1}


def test_a_stream_without_its_end_is_incomplete() -> None:
    assert seen("anthropic.messages", named(start(), *HELLO), STREAMED).status == "incomplete"


def test_a_stream_closed_after_its_stop_reason_is_whole() -> None:
    body = named(start(), *HELLO, delta({"output_tokens": 2}))
    assert seen("anthropic.messages", body, STREAMED, ended="closed").status == "ok"


def test_an_error_event_is_an_error_although_http_said_200() -> None:
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    raised = ErrorSeen("OverloadedError", "Overloaded", 200, overloaded)
    for error in (None, raised):
        reading = seen("anthropic.messages", named(start(), *HELLO, overloaded), STREAMED, error=error, ended="closed")
        assert (reading.status, reading.error_type, reading.error_code) == ("error", "overloaded", "overloaded_error")
        assert (reading.usage.input_tokens, reading.estimated) == (10, ("output_tokens",))


def test_an_event_called_an_error_is_one_whatever_it_holds() -> None:
    body = named(start(), *HELLO) + b"event: error\ndata: Internal Server Error\n\n"
    assert seen("anthropic.messages", body, STREAMED, ended="closed").status == "error"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("max_tokens", "incomplete"),
        ("refusal", "incomplete"),
        ("model_context_window_exceeded", "incomplete"),
        ("tool_use", "ok"),
        ("pause_turn", "ok"),
        ("stop_sequence", "ok"),
    ],
)
def test_the_stop_reason_tells_whether_the_provider_cut_the_answer(reason: str, status: str) -> None:
    reading = seen("anthropic.messages", {**ANSWER, "stop_reason": reason}, ASKED)
    assert (reading.status, reading.finish_reason) == (status, reason)


def test_thinking_and_tools_are_put_together_block_by_block() -> None:
    body = named(
        start(),
        block(0, type="thinking", thinking="", signature=""),
        piece("Let me ", 0, "thinking"),
        piece("see.", 0, "thinking"),
        piece("c2ln", 0, "signature"),
        block(1),
        piece("I look.", 1),
        block(2, type="tool_use", id="toolu_1", name="weather", input={}),
        piece('{"city": "Pa', 2, "input_json"),
        piece('ris"}', 2, "input_json"),
        block(3, type="server_tool_use", id="srvtoolu_1", name="web_search", input={}),
        piece('{"query": ', 3, "input_json"),
        delta({"output_tokens": 50}, "tool_use"),
        STOP,
    )
    reading = seen("anthropic.messages", body, STREAMED)
    assert reading.output is not None
    assert reading.output[0]["parts"] == [
        {"type": "reasoning", "content": "Let me see."},
        {"type": "text", "content": "I look."},
        {"type": "tool_call", "id": "toolu_1", "name": "weather", "arguments": {"city": "Paris"}},
        {"type": "server_tool_call", "id": "srvtoolu_1", "name": "web_search", "arguments": '{"query": '},
    ]
    assert reading.finish_reason == "tool_use"


def test_what_tools_gave_back_is_kept_without_its_bytes() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "t1", "content": "18 degrees"},
        {
            "type": "tool_result",
            "tool_use_id": "t2",
            "content": [
                {"type": "text", "text": "a map"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}},
            ],
        },
        {"type": "document", "title": "Terms", "source": {"type": "url", "url": "https://example.org/a.pdf"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    ]
    reading = seen("anthropic.messages", ANSWER, {**ASKED, "messages": [{"role": "user", "content": results}]})
    assert reading.input is not None
    assert reading.input[1]["parts"] == [
        {"type": "tool_call_response", "id": "t1", "response": "18 degrees"},
        {
            "type": "tool_call_response",
            "id": "t2",
            "response": [
                {"type": "text", "content": "a map"},
                {
                    "type": "blob",
                    "modality": "image",
                    "mime_type": "image/png",
                    "size": 5,
                    # of b"hello"
                    "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                },
            ],
        },
        {"type": "uri", "modality": "file", "uri": "https://example.org/a.pdf", "name": "Terms"},
        {"type": "file", "modality": "image", "file_id": "file_1"},
    ]


@pytest.mark.parametrize(
    "event",
    [piece("x"), piece("x", 0, "thinking"), piece("{", 0, "input_json"), block(type="tool_use", id="t", name="f")],
)
def test_output_of_any_kind_is_the_first_token(event: Json) -> None:
    first = named(start(), {"type": "ping"}, block())
    body = first + named(event, delta({"output_tokens": 1}), STOP)
    reading = seen("anthropic.messages", body, STREAMED, chunks=[(len(first), 100), (len(body), 200)])
    assert reading.time_to_first_token == 200


def test_a_legacy_completion_is_read_too() -> None:
    body = {
        "type": "completion",
        "id": "compl_1",
        "model": "claude-2.1",
        "completion": " Hello",
        "stop_reason": "stop_sequence",
    }
    asked = {"model": "claude-2", "prompt": "\n\nHuman: Hi\n\nAssistant:"}
    reading = seen("anthropic.completions", body, asked)
    assert (reading.status, reading.response_model, reading.finish_reason) == ("ok", "claude-2.1", "stop_sequence")
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": " Hello"}], "finish_reason": "stop_sequence"}
    ]
    pieces = named({**body, "completion": " Hel", "stop_reason": None}, {**body, "completion": "lo"})
    streamed = seen("anthropic.completions", pieces, {**asked, "stream": True})
    assert (streamed.status, streamed.output) == ("ok", reading.output)


def test_an_error_body_with_status_200_is_an_error() -> None:
    body = {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}
    reading = seen("anthropic.messages", body, ASKED)
    assert (reading.status, reading.error_type, reading.error_message) == ("error", "server", "Internal server error")


def test_a_report_without_iterations_ends_those_of_an_earlier_one() -> None:
    first = {"input_tokens": 500, "output_tokens": 1, "iterations": [{"input_tokens": 500, "output_tokens": 400}]}
    reading = seen(
        "anthropic.messages",
        named(start(first), *HELLO, delta({"input_tokens": 20, "output_tokens": 9}), STOP),
        STREAMED,
    )
    assert known(reading.usage) == {"input_tokens": 20, "output_tokens": 9}


def test_no_more_is_written_for_an_hour_than_is_written() -> None:
    first = {
        "input_tokens": 5,
        "output_tokens": 1,
        "cache_creation_input_tokens": 900,
        "cache_creation": {"ephemeral_1h_input_tokens": 900},
    }
    last = {"output_tokens": 9, "cache_creation_input_tokens": 0}
    usage = seen("anthropic.messages", named(start(first), *HELLO, delta(last), STOP), STREAMED).usage
    assert (usage.input_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens) == (5, 0, 0)
