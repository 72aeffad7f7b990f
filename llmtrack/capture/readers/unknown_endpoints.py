"""Answers of endpoints that nobody knows: they are read by what they look like."""

from __future__ import annotations

from typing import Any

from llmtrack.capture.readers import anthropic_usage
from llmtrack.capture.readers.chat_completions import CHAT
from llmtrack.capture.readers.event_stream import Events
from llmtrack.capture.readers.messages import MESSAGES
from llmtrack.capture.readers.parsed_response import Dialect, ParsedResponse
from llmtrack.capture.readers.responses import RESPONSES
from llmtrack.capture.readers.short_answers import EMBEDDINGS

Json = dict[str, Any]

_ANTHROPICS = ("cache_read_input_tokens", "cache_creation_input_tokens")


def _dialect(body: Json) -> Dialect:
    """The dialect that `body`, an answer or an event of one, looks like."""
    kind = str(body.get("type"))
    if "choices" in body:
        return CHAT
    if kind.startswith("response.") or body.get("object") == "response":
        return RESPONSES
    if kind.startswith(("message", "content_block")):
        return MESSAGES
    return EMBEDDINGS


def plain(body: Json, parsed: ParsedResponse) -> None:
    """Reads an answer that came in one piece."""
    _dialect(body).plain(body, parsed)
    reported = body.get("usage")
    if isinstance(reported, dict) and any(name in reported for name in _ANTHROPICS):
        parsed.reported = reported
        parsed.usage = anthropic_usage.read_usage(reported, parsed.response_model)


def _of_stream(events: list[Any]) -> Dialect:
    dialects = (_dialect(event) for event in events if isinstance(event, dict))
    return next((dialect for dialect in dialects if dialect.stream is not None), CHAT)


def stream(events: Events, parsed: ParsedResponse) -> None:
    """Reads a streamed answer."""
    read = _of_stream(events.values).stream
    assert read is not None
    read(events, parsed)


def _assemble(events: list[Any]) -> Json:
    return _of_stream(events).assemble(events)


def _output(body: Json) -> list[Json]:
    return _dialect(body).output(body)


def _input(request: Json) -> list[Json]:
    return (CHAT if "messages" in request or "prompt" in request else RESPONSES).input(request)


ANY = Dialect(plain=plain, stream=stream, assemble=_assemble, output=_output, input=_input)
