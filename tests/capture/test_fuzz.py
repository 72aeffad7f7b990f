"""Arbitrary answers: the caller sees what the bare SDK shows, a row is written, and nothing of ours fails."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmtrack
from llmtrack.anthropic import Anthropic
from llmtrack.capture.tracker import Tracker
from llmtrack.openai import OpenAI
from tests.capture.ways import CHAT, CLAUDE, shown
from tests.fuzz import tries
from tests.provider.anthropic_wire import events as claude_events
from tests.provider.anthropic_wire import message
from tests.provider.openai_chat import chat
from tests.provider.openai_responses import create
from tests.provider.reply import Reply

pytestmark = pytest.mark.slow

ENOUGH = tries(60)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(
        ["choices", "usage", "id", "model", "content", "delta", "type", "message", "error", "output", "index",
         "prompt_tokens", "input_tokens", "output_tokens", "finish_reason", "tool_calls", "role", "data"]
    ), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


def mutated(value: Any, draw: Any) -> Any:
    """A real answer of which a part was replaced by something else."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: mutated(value[key], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], mutated(value[place], draw), *value[place + 1 :]]
    return draw(JSON)


REAL = [
    chat("gpt-4o", {"thinking": ""}, {}).body,
    create("gpt-4o", {}, {}, "resp_1").body,
    message(Reply("claude-sonnet-4-6", {"tools": "", "server-tools": "", "iterations": ""})),
]
STREAMS = [
    chat("gpt-4o", {"tools": ""}, {"stream": True}).events,
    create("gpt-4o", {}, {"stream": True}, "resp_1").events,
    claude_events(Reply("claude-sonnet-4-6", {"thinking": ""})),
]
PARTS: list[bytes] = [event for events in STREAMS for event in events or ()]


@st.composite
def bodies(draw: Any) -> bytes:
    """Bodies of plain answers."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return bytes(draw(st.binary(max_size=200)))
    value = draw(JSON) if kind == 1 else mutated(draw(st.sampled_from(REAL)), draw)
    return json.dumps(value).encode(errors="surrogatepass")


@st.composite
def streams(draw: Any) -> bytes:
    """Bodies of streamed answers."""
    pieces = []
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            pieces.append(draw(st.binary(max_size=40)))
        elif kind == 1:
            pieces.append(
                b"data: " + json.dumps(draw(JSON)).encode() + draw(st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n"]))
            )
        else:
            event = draw(st.sampled_from(PARTS))
            if kind == 3 and b"data: {" in event:
                head, _, data = event.partition(b"data: ")
                event = head + b"data: " + json.dumps(mutated(json.loads(data), draw)).encode() + b"\n\n"
            pieces.append(event)
    return b"".join(pieces)


class Cut(httpx2.SyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces


CALLS = {
    "chat": lambda c, **o: c.chat.completions.create(**CHAT, **o),
    "responses": lambda c, **o: c.responses.create(model="gpt-4o", input="Hi", **o),
    "messages": lambda c, **o: c.messages.create(**CLAUDE, **o),
    "embeddings": lambda c, **o: c.embeddings.create(model="e", input="x", encoding_format="float"),
}
PLAIN = {
    "chat": openai.OpenAI,
    "responses": openai.OpenAI,
    "embeddings": openai.OpenAI,
    "messages": anthropic.Anthropic,
}
OURS = {"chat": OpenAI, "responses": OpenAI, "embeddings": OpenAI, "messages": Anthropic}


def outcome(client_class: Any, call: Any, answer: Any, tracker: Tracker | None, stream: bool) -> Any:
    """What a caller sees of an answer."""
    with httpx2.Client(transport=httpx2.MockTransport(lambda request: answer())) as http:
        client = client_class(api_key="k", http_client=http, max_retries=0)
        if tracker is not None:
            llmtrack.track(client, tracker=tracker)
        seen: list[Any] = []
        try:
            result = call(client, **({"stream": True} if stream else {}))
            if stream:
                for item in result:
                    seen.append(repr(shown(item)))
            else:
                seen.append(repr(shown(result)))
        except Exception as error:
            seen.append(repr(shown(error)))
        return seen


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Tracker]:
    """One tracker for many answers."""
    with tempfile.TemporaryDirectory() as directory:
        tracker = Tracker(f"sqlite:///{directory}/fuzz.db", journal_dir=Path(directory) / "journal")
        yield tracker
        tracker.close(60)


def compare(kind: str, answer: Any, tracker: Tracker, stream: bool) -> None:
    """The bare client and ours see the same, and one record is taken in."""
    bare = outcome(PLAIN[kind], CALLS[kind], answer, None, stream)
    before = tracker.status()
    assert outcome(OURS[kind], CALLS[kind], answer, tracker, stream) == bare
    flushed = tracker.flush(60)
    assert flushed.written == before.written + 1
    assert (flushed.waiting, flushed.failed) == (0, 0)
    assert tracker.health.counts() == {}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@ENOUGH
@given(kind=st.sampled_from(sorted(CALLS)), body=bodies(), status=st.sampled_from([200, 200, 201, 400, 404, 500]),
       content_type=st.sampled_from(["application/json", "application/json", "text/plain", "", "text/event-stream"]))  # fmt: skip
def test_any_plain_answer(fuzzed: Tracker, kind: str, body: bytes, status: int, content_type: str) -> None:
    def answer() -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": content_type}, content=body)

    compare(kind, answer, fuzzed, stream=False)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@ENOUGH
@given(
    kind=st.sampled_from(["chat", "responses", "messages"]),
    body=streams(),
    cuts=st.lists(st.integers(0, 3000), max_size=9),
)
def test_any_stream(fuzzed: Tracker, kind: str, body: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    pieces = [body[a:b] for a, b in pairwise(places)]

    def answer() -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Cut(pieces))

    compare(kind, answer, fuzzed, stream=True)
