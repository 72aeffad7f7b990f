"""The outline of an exchange: the JSON that was sent and that came back, without a word of what was said in it.

Where texts are not kept, an outline is what reaches the disk. It is JSON of the same dialect, so that the same reader
reads it, and to the same reading: counts, model, ids, tier, finish reason, which kinds of content were sent. Everything
in it was named here; what is not known by its name is left out, and where that might change the reading there is no
outline (None) and the exchange has to be read at once. `tests/reading/test_outlines.py` compares the two ways.

It is made in the caller's thread, and so with as little as possible.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from llmtrack.capture.readers import counts
from llmtrack.capture.readers.outlines.members import response_in, text_in, usage_in
from llmtrack.capture.readers.outlines.streams import CHAT_STREAM, MESSAGES_STREAM, RESPONSES_STREAM, StreamOutline

Json = dict[str, Any]


class Outline(NamedTuple):
    """What is left of an exchange."""

    request: bytes
    response: bytes
    lengths: tuple[int, ...] = ()
    """Of a stream: the length of the part up to its first output, and of the rest …"""
    places: tuple[int, ...] = ()
    """… and where each of them ended in the stream itself."""


def outline(reader: str, request: bytes, response: bytes, *, streamed: bool) -> Outline | None:
    """The outline of what was sent and came back, both uncompressed; None where one might read differently.

    `streamed`: the answer is a stream of events.
    """
    try:
        sent = _request(request) if request else b""
        if sent is None:
            return None
        if streamed:
            of_stream = _STREAMS.get(reader)
            streamed_outline = None if of_stream is None else of_stream(response)
            if streamed_outline is None:
                return None
            return Outline(sent, streamed_outline.response, streamed_outline.lengths, streamed_outline.places)
        of_answer = _ANSWERS.get(reader)
        if of_answer is None:
            return None
        body = from_json(response)
        if type(body) is not dict or body.get("error"):
            return None
        left = of_answer(body)
        return None if left is None else Outline(sent, to_json(left))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


_NAMED = ("model", "stream", "user", "safety_identifier", "inference_geo", "store", "background")


def _request(data: bytes) -> bytes | None:
    """What readers need of a request: whom and what it names, and the kinds of content that are no text."""
    request = from_json(data)
    if type(request) is not dict or not request:
        return None
    kinds = counts.kinds_sent(request)
    if not kinds and _TELLING.isdisjoint(request) and type(model := request.get("model")) is str:
        return _plain_request(model)  # Nearly always.
    left: Json = {}
    for name in _NAMED:
        if name in request and type(value := request[name]) in (str, bool):
            left[name] = value
    if "stream" in request and "stream" not in left:
        return None
    if type(metadata := request.get("metadata")) is dict and type(user := metadata.get("user_id")) is str:
        left["metadata"] = {"user_id": user}
    if "tools" in request or "google" in request:
        # Whether all tools are the caller's own functions decides how an unnamed count is read.
        tools = request.get("tools")
        are_functions = type(tools) is list and all(
            type(tool) is dict and tool.get("type") == "function" for tool in tools
        )
        if not are_functions or "google" in request:
            return None
        left["tools"] = [{"type": "function"}]
    left["messages"] = [{"content": [{"type": kind} for kind in sorted(kinds)]}] if kinds else []
    return to_json(left)


_TELLING = frozenset({*_NAMED, "metadata", "tools", "google"} - {"model"})
"""Members of a request that say something beside its model and its messages."""


@lru_cache(1000)
def _plain_request(model: str) -> bytes:
    return to_json({"model": model, "messages": []})


def _chat(body: Json) -> Json | None:
    """A chat completion: what `chat_completions.plain` looks at."""
    choices = body.get("choices")
    usage = body.get("usage")
    if type(choices) is not list or not choices or "x_groq" in body or not usage_in(usage):
        return None
    first = choices[0]
    if type(first) is not dict or first.get("error"):
        return None
    return {
        "id": text_in(body.get("id")),
        "model": text_in(body.get("model")),
        "service_tier": text_in(body.get("service_tier")),
        "usage": usage,
        "choices": [{"finish_reason": text_in(first.get("finish_reason"))}],
    }


def _message(body: Json) -> Json | None:
    """An Anthropic message: what `messages.plain` looks at."""
    usage = body.get("usage")
    if body.get("type") != "message" or not usage_in(usage):
        return None
    return {
        "type": "message",
        "id": text_in(body.get("id")),
        "model": text_in(body.get("model")),
        "stop_reason": text_in(body.get("stop_reason")),
        "usage": usage,
    }


def _response(body: Json) -> Json | None:
    """An answer of the Responses API: what `responses.plain` looks at."""
    left = response_in(body)
    return left if left is not None and left["status"] in ("completed", "incomplete") else None


_ANSWERS: dict[str, Callable[[Json], Json | None]] = {
    "openai.chat": _chat,
    "openai.responses": _response,
    "anthropic.messages": _message,
}
_STREAMS: dict[str, Callable[[bytes], StreamOutline | None]] = {
    "openai.chat": CHAT_STREAM,
    "openai.responses": RESPONSES_STREAM,
    "anthropic.messages": MESSAGES_STREAM,
}
