"""How a call ended: its status, and what went wrong."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.errors import error_type
from llmtrack.capture.exchange import ErrorSeen, Exchange
from llmtrack.capture.readers.event_stream import load
from llmtrack.capture.readers.parsed_response import Failure, ParsedResponse, failure
from llmtrack.error_types import ErrorType
from llmtrack.statuses import Status

Trouble = tuple[str, str | None, str | None]
"""error type, the provider's code, message"""
_STATUS_OF = {ErrorType.CANCELLED.value: Status.CANCELLED, ErrorType.REFUSED.value: Status.REFUSED}
"""Errors that are none of the provider's and have a status of their own."""


def outcome(
    exchange: Exchange, parsed: ParsedResponse, *, streamed: bool, read: bool = False
) -> tuple[Status, Trouble | None]:
    """The status of the call, and its trouble if it has any. `read`: the answer could be made out.

    What the caller saw comes first: an exception is an error even if the answer was whole. Then what the answer says
    of itself, then how its reading ended.
    """
    if exchange.ended == "refused":
        return Status.REFUSED, (ErrorType.REFUSED.value, None, exchange.error.message if exchange.error else None)
    trouble = _seen(exchange, parsed)
    if trouble is not None:
        return _STATUS_OF.get(trouble[0], Status.ERROR), trouble
    if parsed.failure is not None:
        return Status.ERROR, _reported(parsed.failure)
    if streamed and not parsed.complete:
        return (Status.INCOMPLETE if exchange.ended == "read" else Status.ABANDONED), None
    if not streamed and exchange.ended in ("closed", "abandoned") and not read:
        return Status.ABANDONED, None
    if parsed.cancelled:
        return Status.CANCELLED, None
    if parsed.pending:
        return Status.PENDING, None
    return (Status.INCOMPLETE if parsed.cut else Status.OK), None


def _seen(exchange: Exchange, parsed: ParsedResponse) -> Trouble | None:
    """The trouble that the caller saw, as an exception or as an HTTP status."""
    error, status = exchange.error, exchange.http_status
    if exchange.ended == "cancelled" and (error is not None or not parsed.complete):
        return ErrorType.CANCELLED.value, None, (error.message or None) if error else None
    if exchange.ended == "abandoned":
        error = None  # the end of the program, or of the generator that held the stream
    if error is None and exchange.ended == "error":
        error = ErrorSeen("APIConnectionError", "The connection broke.")
    if error is None:
        if status is None or status < 400:
            return None
        error = ErrorSeen("", http_status=status, body=_body(exchange))
    reported = parsed.failure or _failure_in(error.body if error.body is not None else _body(exchange, status))
    code = reported.code or reported.kind
    message = reported.message or error.message or None
    status = error.http_status if error.http_status is not None else status
    kind = error_type(name=error.name, http_status=status, code=reported.code, kind=reported.kind, message=message)
    return kind, code, message


def _body(exchange: Exchange, status: int | None = 400) -> Any:
    """The body of an answer that is an error as a whole."""
    return load(exchange.response) if exchange.response and status is not None and status >= 400 else None


def _failure_in(body: Any) -> Failure:
    if isinstance(body, list) and body:  # Google's way
        body = body[0]
    return failure(body) if isinstance(body, dict) else Failure()


def _reported(reported: Failure) -> Trouble:
    kind = error_type(code=reported.code, kind=reported.kind, message=reported.message)
    return kind, reported.code or reported.kind, reported.message
