"""What was seen of a call on the wire: all that a reader has to go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmtrack.frozen import value


@value(frozen=True, slots=True)
class ErrorSeen:
    """The exception that the caller got instead of an answer, or in the middle of one."""

    name: str
    """The name of its class: ``RateLimitError``, ``APITimeoutError``, ``CancelledError``, …"""
    message: str = ""
    http_status: int | None = None
    body: Any = None
    """The provider's error body as the SDK shows it: parsed JSON, or text."""


@value(frozen=True, slots=True)
class Exchange:
    """One request and what came back, as bytes, with how it ended."""

    request: bytes | None = None
    """The JSON body sent. None: a form with files in it, or not known."""
    response: bytes | None = None
    """The body received, compressed or not. None: there was none."""
    content_type: str = ""
    content_encoding: str = ""
    chunks: Sequence[tuple[int, int]] = ()
    """Of a body that was read in pieces: (end of the piece in `response`, microseconds since sending), in order."""
    http_status: int | None = None
    ended: str = "read"
    """How the body's reading ended.

    ``read``: to its end. ``closed``: somebody closed it before its end (the SDK does after ``[DONE]``, a caller after
    ``break``). ``abandoned``: it was dropped without being closed. ``error``: reading it, or getting it, raised.
    ``cancelled``: the task doing so was cancelled.
    """
    error: ErrorSeen | None = None
    size: int | None = None
    """The length of a body that was not kept because it is sound or a picture."""
    path: str = ""
    """The URL's path, or the whole URL. Some servers have the model in it."""
    provider: str = ""
