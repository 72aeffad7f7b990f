"""What went wrong, in the few words that the ledger sorts errors by. `docs/errors.md` has the table."""

from __future__ import annotations

import re

ERROR_TYPES = {
    "timeout": "no answer in the time allowed",
    "connection": "the provider could not be reached, or the connection broke",
    "rate_limit": "too many requests or tokens in a time, or no credit left",
    "authentication": "the API key is missing or wrong",
    "permission": "the key may not do this, or not from here",
    "not_found": "no such model, file or endpoint",
    "invalid_request": "the request does not make sense to the provider",
    "context_length": "the request is too long for the model",
    "content_filter": "the provider declined because of what was asked or answered",
    "overloaded": "the provider has no capacity at the moment",
    "server": "the provider failed",
    "invalid_response": "the provider answered what the SDK could not make sense of",
    "cancelled": "the caller stopped waiting",
    "refused": "a limit of this installation, before anything was sent",
    "unknown": "none of these",
}
"""Each `error_type` the ledger holds, with what it means."""

_BY_CLASS = {
    "LimitExceeded": "refused",
    "CancelledError": "cancelled",
    "KeyboardInterrupt": "cancelled",
    "GeneratorExit": "cancelled",
    "APITimeoutError": "timeout",
    "TimeoutError": "timeout",
    "DeadlineExceededError": "timeout",
    "APIConnectionError": "connection",
    "ConnectionError": "connection",
    "RemoteProtocolError": "connection",
    "LocalProtocolError": "connection",
    "ProtocolError": "connection",
    "NetworkError": "connection",
    "ReadError": "connection",
    "WriteError": "connection",
    "ConnectError": "connection",
    "CloseError": "connection",
    "ProxyError": "connection",
    "DecodingError": "connection",
    "AuthenticationError": "authentication",
    "PermissionDeniedError": "permission",
    "NotFoundError": "not_found",
    "RateLimitError": "rate_limit",
    "OverloadedError": "overloaded",
    "ServiceUnavailableError": "overloaded",
    "InternalServerError": "server",
    "APIResponseValidationError": "invalid_response",
    "JSONDecodeError": "invalid_response",
    "UnicodeDecodeError": "invalid_response",
    "ValidationError": "invalid_response",
    "ContentFilterFinishReasonError": "content_filter",
    "BadRequestError": "invalid_request",
    "UnprocessableEntityError": "invalid_request",
    "ConflictError": "invalid_request",
    "RequestTooLargeError": "context_length",
}

UNREADABLE = frozenset(name for name, kind in _BY_CLASS.items() if kind == "invalid_response")
"""Exceptions by which the SDKs say that they could not parse an answer."""

_BY_CODE = {
    # OpenAI and its look-alikes
    "context_length_exceeded": "context_length",
    "string_above_max_length": "context_length",
    "max_tokens_exceeded": "context_length",
    "request_too_large": "context_length",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "moderation_blocked": "content_filter",
    "responsibleaipolicyviolation": "content_filter",
    "image_content_policy_violation": "content_filter",
    "invalid_prompt": "content_filter",
    "bio_policy": "content_filter",
    "cyber_policy": "content_filter",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "too_many_requests": "rate_limit",
    "insufficient_quota": "rate_limit",
    "billing_hard_limit_reached": "rate_limit",
    "billing_error": "rate_limit",
    "tokens": "rate_limit",
    "requests": "rate_limit",
    "invalid_api_key": "authentication",
    "authentication_error": "authentication",
    "permission_error": "permission",
    "permission_denied": "permission",
    "model_not_found": "not_found",
    "deploymentnotfound": "not_found",
    "not_found": "not_found",
    "not_found_error": "not_found",
    "invalid_request_error": "invalid_request",
    "invalid_request": "invalid_request",
    "overloaded_error": "overloaded",
    "overloaded": "overloaded",
    "engine_overloaded": "overloaded",
    "slow_down": "overloaded",
    "server_is_overloaded": "overloaded",
    "throttlingexception": "rate_limit",
    "serviceunavailableexception": "overloaded",
    "modelstreamerrorexception": "server",
    "internalserverexception": "server",
    "modeltimeoutexception": "timeout",
    "validationexception": "invalid_request",
    "timeout_error": "timeout",
    "request_timeout": "timeout",
    "api_error": "server",
    "server_error": "server",
    "internal_error": "server",
    "internal_server_error": "server",
}

_BY_STATUS = {
    400: "invalid_request",
    401: "authentication",
    402: "rate_limit",
    403: "permission",
    404: "not_found",
    405: "invalid_request",
    408: "timeout",
    409: "invalid_request",
    413: "context_length",
    422: "invalid_request",
    424: "server",
    429: "rate_limit",
    499: "cancelled",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

_GENERAL = frozenset(
    {"invalid_request_error", "invalid_request", "api_error", "server_error", "internal_error", "internal_server_error"}
)
"""Codes that many providers give to errors of all kinds."""
_TELLING = {status: _BY_STATUS[status] for status in (401, 403, 404, 413, 429, 529)}
"""Statuses that say more than a general code."""

# Providers say these two under the code of a request that makes no sense, so the message has to tell.
_TOO_LONG = re.compile(
    r"prompt is too long|context[ _](?:length|window)|maximum context|too many (?:input )?tokens"
    r"|exceeds? (?:the )?(?:model'?s? )?max(?:imum)?[ _a-z]*tokens|input is too long|reduce the length of",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content (?:management|filtering|moderation|filter) polic|content[_ ]filter(?:ed)?\b|safety system"
    r"|usage polic(?:y|ies)|flagged as (?:potentially )?violat|output blocked",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"credit balance is too low|exceeded your current quota", re.IGNORECASE)


def error_type(
    *,
    name: str = "",
    http_status: int | None = None,
    code: str | None = None,
    kind: str | None = None,
    message: str | None = None,
) -> str:
    """One of `ERROR_TYPES` for an error.

    `name` is the exception's class, `code` and `kind` what the provider calls it (``error.code``, ``error.type``). The
    more telling wins: what the provider says before the HTTP status before the class. A general word of the provider
    (``invalid_request_error``) gives way to a message that says the request was too long or filtered, and to a status
    that says more. Groq's 413 comes as ``rate_limit_exceeded``: waiting does not make the request fit.
    """
    if code is not None and len(code) == 3 and code.isdecimal():
        http_status = int(code)  # of the provider behind the one that was asked
    words = [word.lower() for word in (code, kind) if word]
    specific = next((_BY_CODE[word] for word in words if word in _BY_CODE and word not in _GENERAL), None)
    general = next((_BY_CODE[word] for word in words if word in _GENERAL), None)
    if specific in (None, "invalid_request", "rate_limit", "server") and message and (worded := _by_message(message)):
        return worded
    if specific is not None and not (specific == "rate_limit" and http_status == 413):
        return specific
    if http_status in _TELLING:
        return _TELLING[http_status]
    if general is not None:
        return general
    if http_status is not None and http_status >= 400:
        return _BY_STATUS.get(http_status, "server" if http_status >= 500 else "invalid_request")
    return _by_class(name) or "unknown"


def _by_message(message: str) -> str | None:
    start = message[:2000]
    if _TOO_LONG.search(start):
        return "context_length"
    if _FILTERED.search(start):
        return "content_filter"
    return "rate_limit" if _NO_CREDIT.search(start) else None


def _by_class(name: str) -> str | None:
    name = name.rpartition(".")[2]
    return _BY_CLASS.get(name) or ("timeout" if name.endswith("Timeout") else None)
