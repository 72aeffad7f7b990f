"""What the gateway answers where no provider does: each in the shape that the SDK of the route understands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Headers = list[tuple[bytes, bytes]]

NO_RETRY = (b"x-should-retry", b"false")
"""Both SDKs, and Claude Code, go by it before anything else."""


class Kind(Enum):
    """Why there is no answer of a provider: status, then the type as Anthropic has it, type and code as OpenAI does,
    and whether to send the same request again makes sense."""

    NO_TOKEN = 401, "authentication_error", "invalid_request_error", "invalid_api_key", False
    NOT_ALLOWED = 403, "permission_error", "invalid_request_error", "insufficient_permissions", False
    MODEL_NOT_ALLOWED = 400, "invalid_request_error", "invalid_request_error", "model_not_allowed", False
    """Not 403: Codex asks five times more after one, and Claude Code offers to sign in again."""
    INVALID = 400, "invalid_request_error", "invalid_request_error", "invalid_request", False
    NOT_FOUND = 404, "not_found_error", "invalid_request_error", "unknown_url", False
    TOO_LARGE = 413, "request_too_large", "invalid_request_error", "request_too_large", False
    NO_KEY = 503, "api_error", "server_error", "provider_not_set_up", False
    OVERLOADED = 503, "overloaded_error", "server_error", "server_is_overloaded", True
    UNREACHABLE = 502, "api_error", "server_error", "provider_unreachable", True
    TIMEOUT = 504, "timeout_error", "server_error", "provider_timeout", True

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]


@dataclass(frozen=True)
class GatewayProblem(Exception):
    """Ends a request with an answer of the gateway's own."""

    kind: Kind
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self, dialect: str) -> tuple[int, Headers, bytes]:
        """Status, headers and body."""
        status, anthropic, openai, code, again = self.kind.value
        kind = anthropic if dialect == "anthropic" else openai
        headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in self.headers.items()]
        if not again:
            headers.append(NO_RETRY)
        return status, json_headers(headers), error_body(dialect, self.message, kind, code)


def json_headers(more: Headers) -> Headers:
    """The headers of a JSON body of the gateway's own."""
    return [(b"content-type", b"application/json"), *more]


def error_body(dialect: str, message: str, kind: str, code: str, **members: Any) -> bytes:
    """An error as the dialect has it; OpenAI's takes further members."""
    if dialect == "anthropic":
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code, **members}}).encode()
