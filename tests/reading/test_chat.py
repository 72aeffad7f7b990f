"""Chat completions, of OpenAI and of those who imitate it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llmtrack.capture.readers import ErrorSeen
from tests.reading.bodies import DONE, Json, known, lines, seen

ANSWER: Json = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
}
ASKED: Json = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
STREAMED: Json = {**ASKED, "stream": True}


def chunk(delta: Json | None = None, finish: str | None = None, index: int = 0, **more: Any) -> Json:
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish}]
    return {"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06", "choices": choices, **more}


def test_an_answer_says_who_served_it_and_how_it_ended() -> None:
    reading = seen("openai.chat", ANSWER, ASKED)
    assert (reading.status, reading.finish_reason, reading.streamed) == ("ok", "stop", False)
    assert (reading.request_model, reading.response_model) == ("gpt-4o", "gpt-4o-2024-08-06")
    assert (reading.response_id, reading.service_tier) == ("chatcmpl-1", "default")


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        # OpenAI's input holds what was read from and written to the cache.
        (
            {
                "prompt_tokens": 2006,
                "completion_tokens": 300,
                "prompt_tokens_details": {"cached_tokens": 1920, "cache_write_tokens": 64, "audio_tokens": 6},
                "completion_tokens_details": {"reasoning_tokens": 192, "audio_tokens": 40},
            },
            {
                "input_tokens": 2006,
                "output_tokens": 300,
                "cache_read_tokens": 1920,
                "cache_write_tokens": 64,
                "input_audio_tokens": 6,
                "reasoning_tokens": 192,
                "output_audio_tokens": 40,
            },
        ),
        # 0 that was reported is 0; what was not is not there.
        ({"prompt_tokens": 0, "completion_tokens": 0}, {"input_tokens": 0, "output_tokens": 0}),
        ({"prompt_tokens": 7, "completion_tokens": 1, "prompt_tokens_details": None}, {"input_tokens": 7, "output_tokens": 1}),
        ({"completion_tokens": 5}, {}),
        ({"prompt_tokens": -1, "completion_tokens": "9"}, {}),
        ({"prompt_tokens": True, "completion_tokens": 2.0}, {"output_tokens": 2}),
        (None, {}),
        ("none", {}),
        # Moonshot and Together count cached tokens beside the others, DeepSeek by a name of its own.
        ({"prompt_tokens": 9, "completion_tokens": 1, "cached_tokens": 4}, {"input_tokens": 9, "output_tokens": 1, "cache_read_tokens": 4}),
        ({"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 8}, {"input_tokens": 9, "output_tokens": 1, "cache_read_tokens": 8}),
        # Some send both vocabularies, one of them empty.
        ({"prompt_tokens": 9, "completion_tokens": 1, "input_tokens": 0, "output_tokens": 0}, {"input_tokens": 9, "output_tokens": 1}),
        ({"input_tokens": 9, "output_tokens": 1}, {"input_tokens": 9, "output_tokens": 1}),
        # Searches, as OpenRouter and Perplexity count them.
        ({"prompt_tokens": 1, "completion_tokens": 1, "num_search_queries": 3}, {"input_tokens": 1, "output_tokens": 1, "web_searches": 3}),
        ({"prompt_tokens": 1, "completion_tokens": 1, "server_tool_use": {"web_search_requests": 2}}, {"input_tokens": 1, "output_tokens": 1, "web_searches": 2}),
    ],
)  # fmt: skip
def test_usage_is_what_was_reported(usage: Any, counts: Json) -> None:
    assert known(seen("openai.chat", {**ANSWER, "usage": usage}, ASKED).usage) == counts


def test_a_model_that_searches_for_every_answer_searched_once() -> None:
    body = {
        **ANSWER,
        "model": "gpt-4o-search-preview-2025-03-11",
        "usage": {"prompt_tokens": 9, "completion_tokens": 1},
    }
    assert seen("openai.chat", body, ASKED).usage.web_searches == 1


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        ({"cost": 0.00014}, "0.00014"),
        ({"cost": 0.000001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.00002}}, "0.000021"),
        ({"cost": 0.5, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.4}}, "0.5"),
        ({"cost": {"total_cost": 0.006, "request_cost": 0.005}}, "0.006"),
        ({"cost_in_usd_ticks": 37_756_000}, "0.0037756"),
        ({"estimated_cost": 2.28e-06}, "0.00000228"),
        ({"cost": 0}, "0"),
        ({"cost": -1}, None),
        ({"cost": "free"}, None),
        ({}, None),
    ],
)
def test_what_the_provider_charged_is_kept_to_the_digit(usage: Json, dollars: str | None) -> None:
    counts = {"prompt_tokens": 1, "completion_tokens": 1}
    reading = seen("openai.chat", {**ANSWER, "usage": {**counts, **usage}}, ASKED)
    assert reading.reported_cost == (None if dollars is None else Decimal(dollars))


def test_the_usage_of_a_stream_is_its_last_report_not_the_sum() -> None:
    body = lines(
        chunk({"role": "assistant", "content": ""}, usage={"prompt_tokens": 10, "completion_tokens": 0}),
        chunk({"content": "Hel"}, usage={"prompt_tokens": 10, "completion_tokens": 1}),
        chunk({"content": "lo"}, "stop", usage={"prompt_tokens": 10, "completion_tokens": 2}),
    )
    reading = seen("openai.chat", body + DONE, STREAMED)
    assert known(reading.usage) == {"input_tokens": 10, "output_tokens": 2}
    assert (reading.status, reading.streamed, reading.estimated) == ("ok", True, ())


def test_the_usage_of_a_stream_may_come_in_a_chunk_of_its_own() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}}
    body = lines(chunk({"content": "Hi"}, usage=None), chunk({}, "stop", usage=None), chunk(None, usage=usage))
    reading = seen("openai.chat", body + DONE, STREAMED)
    assert known(reading.usage) == {"input_tokens": 10, "output_tokens": 2, "cache_read_tokens": 8}
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hi"}], "finish_reason": "stop"}
    ]


def test_odd_chunks_are_read_past() -> None:
    body = lines(
        {"id": "", "model": "", "choices": None, "usage": {"prompt_tokens": 3, "completion_tokens": 0}},
        chunk({"content": "Hi"}, ""),
        {"choices": [None, 7, {"index": 0, "delta": None}]},
        chunk({}, "eos"),
        chunk(None, usage={"prompt_tokens": 3, "completion_tokens": 1}),
    )
    reading = seen("openai.chat", b": ping\n\ndata: 17\n\ndata: {broken\n\n" + body + DONE, STREAMED)
    assert (reading.status, reading.finish_reason, reading.response_model) == ("ok", "eos", "gpt-4o-2024-08-06")
    assert known(reading.usage) == {"input_tokens": 3, "output_tokens": 1}


def test_a_stream_without_usage_is_estimated_field_by_field() -> None:
    reading = seen("openai.chat", lines(chunk({"content": "Hello there."}), chunk({}, "stop")) + DONE, STREAMED)
    assert reading.estimated == ("input_tokens", "output_tokens")
    assert reading.usage_estimated
    # 3 for the request, 4 for the message, 1.05 for "Hi"; two words and a full stop.
    assert known(reading.usage) == {"input_tokens": 9, "output_tokens": 4}


def test_without_content_the_estimate_is_the_same_and_the_text_is_gone() -> None:
    body = lines(chunk({"content": "Hello there."}), chunk({}, "stop")) + DONE
    reading = seen("openai.chat", body, STREAMED, content=False)
    assert known(reading.usage) == {"input_tokens": 9, "output_tokens": 4}
    assert (reading.input, reading.output) == (None, None)


def test_a_whole_answer_without_usage_stays_unknown() -> None:
    reading = seen("openai.chat", ANSWER, ASKED)
    assert (known(reading.usage), reading.estimated) == ({}, ())


def test_a_stream_that_ends_half_way_is_incomplete_and_keeps_what_came() -> None:
    reading = seen("openai.chat", lines(chunk({"content": "Hello"}), chunk({"content": " there"})), STREAMED)
    assert (reading.status, reading.error_type) == ("incomplete", None)
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello there"}], "finish_reason": None}
    ]
    assert reading.estimated == ("input_tokens", "output_tokens")


@pytest.mark.parametrize(
    ("ended", "status"), [("closed", "abandoned"), ("abandoned", "abandoned"), ("cancelled", "cancelled")]
)
def test_a_stream_that_was_left_says_how(ended: str, status: str) -> None:
    reading = seen("openai.chat", lines(chunk({"content": "Hello"})), STREAMED, ended=ended)
    assert (reading.status, reading.usage.output_tokens) == (status, 2)


def test_a_stream_closed_after_its_finish_reason_is_whole() -> None:
    body = lines(chunk({"content": "Hello"}), chunk({}, "stop"))
    assert seen("openai.chat", body, STREAMED, ended="closed").status == "ok"


def test_a_stream_that_nobody_read_cost_its_input_at_least() -> None:
    reading = seen("openai.chat", None, STREAMED, ended="abandoned")
    assert (reading.status, reading.streamed, reading.estimated) == ("abandoned", True, ("input_tokens",))
    assert known(reading.usage) == {"input_tokens": 9}


def test_a_broken_connection_is_an_error_and_keeps_what_came() -> None:
    broken = ErrorSeen("APIConnectionError", "Connection error.")
    reading = seen(
        "openai.chat", lines(chunk({"content": "Hello"})), STREAMED, error=broken, ended="error", http_status=200
    )
    assert (reading.status, reading.error_type) == ("error", "connection")
    assert reading.output is not None
    assert reading.output[0]["parts"] == [{"type": "text", "content": "Hello"}]


def test_an_error_inside_a_stream_is_an_error() -> None:
    error = {"error": {"message": "The server had an error.", "type": "server_error", "param": None, "code": None}}
    reading = seen("openai.chat", lines(chunk({"content": "Hello"}), error), STREAMED, ended="closed")
    assert (reading.status, reading.error_type, reading.error_code) == ("error", "server", "server_error")
    assert reading.error_message == "The server had an error."


def test_an_error_body_with_status_200_is_an_error() -> None:
    body = {"error": {"code": "content_filter", "message": "The response was filtered.", "type": None}}
    reading = seen("openai.chat", body, ASKED)
    assert (reading.status, reading.error_type, reading.error_code) == ("error", "content_filter", "content_filter")


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_the_provider_cut_is_incomplete(reason: str) -> None:
    choice = {**ANSWER["choices"][0], "finish_reason": reason}
    reading = seen("openai.chat", {**ANSWER, "choices": [choice]}, ASKED)
    assert (reading.status, reading.finish_reason) == ("incomplete", reason)


def test_time_to_first_token_is_that_of_the_piece_that_completed_the_first_output() -> None:
    role = lines(chunk({"role": "assistant", "content": ""}))
    word = lines(chunk({"content": "Hi"}))
    rest = lines(chunk({}, "stop")) + DONE
    body = role + word + rest
    # The second piece ends in the middle of the first word's event, the third completes it.
    chunks = [(len(role), 1_000), (len(role) + 9, 2_000), (len(role) + len(word), 3_000), (len(body), 4_000)]
    assert seen("openai.chat", body, STREAMED, chunks=chunks).time_to_first_token == 3_000
    assert seen("openai.chat", ANSWER, ASKED).time_to_first_token is None


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "x"},
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]},
        {"refusal": "no"},
        {"audio": {"data": "AAAA"}},
    ],
)
def test_output_of_any_kind_is_the_first_token(delta: Json) -> None:
    first = lines(chunk({"role": "assistant", "content": None}))
    body = first + lines(chunk(delta), chunk({}, "stop")) + DONE
    assert seen("openai.chat", body, STREAMED, chunks=[(len(first), 5), (len(body), 9)]).time_to_first_token == 9


def test_several_choices_are_several_messages() -> None:
    body = lines(
        chunk({"role": "assistant", "content": "a"}),
        chunk({"role": "assistant", "content": "x"}, index=1),
        chunk({"content": "b"}),
        chunk({"content": "y"}, "length", index=1),
        chunk({}, "stop"),
    )
    reading = seen("openai.chat", body + DONE, STREAMED)
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "ab"}], "finish_reason": "stop"},
        {"role": "assistant", "parts": [{"type": "text", "content": "xy"}], "finish_reason": "length"},
    ]
    assert (reading.finish_reason, reading.status) == ("stop", "ok")


def test_tool_calls_are_put_together_piece_by_piece() -> None:
    def call(**told: Any) -> Json:
        return {"tool_calls": [told]}

    body = lines(
        chunk(call(index=0, id="call_a", type="function", function={"name": "weather", "arguments": ""})),
        chunk(call(index=0, function={"arguments": '{"city": '})),
        chunk(call(index=1, id="call_b", type="function", function={"name": "time", "arguments": "{"})),
        chunk(call(index=0, function={"arguments": '"Paris"}'})),
        chunk({}, "tool_calls"),
    )
    reading = seen("openai.chat", body + DONE, STREAMED)
    assert reading.output is not None
    assert reading.output[0]["parts"] == [
        {"type": "tool_call", "id": "call_a", "name": "weather", "arguments": {"city": "Paris"}},
        {"type": "tool_call", "id": "call_b", "name": "time", "arguments": "{"},
    ]


def test_tool_calls_without_an_index_belong_to_their_id_or_to_the_last() -> None:
    body = lines(
        chunk({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]}),
        chunk({"tool_calls": [{"function": {"arguments": "}"}}]}),
        chunk({"tool_calls": [{"id": "b", "function": {"name": "g", "arguments": {"n": 1}}}]}, "tool_calls"),
    )
    reading = seen("openai.chat", body + DONE, STREAMED)
    assert reading.output is not None
    assert [(part["name"], part["arguments"]) for part in reading.output[0]["parts"]] == [("f", {}), ("g", {"n": 1})]


def test_a_text_said_twice_is_kept_once() -> None:
    first = {"index": 0, "text": "Hi", "delta": {"content": "Hi"}, "finish_reason": None}
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    last = {"index": 0, "text": "", "delta": {"content": "", "tool_calls": [call]}, "finish_reason": "stop"}
    reading = seen("openai.chat", lines({"choices": [first]}, {"choices": [last]}) + DONE, STREAMED)
    assert reading.output is not None
    assert [part["type"] for part in reading.output[0]["parts"]] == ["text", "tool_call"]
    assert reading.output[0]["parts"][0]["content"] == "Hi"


def test_what_was_asked_is_kept_message_by_message() -> None:
    request = {
        "model": "gpt-4o",
        "user": "alice",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "name": "al", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
            {"role": "assistant", "content": "It is a cat.", "refusal": None},
        ],
    }  # fmt: skip
    reading = seen("openai.chat", ANSWER, request)
    assert reading.user_id == "alice"
    assert reading.input == [
        {"role": "developer", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "name": "al", "parts": [{"type": "text", "content": "What is it?"}, {"type": "uri", "modality": "image", "uri": "https://example.org/cat.png"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "It is a cat."}]},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "user"),
    [
        ({"safety_identifier": "s", "user": "u", "metadata": {"user_id": "m"}}, "s"),
        ({"safety_identifier": None, "user": "u", "metadata": {"user_id": "m"}}, "u"),
        ({"metadata": {"user_id": "m"}}, "m"),
        ({"metadata": {"user_id": 7}, "user": ""}, None),
    ],
)
def test_a_request_may_name_its_user(request_: Json, user: str | None) -> None:
    assert seen("openai.chat", ANSWER, {**ASKED, **request_}).user_id == user


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21", "my gpt"),
        ("/model/anthropic.claude-3-haiku-20240307-v1:0/invoke", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("/model/us.anthropic.claude-sonnet-4-v1%3A0/invoke-with-response-stream", "us.anthropic.claude-sonnet-4-v1:0"),
        ("https://x.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict", "claude-sonnet-4@20250514"),
        ("/chat/completions", None),
    ],
)  # fmt: skip
def test_a_model_may_stand_in_the_path(path: str, model: str | None) -> None:
    assert seen("openai.chat", ANSWER, {"messages": []}, path=path).request_model == model


def test_legacy_completions_hold_text() -> None:
    body = {
        "id": "cmpl-1",
        "model": "gpt-3.5-turbo-instruct",
        "choices": [{"index": 0, "text": "Hello", "finish_reason": "length"}],
        "usage": {"prompt_tokens": 4, "completion_tokens": 16},
    }
    reading = seen("openai.completions", body, {"model": "gpt-3.5-turbo-instruct", "prompt": ["One", "Two"]})
    assert (reading.status, known(reading.usage)) == ("incomplete", {"input_tokens": 4, "output_tokens": 16})
    assert reading.input == [
        {"role": "user", "parts": [{"type": "text", "content": "One"}]},
        {"role": "user", "parts": [{"type": "text", "content": "Two"}]},
    ]
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "length"}
    ]


def test_legacy_completions_stream_text() -> None:
    pieces = [
        {"id": "cmpl-1", "choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in ("Hel", "lo")
    ]
    body = lines(*pieces, {"id": "cmpl-1", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}) + DONE
    reading = seen(
        "openai.completions",
        body,
        {"model": "davinci-002", "prompt": [1, 2, 3], "stream": True},
        chunks=[(len(body), 7)],
    )
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}
    ]
    assert (reading.time_to_first_token, reading.usage.input_tokens) == (7, 10)  # 3 tokens, 4 for a message, 3 for all
    assert reading.input == [{"role": "user", "parts": [{"type": "tokens", "count": 3}]}]


def test_a_choice_that_failed_is_an_error() -> None:
    error = {"code": 502, "message": "Upstream failed", "metadata": {}}
    choice = {"index": 0, "message": {"content": ""}, "finish_reason": "error", "error": error}
    reading = seen("openai.chat", {**ANSWER, "choices": [choice]}, ASKED)
    assert (reading.status, reading.error_code, reading.error_message) == ("error", "502", "Upstream failed")


def test_sound_is_kept_by_size_and_hash_with_its_transcript() -> None:
    # Each piece is base64 of its own: "he" and "llo".
    pieces = [{"id": "audio_1", "data": "aGU=", "transcript": "Hi "}, {"data": "bGxv", "transcript": "there"}]
    body = lines(*(chunk({"audio": piece}) for piece in pieces), chunk({}, "stop")) + DONE
    reading = seen("openai.chat", body, STREAMED)
    assert reading.output is not None
    (part,) = reading.output[0]["parts"]
    assert (part["type"], part["modality"], part["size"], part["transcript"]) == ("blob", "audio", 5, "Hi there")
    assert part["sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # of b"hello"
