"""Whatever comes back, reading it does not raise, and says nothing impossible."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from llmtrack.capture.readers import READERS, ErrorSeen, Exchange, Reading, read
from llmtrack.error_types import ErrorType
from llmtrack.pricing.usage import Usage
from tests.reading.bodies import Json
from tests.reading.samples import PLAIN, STREAMED

pytestmark = pytest.mark.slow

STATUSES = {"ok", "error", "cancelled", "abandoned", "incomplete", "refused", "pending"}
# The words readers look for, so that made-up JSON gets past their first look.
KEYS = st.sampled_from(
    [
        "id",
        "model",
        "usage",
        "choices",
        "index",
        "delta",
        "message",
        "content",
        "finish_reason",
        "error",
        "type",
        "code",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "response",
        "status",
        "output",
        "output_index",
        "item",
        "incomplete_details",
        "reason",
        "service_tier",
        "input_tokens",
        "output_tokens",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "cache_creation",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "iterations",
        "server_tool_use",
        "web_search_requests",
        "content_block",
        "partial_json",
        "text",
        "thinking",
        "stop_reason",
        "data",
        "b64_json",
        "url",
        "role",
        "parts",
        "system",
        "messages",
        "input",
        "instructions",
        "image_url",
        "source",
        "tools",
        "cost",
        "tool_usage",
        "audio",
        "images",
        "results",
        "categories",
        "embedding",
        "requests",
        "params",
        "user",
        "metadata",
        "user_id",
        "stream",
        "prompt",
        "svg_usage",
    ]
)
WORDS = st.sampled_from(
    [
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "error",
        "ping",
        "response.created",
        "response.completed",
        "response.failed",
        "response.output_text.delta",
        "response.output_item.added",
        "message",
        "tool_use",
        "text",
        "image",
        "document",
        "tool_result",
        "reasoning",
        "function_call",
        "function_call_output",
        "web_search_call",
        "stop",
        "length",
        "completed",
        "in_progress",
        "failed",
        "data:image/png;base64,AAAA",
        "transcript.text.done",
        "image_generation.completed",
        "base64",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=8)
LINES = st.sampled_from(["\n", "\r\n", "\r"])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["", "event: x", "event: error", ": comment", "id: 1"]), OBJECTS | VALUES), max_size=8
)
ENDED = st.sampled_from(["read", "closed", "abandoned", "error", "cancelled", "refused"])
ERRORS = st.none() | st.builds(
    ErrorSeen,
    st.sampled_from(["APIStatusError", "CancelledError", "X"]),
    st.text(max_size=9),
    st.none() | st.integers(),
    VALUES,
)
READER = st.sampled_from(sorted(READERS))
PLENTY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def sensible(reading: Reading) -> None:
    """Fails if `reading` says what cannot be, or what cannot be kept."""
    assert reading.status in STATUSES
    assert reading.error_type is None or reading.error_type in list(ErrorType)
    usages = [reading.usage, *(usage for _, usage in reading.usage.others)]
    for usage in usages:
        for name in Usage.__dataclass_fields__:
            count = getattr(usage, name)
            if name == "tools":
                assert all(runs >= 0 for runs in count.values())
            elif name not in ("others", "doubt", "uncounted", "text_only"):
                assert count is None or count >= 0
    for kept in (
        reading.request_model, reading.response_model, reading.response_id, reading.finish_reason,
        reading.service_tier, reading.error_code, reading.error_message, reading.user_id,
    ):  # fmt: skip
        assert kept is None or isinstance(kept, str)
    assert reading.time_to_first_token is None or reading.time_to_first_token >= 0
    to_json([reading.input, reading.output], inf_nan_mode="constants")
    json.dumps([reading.input, reading.output, reading.error_message], ensure_ascii=False).encode()


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def both(reader: str, exchange: Exchange) -> None:
    """Reads with and without content, which differ in nothing but the content."""
    full, bare = read(reader, exchange, content=True), read(reader, exchange, content=False)
    sensible(full)
    sensible(bare)
    assert full.note is None or "could not be read" not in full.note
    assert (bare.input, bare.output, bare.error_message) == (None, None, None)
    assert (full.status, full.usage, full.estimated, full.error_type) == (
        bare.status,
        bare.usage,
        bare.estimated,
        bare.error_type,
    )


def pieces(data: st.DataObject, body: bytes) -> list[tuple[int, int]]:
    cuts = sorted(data.draw(st.sets(st.integers(0, max(0, len(body))), max_size=6)) | {len(body)})
    return [(end, 10 * at) for at, end in enumerate(cuts)]


@PLENTY
@given(READER, st.binary(max_size=300), st.binary(max_size=100), st.sampled_from(["", "application/json", "text/event-stream", "application/vnd.amazon.eventstream", "audio/mpeg"]), st.sampled_from(["", "gzip", "deflate", "br", "zstd", "gzip, deflate"]), ENDED, ERRORS)  # fmt: skip
def test_any_bytes(
    reader: str, body: bytes, request: bytes, kind: str, encoding: str, ended: str, error: ErrorSeen | None
) -> None:
    both(reader, Exchange(request, body, kind, encoding, http_status=200, ended=ended, error=error))


@PLENTY
@given(READER, OBJECTS | VALUES, OBJECTS, st.none() | st.integers(100, 599), ENDED, ERRORS)
def test_any_json(
    reader: str, body: Any, request: Json, status: int | None, ended: str, error: ErrorSeen | None
) -> None:
    both(
        reader,
        Exchange(dumped(request), dumped(body), "application/json", http_status=status, ended=ended, error=error),
    )


@PLENTY
@given(READER, EVENTS, LINES, st.booleans(), st.booleans(), OBJECTS, ENDED, st.data())
def test_any_stream_in_any_pieces(
    reader: str,
    events: list[tuple[str, Any]],
    end: str,
    done: bool,
    zipped: bool,
    request: Json,
    ended: str,
    data: st.DataObject,
) -> None:
    text = "".join(f"{head}{end if head else ''}data: {json.dumps(value)}{end}{end}" for head, value in events)
    body = (text + (f"data: [DONE]{end}{end}" if done else "")).encode()
    body = body[: data.draw(st.integers(0, len(body)))] if data.draw(st.booleans()) else body
    if zipped:
        body = gzip.compress(body)
    chunks = pieces(data, body)
    both(
        reader,
        Exchange(
            dumped({**request, "stream": True}), body, "text/event-stream", "gzip" if zipped else "", chunks, 200, ended
        ),
    )


@PLENTY
@given(READER, st.integers(1, 2000), st.sampled_from([b"[", b'{"a":', b'data: {"a":', b"data: ["]))
def test_any_depth(reader: str, depth: int, opening: bytes) -> None:
    both(reader, Exchange(b"{}", opening * depth, "application/json", http_status=200))


def spoiled(data: st.DataObject, value: Any) -> Any:
    """`value` with a few of the values in it replaced by others."""
    if data.draw(st.integers(0, 14)) == 0:
        return data.draw(VALUES)
    if isinstance(value, dict):
        return {key: spoiled(data, item) for key, item in value.items()}
    return [spoiled(data, item) for item in value] if isinstance(value, list) else value


@PLENTY
@given(st.sampled_from(PLAIN), st.data())
def test_an_ordinary_answer_in_which_anything_is_odd(sample: tuple[str, Json, Json], data: st.DataObject) -> None:
    reader, request, body = sample
    both(
        reader,
        Exchange(dumped(spoiled(data, request)), dumped(spoiled(data, body)), "application/json", http_status=200),
    )


@PLENTY
@given(st.sampled_from(STREAMED), ENDED, st.data())
def test_an_ordinary_stream_in_which_anything_is_odd(
    sample: tuple[str, Json, list[Json]], ended: str, data: st.DataObject
) -> None:
    reader, request, events = sample
    body = b"".join(b"data: " + dumped(spoiled(data, event)) + b"\n\n" for event in events)
    both(
        reader,
        Exchange(dumped(spoiled(data, request)), body, "text/event-stream", http_status=200, ended=ended),
    )
