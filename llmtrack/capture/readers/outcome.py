"""How a call ended: its status, and what went wrong."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.errors import error_type
from llmtrack.capture.exchange import ErrorSeen, Exchange
from llmtrack.capture.readers.event_stream import load
from llmtrack.capture.readers.parsed_response import Failure, Said, failure

Trouble = tuple[str, str | None, str | None]
"""error type, the provider's code, message"""


def outcome(exchange: Exchange, parsed: Said, *, streamed: bool, read: bool = False) -> tuple[str, Trouble | None]:
    """The status of the call, and its trouble if it has any. `read`: the answer could be made out.

    What the caller saw comes first: an exception is an error even if the answer was whole. Then what the answer says
    of itself, then how its reading ended.
    """
    if exchange.ended == "refused":
        return "refused", ("refused", None, exchange.error.message if exchange.error else None)
    trouble = _seen(exchange, parsed)
    if trouble is not None:
        return {"cancelled": "cancelled", "refused": "refused"}.get(trouble[0], "error"), trouble
    if parsed.failure is not None:
        return "error", _reported(parsed.failure)
    if streamed and not parsed.complete:
        return ("incomplete" if exchange.ended == "read" else "abandoned"), None
    if not streamed and exchange.ended in ("closed", "abandoned") and not read:
        return "abandoned", None
    if parsed.cancelled:
        return "cancelled", None
    if parsed.pending:
        return "pending", None
    return ("incomplete" if parsed.cut else "ok"), None


def _seen(exchange: Exchange, parsed: Said) -> Trouble | None:
    """The trouble that the caller saw, as an exception or as an HTTP status."""
    error, status = exchange.error, exchange.http_status
    if exchange.ended == "cancelled" and (error is not None or not parsed.complete):
        return "cancelled", None, (error.message or None) if error else None
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
