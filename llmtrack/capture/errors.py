"""From what providers and SDKs call an error to one of `llmtrack.error_types`. `docs/errors.md` has the table."""

from __future__ import annotations

import re

from llmtrack.error_types import ErrorType

_BY_CLASS = {
    "LimitExceeded": ErrorType.REFUSED,
    "CancelledError": ErrorType.CANCELLED,
    "KeyboardInterrupt": ErrorType.CANCELLED,
    "GeneratorExit": ErrorType.CANCELLED,
    "APITimeoutError": ErrorType.TIMEOUT,
    "TimeoutError": ErrorType.TIMEOUT,
    "DeadlineExceededError": ErrorType.TIMEOUT,
    "APIConnectionError": ErrorType.CONNECTION,
    "ConnectionError": ErrorType.CONNECTION,
    "RemoteProtocolError": ErrorType.CONNECTION,
    "LocalProtocolError": ErrorType.CONNECTION,
    "ProtocolError": ErrorType.CONNECTION,
    "NetworkError": ErrorType.CONNECTION,
    "ReadError": ErrorType.CONNECTION,
    "WriteError": ErrorType.CONNECTION,
    "ConnectError": ErrorType.CONNECTION,
    "CloseError": ErrorType.CONNECTION,
    "ProxyError": ErrorType.CONNECTION,
    "DecodingError": ErrorType.CONNECTION,
    "AuthenticationError": ErrorType.AUTHENTICATION,
    "PermissionDeniedError": ErrorType.PERMISSION,
    "NotFoundError": ErrorType.NOT_FOUND,
    "RateLimitError": ErrorType.RATE_LIMIT,
    "OverloadedError": ErrorType.OVERLOADED,
    "ServiceUnavailableError": ErrorType.OVERLOADED,
    "InternalServerError": ErrorType.SERVER,
    "APIResponseValidationError": ErrorType.INVALID_RESPONSE,
    "JSONDecodeError": ErrorType.INVALID_RESPONSE,
    "UnicodeDecodeError": ErrorType.INVALID_RESPONSE,
    "ValidationError": ErrorType.INVALID_RESPONSE,
    "ContentFilterFinishReasonError": ErrorType.CONTENT_FILTER,
    "BadRequestError": ErrorType.INVALID_REQUEST,
    "UnprocessableEntityError": ErrorType.INVALID_REQUEST,
    "ConflictError": ErrorType.INVALID_REQUEST,
    "RequestTooLargeError": ErrorType.CONTEXT_LENGTH,
}

UNREADABLE = frozenset(name for name, kind in _BY_CLASS.items() if kind is ErrorType.INVALID_RESPONSE)
"""Exceptions by which the SDKs say that they could not parse an answer."""

_BY_CODE = {
    # OpenAI and its look-alikes
    "context_length_exceeded": ErrorType.CONTEXT_LENGTH,
    "string_above_max_length": ErrorType.CONTEXT_LENGTH,
    "max_tokens_exceeded": ErrorType.CONTEXT_LENGTH,
    "request_too_large": ErrorType.CONTEXT_LENGTH,
    "content_filter": ErrorType.CONTENT_FILTER,
    "content_policy_violation": ErrorType.CONTENT_FILTER,
    "moderation_blocked": ErrorType.CONTENT_FILTER,
    "responsibleaipolicyviolation": ErrorType.CONTENT_FILTER,
    "image_content_policy_violation": ErrorType.CONTENT_FILTER,
    "invalid_prompt": ErrorType.CONTENT_FILTER,
    "bio_policy": ErrorType.CONTENT_FILTER,
    "cyber_policy": ErrorType.CONTENT_FILTER,
    "rate_limit_exceeded": ErrorType.RATE_LIMIT,
    "rate_limit_error": ErrorType.RATE_LIMIT,
    "too_many_requests": ErrorType.RATE_LIMIT,
    "insufficient_quota": ErrorType.RATE_LIMIT,
    "billing_hard_limit_reached": ErrorType.RATE_LIMIT,
    "billing_error": ErrorType.RATE_LIMIT,
    "tokens": ErrorType.RATE_LIMIT,
    "requests": ErrorType.RATE_LIMIT,
    "invalid_api_key": ErrorType.AUTHENTICATION,
    "authentication_error": ErrorType.AUTHENTICATION,
    "permission_error": ErrorType.PERMISSION,
    "permission_denied": ErrorType.PERMISSION,
    "model_not_found": ErrorType.NOT_FOUND,
    "deploymentnotfound": ErrorType.NOT_FOUND,
    "not_found": ErrorType.NOT_FOUND,
    "not_found_error": ErrorType.NOT_FOUND,
    "invalid_request_error": ErrorType.INVALID_REQUEST,
    "invalid_request": ErrorType.INVALID_REQUEST,
    "overloaded_error": ErrorType.OVERLOADED,
    "overloaded": ErrorType.OVERLOADED,
    "engine_overloaded": ErrorType.OVERLOADED,
    "slow_down": ErrorType.OVERLOADED,
    "server_is_overloaded": ErrorType.OVERLOADED,
    "throttlingexception": ErrorType.RATE_LIMIT,
    "serviceunavailableexception": ErrorType.OVERLOADED,
    "modelstreamerrorexception": ErrorType.SERVER,
    "internalserverexception": ErrorType.SERVER,
    "modeltimeoutexception": ErrorType.TIMEOUT,
    "validationexception": ErrorType.INVALID_REQUEST,
    "timeout_error": ErrorType.TIMEOUT,
    "request_timeout": ErrorType.TIMEOUT,
    "api_error": ErrorType.SERVER,
    "server_error": ErrorType.SERVER,
    "internal_error": ErrorType.SERVER,
    "internal_server_error": ErrorType.SERVER,
}

_BY_STATUS = {
    400: ErrorType.INVALID_REQUEST,
    401: ErrorType.AUTHENTICATION,
    402: ErrorType.RATE_LIMIT,
    403: ErrorType.PERMISSION,
    404: ErrorType.NOT_FOUND,
    405: ErrorType.INVALID_REQUEST,
    408: ErrorType.TIMEOUT,
    409: ErrorType.INVALID_REQUEST,
    413: ErrorType.CONTEXT_LENGTH,
    422: ErrorType.INVALID_REQUEST,
    424: ErrorType.SERVER,
    429: ErrorType.RATE_LIMIT,
    499: ErrorType.CANCELLED,
    503: ErrorType.OVERLOADED,
    504: ErrorType.TIMEOUT,
    529: ErrorType.OVERLOADED,
}

_GENERAL = frozenset(
    {"invalid_request_error", "invalid_request", "api_error", "server_error", "internal_error", "internal_server_error"}
)
"""Codes that many providers give to errors of all kinds."""
_TELLING = {status: _BY_STATUS[status] for status in (401, 403, 404, 413, 429, 529)}
"""Statuses that say more than a general code."""

_WIDE = (None, ErrorType.INVALID_REQUEST, ErrorType.RATE_LIMIT, ErrorType.SERVER)
"""Types that a message may tell more about."""

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
    """The word of an `ErrorType` for an error.

    `name` is the exception's class, `code` and `kind` what the provider calls it (``error.code``, ``error.type``). The
    more telling wins: what the provider says before the HTTP status before the class. A general word of the provider
    (``invalid_request_error``) gives way to a message that says the request was too long or filtered, and to a status
    that says more. Groq's 413 comes as ``rate_limit_exceeded``: waiting does not make the request fit.
    """
    return _error_type(name, http_status, code, kind, message).value


def _error_type(
    name: str, http_status: int | None, code: str | None, kind: str | None, message: str | None
) -> ErrorType:
    if code is not None and len(code) == 3 and code.isdecimal():
        http_status = int(code)  # of the provider behind the one that was asked
    words = [word.lower() for word in (code, kind) if word]
    specific = next((_BY_CODE[word] for word in words if word in _BY_CODE and word not in _GENERAL), None)
    general = next((_BY_CODE[word] for word in words if word in _GENERAL), None)
    if specific in _WIDE and message and (by_message := _by_message(message)):
        return by_message
    if specific is not None and not (specific is ErrorType.RATE_LIMIT and http_status == 413):
        return specific
    if http_status in _TELLING:
        return _TELLING[http_status]
    if general is not None:
        return general
    if http_status is not None and http_status >= 400:
        return _BY_STATUS.get(http_status, ErrorType.SERVER if http_status >= 500 else ErrorType.INVALID_REQUEST)
    return _by_class(name) or ErrorType.UNKNOWN


def _by_message(message: str) -> ErrorType | None:
    start = message[:2000]
    if _TOO_LONG.search(start):
        return ErrorType.CONTEXT_LENGTH
    if _FILTERED.search(start):
        return ErrorType.CONTENT_FILTER
    return ErrorType.RATE_LIMIT if _NO_CREDIT.search(start) else None


def _by_class(name: str) -> ErrorType | None:
    name = name.rpartition(".")[2]
    return _BY_CLASS.get(name) or (ErrorType.TIMEOUT if name.endswith("Timeout") else None)
