"""Endpoints beside chat: embeddings, moderations, images, sound, counts, batches."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmtrack.pricing.usage import Usage
from tests.reading.bodies import DONE, Json, known, lines, named, seen

HELLO_SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
BLOB = {"size": 5, "sha256": HELLO_SHA256}


def test_embeddings_have_input_only_and_their_vectors_are_not_kept() -> None:
    body = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"embedding": [0.1, 0.2, 0.3]}, {"embedding": [0.4, 0.5, 0.6]}],
        "usage": {"prompt_tokens": 5, "total_tokens": 5},
    }
    reading = seen(
        "openai.embeddings", body, {"model": "text-embedding-3-small", "input": ["one", "two"], "user": "al"}
    )
    assert (reading.status, known(reading.usage), reading.user_id) == ("ok", {"input_tokens": 5}, "al")
    assert reading.input == [
        {"role": "user", "parts": [{"type": "text", "content": "one"}]},
        {"role": "user", "parts": [{"type": "text", "content": "two"}]},
    ]
    assert reading.output == [{"role": "assistant", "parts": [{"type": "embeddings", "count": 2, "dimensions": 3}]}]


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("one", [{"type": "text", "content": "one"}]),
        ([1, 2, 3], [{"type": "tokens", "count": 3}]),
        ([[1, 2], [3]], [{"type": "tokens", "count": 2}, {"type": "tokens", "count": 1}]),
        (None, []),
        ([], [{"type": "tokens", "count": 0}]),
    ],
)
def test_what_is_embedded_may_be_text_or_tokens(given: object, parts: list[Json]) -> None:
    reading = seen("openai.embeddings", {"data": []}, {"input": given})
    assert [message["parts"][0] for message in reading.input or []] == parts


def test_a_moderation_says_what_was_flagged() -> None:
    body = {
        "id": "modr-1",
        "model": "omni-moderation-latest",
        "results": [{"flagged": True, "categories": {"violence": True, "hate": False, "harassment": True}}],
    }
    asked = {
        "input": [
            {"type": "text", "text": "x"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}},
        ]
    }
    reading = seen("openai.moderations", body, asked)
    assert (reading.status, reading.response_model, known(reading.usage)) == ("ok", "omni-moderation-latest", {})
    part = {"type": "moderation", "flagged": True, "categories": ["harassment", "violence"]}
    assert reading.output == [{"role": "assistant", "parts": [part]}]
    assert reading.input is not None
    assert reading.input[1]["parts"] == [{"type": "blob", "modality": "image", "mime_type": "image/png", **BLOB}]


def test_an_image_is_kept_by_type_size_and_hash() -> None:
    body = {
        "created": 1,
        "output_format": "webp",
        "data": [{"b64_json": "aGVsbG8="}, {"url": "https://example.org/a.png", "revised_prompt": "A red cat"}],
        "usage": {
            "input_tokens": 50,
            "input_tokens_details": {
                "text_tokens": 10,
                "image_tokens": 40,
                "cached_tokens": 30,
                "cached_tokens_details": {"text_tokens": 5, "image_tokens": 25},
            },
            "output_tokens": 1056,
            "output_tokens_details": {"image_tokens": 1056, "text_tokens": 0},
        },
    }
    reading = seen("openai.images", body, {"model": "gpt-image-1", "prompt": "A cat"})
    assert known(reading.usage) == {
        "input_tokens": 50,
        "output_tokens": 1056,
        "cache_read_tokens": 30,
        "input_image_tokens": 40,
        "cache_read_image_tokens": 25,
        "output_image_tokens": 1056,
    }
    assert (reading.request_model, reading.response_model) == ("gpt-image-1", None)
    assert reading.output is not None
    assert reading.output[0]["parts"] == [
        {"type": "blob", "modality": "image", "mime_type": "image/webp", **BLOB},
        {"type": "uri", "modality": "image", "uri": "https://example.org/a.png"},
        {"type": "text", "content": "A red cat"},
    ]


def test_the_model_that_wrote_a_drawing_is_billed_beside_the_one_that_made_the_image() -> None:
    body = {
        "data": [],
        "usage": {"input_tokens": 50, "output_tokens": 100},
        "svg_usage": {"model": "gpt-5.4", "input_tokens": 7, "output_tokens": 30, "reasoning_tokens": 20},
    }
    usage = seen("openai.images", body, {"model": "gpt-image-2"}).usage
    assert (usage.input_tokens, usage.output_tokens) == (57, 130)
    assert usage.others == (("gpt-5.4", Usage(input_tokens=7, output_tokens=30, reasoning_tokens=20)),)


def test_a_streamed_image_ends_with_its_usage() -> None:
    partial = {"type": "image_generation.partial_image", "b64_json": "eA==", "partial_image_index": 0}
    whole = {
        "type": "image_generation.completed",
        "b64_json": "aGVsbG8=",
        "output_format": "png",
        "usage": {"input_tokens": 5, "output_tokens": 100},
    }
    body = named(partial, whole)
    asked = {"model": "gpt-image-1", "prompt": "A cat", "stream": True}
    reading = seen("openai.images", body, asked, chunks=[(len(named(partial)), 3), (len(body), 8)])
    assert (reading.status, reading.time_to_first_token) == ("ok", 3)
    assert known(reading.usage) == {"input_tokens": 5, "output_tokens": 100}
    assert reading.output is not None
    assert reading.output[0]["parts"] == [{"type": "blob", "modality": "image", "mime_type": "image/png", **BLOB}]
    left = seen("openai.images", named(partial), asked, ended="closed")
    assert (left.status, known(left.usage)) == ("abandoned", {})


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        (
            {"text": "Hello.", "usage": {"type": "tokens", "input_tokens": 30, "input_token_details": {"audio_tokens": 25, "text_tokens": 5}, "output_tokens": 4}},
            {"input_tokens": 30, "output_tokens": 4, "input_audio_tokens": 25},
        ),
        ({"text": "Hello.", "usage": {"type": "duration", "seconds": 9}}, {"audio_seconds": Decimal(9)}),
        ({"text": "Hello.", "duration": 8.47, "language": "english"}, {"audio_seconds": Decimal("8.47")}),
        ({"text": "Hello."}, {}),
    ],
)  # fmt: skip
def test_a_transcription_is_billed_by_token_or_by_second(body: Json, counts: Json) -> None:
    reading = seen("openai.audio", body, None)
    assert known(reading.usage) == counts
    assert reading.output == [{"role": "assistant", "parts": [{"type": "text", "content": "Hello."}]}]


def test_a_transcription_may_be_plain_text() -> None:
    reading = seen("openai.audio", b"WEBVTT\n\nHello.\n", None, content_type="text/vtt; charset=utf-8")
    assert reading.status == "ok"
    assert reading.output == [{"role": "assistant", "parts": [{"type": "text", "content": "WEBVTT\n\nHello.\n"}]}]


def test_a_streamed_transcription_ends_with_its_usage() -> None:
    pieces = [{"type": "transcript.text.delta", "delta": word} for word in ("Hel", "lo.")]
    done = {
        "type": "transcript.text.done",
        "text": "Hello.",
        "usage": {"type": "tokens", "input_tokens": 30, "output_tokens": 4},
    }
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "Hello."}]}]
    reading = seen("openai.audio", lines(*pieces, done) + DONE, None)
    assert (reading.status, known(reading.usage), reading.output) == (
        "ok",
        {"input_tokens": 30, "output_tokens": 4},
        said,
    )
    left = seen("openai.audio", lines(*pieces), None, ended="abandoned")
    assert (left.status, left.output) == ("abandoned", said)


def test_speech_is_kept_by_type_size_and_hash() -> None:
    reading = seen("openai.audio", b"hello", {"model": "tts-1", "input": "Read me, please"}, content_type="audio/mpeg")
    assert (reading.status, known(reading.usage)) == ("ok", {"characters": 15})
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "blob", "modality": "audio", "mime_type": "audio/mpeg", **BLOB}]}
    ]
    assert reading.input == [{"role": "user", "parts": [{"type": "text", "content": "Read me, please"}]}]
    other = seen("openai.audio", b"hello", {"model": "gpt-4o-mini-tts", "input": "Read me"}, content_type="audio/mpeg")
    assert known(other.usage) == {}  # billed by tokens that are not told


def test_streamed_speech_ends_with_its_usage() -> None:
    sound = [{"type": "speech.audio.delta", "audio": piece} for piece in ("aGVs", "bG8=")]
    done = {"type": "speech.audio.done", "usage": {"input_tokens": 14, "output_tokens": 101, "total_tokens": 115}}
    asked = {"model": "gpt-4o-mini-tts", "input": "Hi", "stream_format": "sse"}
    reading = seen("openai.audio", lines(*sound, done), asked)
    assert (reading.status, known(reading.usage)) == ("ok", {"input_tokens": 14, "output_tokens": 101})
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "blob", "modality": "audio", "mime_type": None, **BLOB}]}
    ]


@pytest.mark.parametrize("reader", ["anthropic.count_tokens", "openai.count_tokens"])
def test_counting_tokens_uses_none(reader: str) -> None:
    reading = seen(reader, {"input_tokens": 2095}, {"model": "claude-opus-4-5", "messages": []})
    assert (reading.status, known(reading.usage), reading.request_model) == ("ok", {}, "claude-opus-4-5")
    assert reading.output == [{"role": "assistant", "parts": [{"type": "token_count", "input_tokens": 2095}]}]


def test_a_batch_is_a_row_without_its_requests() -> None:
    body = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress", "results_url": None}
    requests = [{"custom_id": str(n), "params": {"model": "claude-haiku-4-5", "messages": []}} for n in range(3)]
    reading = seen("anthropic.batches", body, {"requests": requests})
    assert (reading.status, reading.response_id, known(reading.usage)) == ("ok", "msgbatch_1", {})
    part = {"type": "batch", "requests": 3, "models": ["claude-haiku-4-5"]}
    assert (reading.input, reading.request_model) == ([{"role": "user", "parts": [part]}], "claude-haiku-4-5")


def test_an_endpoint_without_a_reader_still_has_a_status() -> None:
    reading = seen("openai.unheard_of", {"id": "x"}, {"model": "m"})
    assert (reading.status, reading.request_model, known(reading.usage)) == ("ok", "m", {})


def test_speech_whose_bytes_were_not_kept_is_still_billed_by_its_text() -> None:
    asked = {"model": "tts-1-hd", "input": "Read me"}
    reading = seen("openai.audio", None, asked, content_type="audio/mpeg", size=5)
    assert (reading.status, known(reading.usage)) == ("ok", {"characters": 7})
    assert reading.output is not None
    assert reading.output[0]["parts"] == [{"type": "blob", "modality": "audio", "mime_type": "audio/mpeg", "size": 5}]
    reading = seen("openai.audio", None, asked, content_type="audio/mpeg")
    assert reading.output == [
        {"role": "assistant", "parts": [{"type": "blob", "modality": "audio", "mime_type": "audio/mpeg"}]}
    ]
