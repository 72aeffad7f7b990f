"""The usage that we asked for on the caller's behalf is taken out of the stream, and nothing else is."""

from __future__ import annotations

import gzip
import json
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.capture.usage_filter import UsageFilter, ZippedUsageFilter

TEXT = {"system_fingerprint": None, "choices": [{"delta": {"content": 'He said ,"usage":null and left'}}]}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2}


def event(value: Any, end: bytes = b"\n\n", **format: Any) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(value, **format).encode() + end


def passed(chunks: list[bytes]) -> bytes:
    """What comes out of the filter."""
    hide = UsageFilter()
    return b"".join([*(hide.feed(chunk) for chunk in chunks), hide.rest()])


def test_the_event_that_is_only_usage_goes_and_the_empty_usage_of_the_others_too() -> None:
    asked = event({**TEXT, "usage": None}) + event({"choices": [], "usage": USAGE}) + b"data: [DONE]\n\n"
    assert passed([asked]) == event(TEXT) + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "value",
    [
        {"choices": [{"delta": {}}], "usage": USAGE},
        {"choices": [], "usage": {}},
        {"choices": None, "usage": USAGE},
        {"choices": [], "error": "no"},
        {"choices": [], "usage": USAGE, "moderation": {"input": {"type": "moderation_results", "results": []}}},
        {"choices": [], "usage": USAGE, "timings": {"prompt_ms": 1.5}},
        TEXT,
    ],
)
def test_anything_else_passes_byte_for_byte(value: Any) -> None:
    whole = event(value) + b": a comment\n\nevent: x\ndata: not json\n\ndata: [DONE]\n\n"
    assert passed([whole]) == whole


def test_members_without_a_value_do_not_make_the_usage_the_callers() -> None:
    asked = event({"id": "1", "choices": [], "usage": USAGE, "moderation": None, "obfuscation": "x"})
    assert passed([asked]) == b""


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_empty_usage_is_taken_out_wherever_it_stands(separators: Any, end: bytes, place: str) -> None:
    others: list[tuple[str, Any]] = [("system_fingerprint", "fp"), ("choices", [1])]
    others.insert({"first": 0, "middle": 1, "last": 2}[place], ("usage", None))
    without = dict(pair for pair in others if pair[0] != "usage")
    assert passed([event(dict(others), end, separators=separators)]) == event(without, end, separators=separators)


INNER = {"choices": [{"delta": {"content": "Hi"}, "usage": None}], "x": {"a": 1, "usage": None}}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize(
    "value", [INNER, {"y": [{"usage": None}]}, {"type": "response.in_progress", "response": {"usage": None}}]
)
def test_empty_usage_inside_of_something_else_is_the_callers(value: Any, separators: Any) -> None:
    assert passed([event(value, separators=separators)]) == event(value, separators=separators)
    both = event({**value, "usage": None, "obfuscation": "x}"}, separators=separators)
    without = event({**value, "obfuscation": "x}"}, separators=separators)
    assert passed([both]) == (without if "choices" in value else both)


def test_what_is_complete_is_passed_on_at_once() -> None:
    hide = UsageFilter()
    assert hide.feed(event(TEXT)) == event(TEXT)
    assert hide.feed(event(TEXT) + b"data: {") == event(TEXT)
    assert hide.feed(b'"a": 1}\n') == b""
    assert hide.feed(b"\n") == b'data: {"a": 1}\n\n'


EVENTS = st.lists(
    st.sampled_from(
        [
            (event({**TEXT, "usage": None}), event(TEXT)),
            (event({**TEXT, "usage": None}, b"\r\n\r\n"), event(TEXT, b"\r\n\r\n")),
            (event({"choices": [], "usage": USAGE}), b""),
            (event(TEXT), event(TEXT)),
            (b": comment\n\n", b": comment\n\n"),
            (b"data: [DONE]\n\n", b"data: [DONE]\n\n"),
        ]
    ),
    max_size=8,
)


@given(
    events=EVENTS, cuts=st.lists(st.integers(0, 2000), max_size=12), zipped=st.sampled_from([None, "gzip", "deflate"])
)
def test_however_the_stream_is_cut_into_pieces(events: Any, cuts: list[int], zipped: str | None) -> None:
    sent, wanted = (b"".join(pair[side] for pair in events) for side in (0, 1))
    if zipped is not None:
        sent = gzip.compress(sent) if zipped == "gzip" else zlib.compress(sent)
    places = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    chunks = [sent[a:b] for a, b in pairwise(places)]
    if zipped is None:
        assert passed(chunks) == wanted
    else:
        hide = ZippedUsageFilter(zipped)
        out = b"".join([*(hide.feed(chunk) for chunk in chunks), hide.rest()])
        assert zlib.decompress(out, zlib.MAX_WBITS | 32) == wanted


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_arbitrary_bytes_without_usage_pass_as_they_are(chunks: list[bytes]) -> None:
    assert passed(chunks) == b"".join(chunks)
