"""From bytes to JSON: compression, and streams that are cut in every way."""

from __future__ import annotations

import binascii
import gzip
import json
import struct
import zlib
from typing import Any

import pytest

from llmtrack.capture.readers import event_stream
from tests.reading.bodies import Json, lines, named, seen

ASKED: Json = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
PIECES: list[Json] = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in ("Grüße", " 🙂", " 你好")]
END: Json = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
STREAM = lines(*PIECES, END) + b"data: [DONE]\n\n"


def words(body: bytes, **more: Any) -> str:
    reading = seen("openai.chat", body, ASKED, **more)
    assert reading.output is not None, reading.note
    return "".join(part["content"] for part in reading.output[0]["parts"])


@pytest.mark.parametrize(
    "body",
    [
        STREAM,
        STREAM.replace(b"\n", b"\r\n"),
        STREAM.replace(b"\n", b"\r"),
        STREAM.replace(b"data: ", b"data:"),
        STREAM.replace(b"data: ", b"id: 7\nretry: 10\ndata: "),
        STREAM.replace(b"data: ", b"event: message\ndata: "),
        b"\xef\xbb\xbf" + STREAM.replace(b"\n", b"\r\n"),
        b": OPENROUTER PROCESSING\n\n\n\n" + STREAM,
        STREAM.removesuffix(b"\n\n"),
        STREAM.removesuffix(b"data: [DONE]\n\n"),
        STREAM + b"data: not json\n\n",
        STREAM.replace(b', "finish_reason"', b',\ndata:  "finish_reason"'),
        STREAM.replace(b"data: [DONE]", b"data: [1, 2]\n\ndata: null\n\ndata: [DONE]"),
        STREAM + lines({"choices": [{"delta": {"content": "after the end"}}]}),
    ],
)
def test_streams_are_read_however_their_lines_end(body: bytes) -> None:
    assert words(body) == "Grüße 🙂 你好"


def test_an_event_that_was_not_finished_does_not_count() -> None:
    assert words(STREAM[: STREAM.index(b"[DONE]") - 20]) == "Grüße 🙂 你好"
    assert words(lines(*PIECES[:2]) + lines(PIECES[2])[:-1]) == "Grüße 🙂"


def test_halves_of_characters_do_no_harm() -> None:
    body = b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}\n\ndata: {"choices":[{"index":0,"delta":{"content":"\xff!"}}]}\n\n'
    assert words(body).encode() == "a\ufffd\ufffd!".encode()


def test_a_stream_is_known_by_its_look_where_its_type_is_wrong() -> None:
    assert words(STREAM, content_type="text/plain") == "Grüße 🙂 你好"


def test_a_plain_answer_is_known_by_its_look_where_its_type_is_wrong() -> None:
    body = {"error": {"message": "No such model.", "type": "invalid_request_error", "code": "model_not_found"}}
    reading = seen("openai.chat", json.dumps(body).encode(), ASKED)
    assert (reading.status, reading.error_type) == ("error", "not_found")


def pieces_of(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_the_first_token_of_a_compressed_stream_can_be_timed(encoding: str) -> None:
    role = lines({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
    window = {"gzip": 31, "deflate": 15, "raw deflate": -15}[encoding]
    packer = zlib.compressobj(6, zlib.DEFLATED, window)
    packed, chunks, at = b"", [], 0
    for piece in (role, lines(PIECES[0]), STREAM):
        packed += packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
        at += 1_000
        chunks.append((len(packed), at))
    reading = seen("openai.chat", packed, ASKED, content_encoding=encoding.split()[-1], chunks=chunks)
    assert (reading.status, reading.time_to_first_token) == ("ok", 2_000)


def test_a_compressed_body_that_breaks_off_is_read_as_far_as_it_came() -> None:
    body = lines(*PIECES, *([PIECES[0]] * 500))
    reading = seen("openai.chat", gzip.compress(body)[:-9], ASKED, content_encoding="gzip", ended="closed")
    assert reading.status == "abandoned"
    assert reading.output is not None
    assert reading.output[0]["parts"][0]["content"].startswith("Grüße 🙂 你好Grüße")


def test_a_body_whose_compression_was_undone_already_is_read_as_it_is() -> None:
    assert words(STREAM, content_encoding="gzip") == "Grüße 🙂 你好"


def test_an_unknown_compression_leaves_the_answer_unknown() -> None:
    reading = seen("openai.chat", b"\x00\x01\x02", ASKED, content_encoding="br, gzip", ended="closed")
    assert (reading.status, reading.usage.output_tokens) == ("abandoned", None)


def test_the_time_of_a_byte_is_that_of_the_piece_it_came_in() -> None:
    pieces = [(10, 1), (20, 2)]
    assert [event_stream.time_of(end, pieces) for end in (1, 10, 11, 20, 21)] == [1, 1, 2, 2, None]


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """A frame of Amazon's event stream."""
    packed = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    head = prelude + struct.pack(">I", binascii.crc32(prelude)) + packed + payload
    return head + struct.pack(">I", binascii.crc32(head))


def chunk(event: Json) -> bytes:
    inner = binascii.b2a_base64(json.dumps(event).encode(), newline=False).decode()
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps({"bytes": inner, "p": "abcd"}).encode())


MESSAGE: Json = {"id": "msg_1", "model": "claude-haiku-4-5", "usage": {"input_tokens": 10, "output_tokens": 1}}
SPOKEN: tuple[Json, ...] = (
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
)
LAST: tuple[Json, ...] = (
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)
AMAZON = "application/vnd.amazon.eventstream"


def test_amazons_event_stream_is_read_like_any_other() -> None:
    first = chunk(SPOKEN[0])
    body = first + b"".join(chunk(event) for event in (*SPOKEN[1:], *LAST))
    told: dict[str, Any] = {
        "content_type": AMAZON,
        "path": "/model/anthropic.claude-haiku-4-5-v1%3A0/invoke-with-response-stream",
    }
    reading = seen("anthropic.messages", body, {"max_tokens": 9}, chunks=[(len(first), 1), (len(body), 2)], **told)
    plain = seen("anthropic.messages", named(*SPOKEN, *LAST), {"max_tokens": 9})
    assert (reading.usage, reading.output, reading.status) == (plain.usage, plain.output, "ok")
    assert (reading.request_model, reading.time_to_first_token) == ("anthropic.claude-haiku-4-5-v1:0", 2)


def test_an_exception_in_amazons_event_stream_is_an_error() -> None:
    thrown = frame(
        {":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message": "Too many requests"}'
    )
    reading = seen("anthropic.messages", chunk(SPOKEN[0]) + chunk(SPOKEN[1]) + thrown, None, content_type=AMAZON)
    assert (reading.status, reading.error_type, reading.error_code) == ("error", "rate_limit", "throttlingException")
    assert (reading.error_message, reading.usage.input_tokens) == ("Too many requests", 10)


def test_amazons_event_stream_may_break_off_anywhere() -> None:
    body = b"".join(chunk(event) for event in (*SPOKEN, *LAST))
    for end in range(0, len(body), 7):
        assert seen("anthropic.messages", body[:end], None, content_type=AMAZON).status in ("incomplete", "ok")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_plain_answer_whose_compression_was_undone_already_is_read_as_it_is(encoding: str) -> None:
    body = {"id": "x", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
    assert seen("openai.chat", body, {}, content_encoding=encoding).usage.input_tokens == 5
