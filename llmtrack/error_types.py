"""The few words that errors are sorted by, each with whose side the fault lies on. `docs/errors.md` has the table."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Side = Literal["caller", "provider", "rate", "none"]


class ErrorType(StrEnum):
    """What went wrong. Each word is followed by whose side the fault lies on, and by what it means."""

    TIMEOUT = "timeout", "provider", "no answer in the time allowed"
    CONNECTION = "connection", "provider", "the provider could not be reached, or the connection broke"
    RATE_LIMIT = "rate_limit", "rate", "too many requests or tokens in a time, or no credit left"
    AUTHENTICATION = "authentication", "caller", "the API key is missing or wrong"
    PERMISSION = "permission", "caller", "the key may not do this, or not from here"
    NOT_FOUND = "not_found", "caller", "no such model, file or endpoint"
    INVALID_REQUEST = "invalid_request", "caller", "the request does not make sense to the provider"
    CONTEXT_LENGTH = "context_length", "caller", "the request is too long for the model"
    CONTENT_FILTER = "content_filter", "caller", "the provider declined because of what was asked or answered"
    OVERLOADED = "overloaded", "provider", "the provider has no capacity at the moment"
    SERVER = "server", "provider", "the provider failed"
    INVALID_RESPONSE = "invalid_response", "provider", "the provider answered what the SDK could not make sense of"
    CANCELLED = "cancelled", "none", "the caller stopped waiting"
    REFUSED = "refused", "none", "a limit of this installation, before anything was sent"
    UNKNOWN = "unknown", "none", "none of these"

    side: Side
    meaning: str

    def __new__(cls, word: str, side: Side, meaning: str) -> ErrorType:
        """A member that equals its word."""
        error_type = str.__new__(cls, word)
        error_type._value_ = word
        error_type.side, error_type.meaning = side, meaning
        return error_type


CALLER_ERRORS = tuple(error.value for error in ErrorType if error.side == "caller")
PROVIDER_ERRORS = tuple(error.value for error in ErrorType if error.side == "provider")
