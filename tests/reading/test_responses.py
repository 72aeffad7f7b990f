"""OpenAI's Responses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reading.bodies import Json, known, named, seen

ASKED: Json = {"model": "gpt-4o", "instructions": "Be brief.", "input": "Hi"}
STREAMED: Json = {**ASKED, "stream": True}
HELLO: Json = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "Hello.", "annotations": []}]}  # fmt: skip
USAGE: Json = {
    "input_tokens": 328,
    "input_tokens_details": {"cached_tokens": 128, "cache_write_tokens": 64},
    "output_tokens": 52,
    "output_tokens_details": {"reasoning_tokens": 32},
}
COUNTS: Json = {
    "input_tokens": 328,
    "output_tokens": 52,
    "cache_read_tokens": 128,
    "cache_write_tokens": 64,
    "reasoning_tokens": 32,
}


def answer(status: str = "completed", **more: Any) -> Json:
    whole = {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "error": None,
    }
    return {**whole, "status": status, "incomplete_details": None, "output": [HELLO], "usage": USAGE, **more}


def event(kind: str, **more: Any) -> Json:
    return {"type": f"response.{kind}", **more}


CREATED = event("created", response=answer("in_progress", output=[], usage=None, service_tier="auto"))
PIECES = (
    event("output_item.added", output_index=0, item={"type": "message", "id": "m", "role": "assistant", "content": []}),
    event("output_text.delta", output_index=0, content_index=0, item_id="m", delta="Hel"),
    event("output_text.delta", output_index=0, content_index=0, item_id="m", delta="lo."),
)
SAID = [{"role": "assistant", "parts": [{"type": "text", "content": "Hello."}], "finish_reason": "completed"}]


def test_an_answer_is_read_whole() -> None:
    reading = seen("openai.responses", answer(), ASKED)
    assert (reading.status, reading.finish_reason, reading.service_tier) == ("ok", "completed", "default")
    assert (reading.response_model, reading.response_id) == ("gpt-4o-2024-08-06", "resp_1")
    assert known(reading.usage) == COUNTS
    assert reading.input == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}]},
    ]
    assert reading.output == SAID


def test_the_last_event_of_a_stream_carries_all_of_it() -> None:
    body = named(CREATED, *PIECES, event("completed", response=answer()))
    reading = seen("openai.responses", body, STREAMED, chunks=[(len(named(CREATED)), 10), (len(body), 20)])
    assert (reading.status, reading.finish_reason, reading.service_tier) == ("ok", "completed", "default")
    assert (known(reading.usage), reading.output, reading.time_to_first_token) == (COUNTS, SAID, 20)


@pytest.mark.parametrize(
    ("ended", "status"), [("read", "incomplete"), ("closed", "abandoned"), ("cancelled", "cancelled")]
)
def test_a_stream_without_its_last_event_is_not_whole(ended: str, status: str) -> None:
    reading = seen("openai.responses", named(CREATED, *PIECES), STREAMED, ended=ended)
    assert (reading.status, reading.finish_reason, reading.response_model) == (status, None, "gpt-4o-2024-08-06")
    assert reading.service_tier is None  # "auto" was asked for, what was served never came
    assert reading.estimated == ("input_tokens", "output_tokens")
    assert reading.output is not None
    assert reading.output[0]["parts"] == SAID[0]["parts"]


def test_an_incomplete_answer_says_why() -> None:
    body = answer("incomplete", incomplete_details={"reason": "max_output_tokens"})
    for reading in (
        seen("openai.responses", body, ASKED),
        seen("openai.responses", named(CREATED, *PIECES, event("incomplete", response=body)), STREAMED),
    ):
        assert (reading.status, reading.finish_reason, known(reading.usage)) == (
            "incomplete",
            "max_output_tokens",
            COUNTS,
        )


def test_a_failed_response_is_an_error_with_what_it_used() -> None:
    body = answer("failed", error={"code": "server_error", "message": "It failed."})
    for reading in (
        seen("openai.responses", body, ASKED),
        seen("openai.responses", named(CREATED, event("failed", response=body)), STREAMED),
    ):
        assert (reading.status, reading.error_type, reading.error_code) == ("error", "server", "server_error")
        assert (reading.error_message, known(reading.usage)) == ("It failed.", COUNTS)


@pytest.mark.parametrize(
    "failed",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "Slow down."},
        {"type": "error", "error": {"type": "requests", "code": "rate_limit_exceeded", "message": "Slow down."}},
    ],
)
def test_an_error_event_is_an_error(failed: Json) -> None:
    reading = seen("openai.responses", named(CREATED, *PIECES, failed), STREAMED)
    assert (reading.status, reading.error_type, reading.error_code) == ("error", "rate_limit", "rate_limit_exceeded")
    assert (reading.error_message, reading.finish_reason) == ("Slow down.", None)


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_background_response_is_pending_until_it_is_done(status: str) -> None:
    reading = seen("openai.responses", answer(status, output=[], usage=None), {**ASKED, "background": True})
    assert (reading.status, known(reading.usage)) == ("pending", {})
    later = seen("openai.responses", answer(), None)
    assert (later.status, known(later.usage), later.response_id) == ("ok", COUNTS, "resp_1")


def test_a_cancelled_response_was_cancelled() -> None:
    assert seen("openai.responses", answer("cancelled", usage=None), None).status == "cancelled"


def test_the_tools_the_provider_ran_are_counted() -> None:
    ran = [
        {"type": "web_search_call", "action": {"type": "search", "query": "a"}},
        {"type": "web_search_call", "action": {"type": "open_page", "url": "https://example.org"}},
        {"type": "web_search_call"},
        {"type": "file_search_call"},
        {"type": "code_interpreter_call"},
        {"type": "code_interpreter_call"},
        {"type": "image_generation_call", "result": "aGVsbG8="},
        {"type": "mcp_call", "name": "roll"},
        {"type": "function_call", "name": "mine"},
    ]
    usage = seen("openai.responses", answer(output=ran), ASKED).usage
    assert usage.web_searches == 2
    assert usage.tools == {"file_search": 1, "code_interpreter": 2, "image_generation": 1, "mcp": 1}
    billed = answer(output=ran, tool_usage={"web_search": {"num_requests": 1}, "image_gen": {"input_tokens": 0}})
    assert seen("openai.responses", billed, ASKED).usage.web_searches == 1


def test_items_of_every_kind_are_kept() -> None:
    request = {
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Look"}, {"type": "input_image", "image_url": "data:image/png;base64,aGVsbG8="}]},
            {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "x" * 600},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "a cat"},
            {"type": "item_reference", "id": "msg_7"},
            {"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGVsbG8="}]},
        ]
    }  # fmt: skip
    output = [
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "select 1"},
    ]
    reading = seen("openai.responses", answer(output=output), request)
    blob = {"size": 5, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
    assert reading.request_model is None
    assert reading.input == [
        {"role": "user", "parts": [{"type": "text", "content": "Look"}, {"type": "blob", "modality": "image", "mime_type": "image/png", **blob}]},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]},
        {"role": "assistant", "parts": [{"type": "item_reference", "id": "msg_7"}]},
        {"role": "user", "parts": [{"type": "blob", "modality": "file", "mime_type": "application/pdf", "name": "a.pdf", **blob}]},
    ]  # fmt: skip
    assert reading.output is not None
    assert reading.output[0]["parts"] == [
        {"type": "refusal", "content": "No."},
        {"type": "tool_call", "id": "c2", "name": "sql", "arguments": "select 1"},
    ]


def test_pieces_of_a_tool_call_are_kept_when_the_stream_breaks_off() -> None:
    body = named(
        CREATED,
        event("output_item.added", output_index=0, item={"type": "function_call", "call_id": "c1", "name": "look", "arguments": ""}),
        event("function_call_arguments.delta", output_index=0, delta='{"at": '),
        event("reasoning_summary_text.delta", output_index=1, summary_index=0, delta="Hm."),
    )  # fmt: skip
    reading = seen("openai.responses", body, STREAMED, ended="closed")
    assert reading.output is not None
    assert reading.output[0]["parts"] == [
        {"type": "tool_call", "id": "c1", "name": "look", "arguments": '{"at": '},
        {"type": "reasoning", "content": "Hm."},
    ]


@pytest.mark.parametrize(
    "first",
    [
        event("output_item.added", output_index=0, item={"type": "function_call", "name": "look"}),
        event("output_item.added", output_index=0, item={"type": "web_search_call"}),
        event("reasoning_text.delta", output_index=0, delta="Hm"),
        event("image_generation_call.partial_image", output_index=0, partial_image_b64="aGVsbG8="),
    ],
)
def test_output_of_any_kind_is_the_first_token(first: Json) -> None:
    begin = named(CREATED, event("output_item.added", output_index=0, item={"type": "reasoning"}))
    body = begin + named(first, event("completed", response=answer()))
    assert seen("openai.responses", body, STREAMED, chunks=[(len(begin), 1), (len(body), 2)]).time_to_first_token == 2


def test_what_an_earlier_event_told_stands_where_the_last_is_silent() -> None:
    told = event("in_progress", response=answer("in_progress", output=[]))
    last = event("completed", response=answer(usage=None, model=None))
    reading = seen("openai.responses", named(CREATED, told, *PIECES, last), STREAMED)
    assert (known(reading.usage), reading.response_model) == (COUNTS, "gpt-4o-2024-08-06")
