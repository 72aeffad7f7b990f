"""What went wrong, in the words of the taxonomy, and how a call ended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from llmtrack.capture.errors import error_type
from llmtrack.capture.readers import ErrorSeen
from llmtrack.error_types import ErrorType
from tests.reading.bodies import Json, seen

ASKED: Json = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"http_status": 400, "code": "context_length_exceeded", "kind": "invalid_request_error"}, "context_length"),
        ({"http_status": 400, "kind": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}, "context_length"),
        ({"http_status": 400, "message": "This model's maximum context length is 8192 tokens."}, "context_length"),
        ({"http_status": 413, "kind": "request_too_large"}, "context_length"),
        ({"http_status": 400, "code": "content_filter", "message": "The response was filtered"}, "content_filter"),
        ({"http_status": 400, "code": "content_policy_violation", "kind": "image_generation_user_error"}, "content_filter"),
        ({"http_status": 400, "kind": "invalid_request_error", "message": "Output blocked by content filtering policy"}, "content_filter"),
        ({"http_status": 400, "kind": "invalid_request_error", "message": "max_tokens: field required"}, "invalid_request"),
        ({"http_status": 400, "kind": "invalid_request_error", "message": "Your credit balance is too low"}, "rate_limit"),
        ({"http_status": 429, "code": "insufficient_quota", "kind": "insufficient_quota"}, "rate_limit"),
        ({"http_status": 429, "code": "rate_limit_exceeded", "kind": "tokens"}, "rate_limit"),
        ({"http_status": 401, "code": "invalid_api_key"}, "authentication"),
        ({"http_status": 401}, "authentication"),
        ({"http_status": 403, "kind": "permission_error"}, "permission"),
        ({"http_status": 404, "code": "model_not_found"}, "not_found"),
        ({"http_status": 404, "kind": "not_found_error"}, "not_found"),
        ({"http_status": 422}, "invalid_request"),
        ({"http_status": 529, "kind": "overloaded_error"}, "overloaded"),
        ({"http_status": 503}, "overloaded"),
        ({"http_status": 500, "kind": "api_error"}, "server"),
        ({"http_status": 502}, "server"),
        ({"http_status": 504}, "timeout"),
        ({"http_status": 200, "kind": "overloaded_error", "name": "APIStatusError"}, "overloaded"),
        ({"name": "APITimeoutError"}, "timeout"),
        ({"name": "httpx2.ReadTimeout"}, "timeout"),
        ({"name": "APIConnectionError"}, "connection"),
        ({"name": "RemoteProtocolError"}, "connection"),
        ({"name": "CancelledError"}, "cancelled"),
        ({"name": "LimitExceeded"}, "refused"),
        ({"name": "ZeroDivisionError"}, "unknown"),
        ({}, "unknown"),
        ({"http_status": 200, "code": "502"}, "server"),
        ({"http_status": 200, "code": "429", "message": "Slow down"}, "rate_limit"),
        ({"http_status": 418, "code": "teapot"}, "invalid_request"),
        # DeepSeek with a wrong key
        ({"http_status": 401, "code": "invalid_request_error", "kind": "authentication_error"}, "authentication"),
        # OpenAI without a key, and Ollama behind a proxy that wants one
        ({"http_status": 401, "kind": "invalid_request_error", "name": "AuthenticationError"}, "authentication"),
        ({"http_status": 401, "kind": "api_error"}, "authentication"),
        ({"http_status": 403, "kind": "invalid_request_error"}, "permission"),
        ({"http_status": 404, "kind": "invalid_request_error"}, "not_found"),
        ({"http_status": 404, "kind": "api_error", "message": "model 'llama9' not found"}, "not_found"),
        ({"http_status": 413, "kind": "invalid_request_error"}, "context_length"),
        ({"http_status": 429, "kind": "server_error"}, "rate_limit"),
        ({"http_status": 529, "code": "server_error"}, "overloaded"),
        ({"http_status": 500, "kind": "invalid_request_error"}, "invalid_request"),
        ({"http_status": 200, "kind": "server_error", "name": "APIError"}, "server"),
        ({"http_status": 200, "code": "401", "kind": "invalid_request_error"}, "authentication"),
        # Groq, for a request that is larger than what a minute allows
        ({"http_status": 413, "code": "rate_limit_exceeded", "kind": "tokens"}, "context_length"),
        ({"http_status": 401, "code": "insufficient_quota", "kind": "invalid_request_error"}, "rate_limit"),
        ({"http_status": 403, "kind": "invalid_request_error", "message": "Output blocked by content filtering policy"}, "content_filter"),
        ({"http_status": 200, "name": "APIResponseValidationError"}, "invalid_response"),
        ({"http_status": 200, "name": "JSONDecodeError"}, "invalid_response"),
    ],
)  # fmt: skip
def test_an_error_has_one_word(told: dict[str, Any], kind: str) -> None:
    assert error_type(**told) == kind


def test_every_exception_of_the_sdks_has_a_word() -> None:
    request = httpx2.Request("POST", "https://example.org")
    for sdk, client in ((openai, openai.OpenAI(api_key="k")), (anthropic, anthropic.Anthropic(api_key="k"))):
        for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 504, 529):
            response = httpx2.Response(status, request=request)
            error = client._make_status_error_from_response(response)
            assert error_type(name=type(error).__name__, http_status=status) != "unknown", error
        for connection in (sdk.APIConnectionError(request=request), sdk.APITimeoutError(request)):
            assert error_type(name=type(connection).__name__) != "unknown"
        client.close()


def test_every_word_is_in_the_documentation_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(ErrorType)


def test_an_http_error_is_read_from_the_exception_that_the_caller_got() -> None:
    body = {"message": "Rate limit reached for gpt-4o", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}
    error = ErrorSeen("RateLimitError", "Error code: 429 - {…}", 429, body)
    reading = seen("openai.chat", None, ASKED, error=error, ended="error", http_status=429)
    assert (reading.status, reading.error_type, reading.error_code) == ("error", "rate_limit", "rate_limit_exceeded")
    assert reading.error_message == "Rate limit reached for gpt-4o"
    assert reading.request_model == "gpt-4o"
    assert reading.input is not None
    assert seen("openai.chat", None, ASKED, error=error, ended="error", content=False).error_message is None


def test_an_http_error_is_read_from_the_body_where_the_exception_does_not_tell() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    for error in (None, ErrorSeen("APIStatusError", "Error code: 529", 529)):
        reading = seen("anthropic.messages", body, ASKED, error=error, ended="error", http_status=529)
        assert (reading.status, reading.error_type, reading.error_message) == ("error", "overloaded", "Overloaded")


def test_an_error_page_is_an_error() -> None:
    page = "<html><title>502 Bad Gateway</title></html>"
    error = ErrorSeen("InternalServerError", page, 502, page)
    reading = seen("openai.chat", page.encode(), ASKED, error=error, ended="error", http_status=502)
    assert (reading.status, reading.error_type, reading.error_code) == ("error", "server", None)


@pytest.mark.parametrize(
    "body",
    [
        [{"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}],
        {"error": "Quota"},
        "Quota",
        None,
        7,
    ],
)
def test_error_bodies_of_any_shape_are_errors(body: Any) -> None:
    reading = seen("openai.chat", None, ASKED, error=ErrorSeen("RateLimitError", "Quota", 429, body), ended="error")
    assert (reading.status, reading.error_type, reading.error_message) == ("error", "rate_limit", "Quota")


@pytest.mark.parametrize(
    ("ended", "error", "status", "kind"),
    [
        ("error", ErrorSeen("APITimeoutError", "Request timed out."), "error", "timeout"),
        ("error", ErrorSeen("APIConnectionError", "Connection error."), "error", "connection"),
        ("error", None, "error", "connection"),
        ("cancelled", ErrorSeen("CancelledError"), "cancelled", "cancelled"),
        ("cancelled", ErrorSeen("KeyboardInterrupt"), "cancelled", "cancelled"),
        ("cancelled", None, "cancelled", "cancelled"),
        ("abandoned", ErrorSeen("SystemExit"), "abandoned", None),
        ("abandoned", None, "abandoned", None),
        ("refused", ErrorSeen("LimitExceeded", "alice has spent $5.00 of $5.00"), "refused", "refused"),
    ],
)
def test_a_call_without_an_answer_says_how_it_ended(
    ended: str, error: ErrorSeen | None, status: str, kind: str | None
) -> None:
    for request in (ASKED, {**ASKED, "stream": True}):
        reading = seen("openai.chat", None, request, error=error, ended=ended, http_status=None)
        assert (reading.status, reading.error_type, reading.estimated) == (status, kind, ())


def test_an_answer_that_is_not_json_is_noted_and_its_usage_unknown() -> None:
    reading = seen("openai.chat", b"<html>", ASKED, content_type="text/html")
    assert (reading.status, reading.note, reading.usage.input_tokens) == (
        "ok",
        "The answer is not a JSON object.",
        None,
    )
    raised = ErrorSeen("JSONDecodeError", "Expecting value")
    assert (
        seen("openai.chat", b"<html>", ASKED, content_type="application/json", error=raised, ended="read").status
        == "error"
    )


def test_a_whole_answer_that_the_sdk_could_not_take_is_an_error_with_its_usage() -> None:
    body = {"id": "x", "model": "m", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
    reading = seen(
        "openai.chat", body, ASKED, error=ErrorSeen("APIResponseValidationError", "Not so.", 200), ended="read"
    )
    assert (reading.status, reading.error_type, reading.usage.input_tokens) == ("error", "invalid_response", 5)


def test_a_sentence_is_no_error_code() -> None:
    body = {"error": {"type": "bad", "code": "You asked: Hi", "message": "You asked: Hi"}}
    reading = seen("openai.chat", body, ASKED, content=False)
    assert (reading.status, reading.error_code, reading.error_message) == ("error", "bad", None)
