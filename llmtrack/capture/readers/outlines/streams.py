"""Outlines of streams: the events that say something but words, the first of those that bring words, and the last.

Nearly every event of a stream differs from the one before only in its word, and is recognised by what stands around
that. The others are parsed. An event that may be an error, or that nobody knows, leaves the stream without an outline.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from llmtrack.capture.readers.outlines.members import response_in, text_in, usage_in
from llmtrack.capture.readers.responses import OUTPUT, calls

Json = dict[str, Any]


class StreamOutline(NamedTuple):
    """The events that are left of a stream; see `exchange.Outline`."""

    response: bytes
    lengths: tuple[int, ...]
    places: tuple[int, ...]


_DONE = b"data: [DONE]"
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_STRINGS = re.compile(rb'(?:"(?:[^"\\]|\\.)*")*')
_LOOKS = 8
"""So often it is looked how many events are alike: it takes a look at all the rest of the stream."""
_WORD = {"chat": re.compile(rb'"content": ?"'), "messages": re.compile(rb'"text": ?"')}
_NO_WORD = re.compile(rb"(?!)")
_SPOKEN = ("content", "tool_calls", "reasoning_content", "reasoning", "refusal", "function_call", "audio", "images")


class _StreamState:
    """The events kept so far."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.first: int | None = None
        """How many of them there are up to the first that brings output …"""
        self.first_end = 0
        """… and where that ended in the stream."""
        self.counted = False
        """The output has been counted."""
        self.names: Any = None

    def outline(self, size: int) -> StreamOutline | None:
        if not self.counted or not self.events:
            return None
        rest = b"".join(self.events)
        if self.first is None:
            return StreamOutline(rest, (len(rest),), (size,))
        begun = sum(map(len, self.events[: self.first]))
        if begun == len(rest):
            return StreamOutline(rest, (begun,), (self.first_end,))
        return StreamOutline(rest, (begun, len(rest) - begun), (self.first_end, size))


def _made_by(
    head: bytes,
    word: re.Pattern[bytes],
    keep: Callable[[Json, _StreamState, int], bool],
    skips: Callable[[bytes], bool] = lambda event: False,
) -> Callable[[bytes], StreamOutline | None]:
    """What makes the outline of a stream whose events begin with `head`.

    `keep` takes an event in, or says that there is no outline; what `skips` says after the first output is left out.
    """

    lines = 1 if head == b"data: " else 2

    def made(body: bytes) -> StreamOutline | None:
        if b"\r" in body or not body.endswith(b"\n\n"):
            return None
        state = _StreamState()
        for event, end in _unlike_the_last(body, word, state):
            if event == _DONE:
                if end != len(body):
                    return None
                state.events.append(_DONE + b"\n\n")
                break
            start = 0 if lines == 1 else event.find(b"\n") + 1
            if not event.startswith(head) or event.count(b"\n") != lines - 1 or event.startswith(b"event: error"):
                return None
            if not event.startswith(b"data: ", start):
                return None
            if state.first is not None and skips(event):
                continue
            value = from_json(event[start + 6 :])
            if type(value) is not dict or not keep(value, state, end):
                return None
        return state.outline(len(body))

    return made


def _unlike_the_last(body: bytes, word: re.Pattern[bytes], state: _StreamState) -> Iterator[tuple[bytes, int]]:
    """The events that are not, but for their word, like the last that brought one; each with its end in `body`."""
    at, looks = 0, _LOOKS
    while at < len(body):
        end = body.index(b"\n\n", at) + 2
        event, first = body[at : end - 2], state.first
        yield event, end
        at = end
        # Only what follows an event with output may be left out: the first one is looked for.
        if looks and first is not None and state.first == first and (match := word.search(event)) is not None:
            spoken = _STRING.match(event, match.end() - 1)
            if spoken is not None and spoken.end() - spoken.start() > 2:
                looks -= 1
                at = _after_words(body, at, event[: spoken.start(1)], event[spoken.end(1) :] + b"\n\n")


def _after_words(body: bytes, at: int, before: bytes, after: bytes) -> int:
    """Where the events end that follow one another from `at` on, each a word between `before` and `after`."""
    if not body.startswith(before, at):
        return at
    between = after + before
    pieces = body[at + len(before) :].split(between)
    pieces[-1] = pieces[-1].partition(after)[0] if after in pieces[-1] else b'"'
    if not _are_words(pieces):
        count = next(number for number, piece in enumerate(pieces) if not _are_words([piece]))
        last = pieces[count].partition(after)
        pieces = [*pieces[:count], last[0]] if last[1] and _are_words([last[0]]) else pieces[:count]
    return at + (sum(map(len, pieces)) + len(pieces) * len(between) if pieces else 0)


def _are_words(pieces: list[bytes]) -> bool:
    """Whether each of these is the inside of a JSON text."""
    quoted = b'"' + b'""'.join(pieces) + b'"'
    if b"\n" in quoted:
        return False
    return (b"\\" not in quoted and quoted.count(b'"') == 2 * len(pieces)) or _STRINGS.fullmatch(quoted) is not None


def _keep_chunk(event: Json, state: _StreamState, end: int) -> bool:
    """A chunk of a chat completion: what `chat_completions.stream` looks at."""
    choices, usage = event.get("choices"), event.get("usage")
    if event.get("error") or "x_groq" in event or type(choices) is not list:
        return False
    names = {name: text_in(event.get(name)) for name in ("id", "model", "service_tier")}
    left: list[Json] = []
    speaks = False
    for choice in choices:
        if type(choice) is not dict or "usage" in choice:
            return False
        brief: Json = {}
        if finish := choice.get("finish_reason"):
            brief = {"index": choice.get("index"), "finish_reason": text_in(finish)}
            if type(brief["index"]) not in (int, type(None)):
                return False
        delta = choice.get("delta")
        if choice.get("text") or (type(delta) is dict and any(delta.get(name) for name in _SPOKEN)):
            speaks = True
            if state.first is None:
                brief["delta"] = {"content": "."}
        if brief:
            left.append(brief)
    if usage and not usage_in(usage):
        return False
    if usage:
        state.counted = type(usage.get("completion_tokens")) is int
        names["usage"] = usage
    if left or usage or (names != state.names and any(names.values())):
        _append(state, b"", {**names, "choices": left})
        state.names = {name: names[name] for name in ("id", "model", "service_tier")}
    if speaks and state.first is None:
        state.first, state.first_end = len(state.events), end
    return True


def _keep_event(event: Json, state: _StreamState, end: int) -> bool:
    """An event of a message: what `messages.stream` looks at."""
    kind = event.get("type")
    if kind == "content_block_delta":
        if state.first is None:
            _append(state, b"event: content_block_delta\n", {"type": kind})
            state.first, state.first_end = len(state.events), end
        return True
    if kind == "content_block_start":
        block = event.get("content_block")
        if state.first is None and type(block) is dict and (block.get("type") not in _SILENT or block.get("text")):
            _append(state, b"event: content_block_start\n", {"type": kind, "content_block": {"type": "tool_use"}})
            state.first, state.first_end = len(state.events), end
        return True
    if kind == "message_start":
        message = event.get("message")
        if type(message) is not dict or not usage_in(message.get("usage")):
            return False
        named = {name: text_in(message.get(name)) for name in ("id", "model")}
        _append(state, b"event: message_start\n", {"type": kind, "message": {**named, "usage": message["usage"]}})
        return True
    if kind == "message_delta":
        delta, usage = event.get("delta"), event.get("usage")
        if (
            type(delta) is not dict
            or type(usage) is not dict
            or not usage_in(usage)
            or type(usage.get("output_tokens")) is not int
        ):
            return False
        state.counted = True
        brief = {"stop_reason": text_in(delta.get("stop_reason"))}
        _append(state, b"event: message_delta\n", {"type": kind, "delta": brief, "usage": usage})
        return True
    if kind == "message_stop":
        _append(state, b"event: message_stop\n", {"type": kind})
        return True
    return kind in ("content_block_stop", "ping")


_SILENT = ("text", "thinking")


def _keep_of_response(event: Json, state: _StreamState, end: int) -> bool:
    """An event of a response: what `responses.stream` looks at."""
    kind, response = event.get("type"), event.get("response")
    if type(kind) is not str or kind == "error" or kind == "response.failed" or event.get("error"):
        return False
    left: Json = {}
    speaks = state.first is None and (kind.endswith(".delta") or kind in OUTPUT or calls(kind, event))
    if speaks:
        # By its kind alone it is output, but for the start of a tool call.
        left = {"type": kind, "item": {"type": "function_call"}}
    if type(response) is dict:
        brief = response_in(response)
        if brief is None:
            return False
        usage: Json = brief["usage"] or {}
        state.counted = state.counted or type(usage.get("output_tokens")) is int
        left |= {"type": kind, "response": brief}
    if left:
        _append(state, b"event: response\n", left)
    if speaks:
        state.first, state.first_end = len(state.events), end
    return True


def _is_word_of_response(event: bytes) -> bool:
    """Whether an event can be nothing but another piece of a text, a thought or an argument."""
    head = event[:60]
    return b".delta\n" in head and b'"response"' not in event and b'"error"' not in event and b'"type"' in event


def _append(state: _StreamState, head: bytes, event: Json) -> None:
    state.events.append(head + b"data: " + to_json(event) + b"\n\n")


CHAT_STREAM = _made_by(b"data: ", _WORD["chat"], _keep_chunk)
RESPONSES_STREAM = _made_by(b"event: ", _NO_WORD, _keep_of_response, _is_word_of_response)
MESSAGES_STREAM = _made_by(b"event: ", _WORD["messages"], _keep_event)
