"""How a model's name asks for trouble.

A name is a model and any number of wishes, ``gpt-4o@drop`` or ``claude-sonnet-4-5@thinking@pause=20``. Some wishes
change what is answered and are read by the dialects (``@tools``, ``@refusal``, ``@thinking``, ``@cached``, ``@empty``,
``@length``, ``@filter``, ``@usage=none``, …), the others are here:

=====================  ================================================================================================
``@429`` … ``@529``    that HTTP status with the error body the provider would send; retries are told to come at once
``@500-once``          that status at the first attempt only
``@context``           400, the prompt is too long for the model
``@filtered``          400, the prompt was refused by a content filter
``@silent``            accepts the request and says nothing until `Provider.release()`
``@stall`` ``@stall=3``  streams so many events, then says nothing more until `Provider.release()`
``@drop`` ``@drop=3``  streams so many events, then breaks the connection
``@truncate``          streams so many events, then ends as if all were well
``@error-event``       streams so many events, then an error event under HTTP 200
``@pause=20``          so many milliseconds between two events (``@slow`` is 50)
``@gzip``              compressed, whatever was asked for
=====================  ================================================================================================
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.provider.answer import Answer

EVENTS_BEFORE_FAULT = 4

_ERRORS: dict[int, tuple[str, str, str]] = {
    # status: OpenAI's type, OpenAI's code, Anthropic's type
    400: ("invalid_request_error", "invalid_value", "invalid_request_error"),
    401: ("invalid_request_error", "invalid_api_key", "authentication_error"),
    403: ("invalid_request_error", "unsupported_country_region_territory", "permission_error"),
    404: ("invalid_request_error", "model_not_found", "not_found_error"),
    408: ("timeout", "timeout", "timeout_error"),
    409: ("invalid_request_error", "conflict", "invalid_request_error"),
    413: ("invalid_request_error", "request_too_large", "request_too_large"),
    422: ("invalid_request_error", "unprocessable", "invalid_request_error"),
    429: ("rate_limit_exceeded", "rate_limit_exceeded", "rate_limit_error"),
    500: ("server_error", "server_error", "api_error"),
    502: ("server_error", "bad_gateway", "api_error"),
    503: ("server_error", "service_unavailable", "api_error"),
    529: ("server_error", "overloaded", "overloaded_error"),
}

_MESSAGES = {
    401: "Incorrect API key provided.",
    404: "The model does not exist or you do not have access to it.",
    429: "Rate limit reached. Please try again in 1ms.",
    529: "Overloaded",
}

CONTEXT_MESSAGES = {
    "openai": "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens.",
    "anthropic": "prompt is too long: 200001 tokens > 200000 maximum",
}

Wishes = dict[str, str]


def wishes_of(model: str) -> tuple[str, Wishes]:
    """The model itself and what its name wishes for, ``("gpt-4o", {"drop": "", "pause": "20"})``."""
    name, *words = model.split("@")
    return name, {word.partition("=")[0]: word.partition("=")[2] for word in words}


def error(dialect: str, status: int, message: str | None = None, code: str | None = None) -> Answer:
    """An error as the provider of this dialect words it."""
    kind, openai_code, anthropic_kind = _ERRORS.get(status, _ERRORS[500])
    message = message or _MESSAGES.get(status, f"The fake provider was asked for a {status}.")
    body: dict[str, Any]
    if dialect == "anthropic":
        inner = {"type": anthropic_kind, "message": message}
        body = {"type": "error", "error": inner, "request_id": "req_fake"}
    else:
        body = {"error": {"message": message, "type": kind, "param": None, "code": code or openai_code}}
    return Answer(body, status=status, headers={"retry-after-ms": "1"})


def refused(dialect: str, wishes: Wishes, attempt: int) -> Answer | None:
    """The error asked for instead of an answer, if any. `attempt` counts from 0."""
    for word in wishes:
        status, _, once = word.partition("-")
        if status.isdigit() and (attempt == 0 or not once):
            return error(dialect, int(status))
    if "context" in wishes:
        return error(dialect, 400, CONTEXT_MESSAGES[dialect], "context_length_exceeded")
    if "filtered" in wishes:
        return error(dialect, 400, "The prompt was flagged by the content filter.", "content_filter")
    return None


def spoiled(answer: Answer, wishes: Wishes, error_event: bytes) -> Answer:
    """`answer` with what its delivery was asked to suffer."""
    changes: dict[str, Any] = {}
    if "pause" in wishes or "slow" in wishes:
        changes["pause"] = int(wishes.get("pause") or 50) / 1000
    changes["gzip"] = "gzip" in wishes
    changes["silent"] = "silent" in wishes
    for word, part in (("stall", "stall_after"), ("drop", "drop_after"), ("truncate", "end_after")):
        if word in wishes:
            changes[part] = int(wishes[word] or EVENTS_BEFORE_FAULT)
    if "error-event" in wishes and answer.events is not None:
        kept = int(wishes["error-event"] or EVENTS_BEFORE_FAULT)
        changes["events"] = [*answer.events[:kept], error_event]
    return dataclasses.replace(answer, **changes)
