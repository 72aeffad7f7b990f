"""Requests that come compressed go on as they came, and are read for the ledger and for limits all the same."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
import zstandard

from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import Limit
from llmtrack.settings import get_settings
from tests.gateway.conftest import Answer, Running, raw, token_of
from tests.provider import Answer as Scripted
from tests.provider import Provider

MESSAGE = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Is it read?"}]}
PLAIN = json.dumps(MESSAGE).encode()
ANSWER = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Yes."}], "usage": {"input_tokens": 100, "output_tokens": 20},
}  # fmt: skip
ZSTD = zstandard.ZstdCompressor()


def streamed_zstd(body: bytes) -> bytes:
    """Without its length at the beginning, as whoever compresses piece by piece sends it."""
    compressor = ZSTD.compressobj()
    return compressor.compress(body) + compressor.flush()


COMPRESSED = {
    "gzip": ("gzip", gzip.compress(PLAIN)),
    "deflate": ("deflate", zlib.compress(PLAIN)),
    "zstd": ("zstd", ZSTD.compress(PLAIN)),
    "zstd, streamed": ("zstd", streamed_zstd(PLAIN)),
    "zstd, in two frames": ("zstd", ZSTD.compress(PLAIN[:40]) + ZSTD.compress(PLAIN[40:])),
    "in capitals": ("Zstd", ZSTD.compress(PLAIN)),
}


def send(running: Running, encoding: str, body: bytes, token: str | None = None) -> Answer:
    headers = {
        "content-type": "application/json", "content-encoding": encoding, "x-api-key": token or running.token,
    }  # fmt: skip
    return raw(running.url, "POST", "/anthropic/v1/messages", headers, body)


def sent_text(running: Running) -> str | None:
    messages = running.details(running.row()).input
    return None if messages is None else messages[0]["parts"][0]["content"]


@pytest.mark.parametrize("kind", COMPRESSED)
def test_what_comes_compressed_goes_on_as_it_came_and_is_read(running: Running, provider: Provider, kind: str) -> None:
    encoding, body = COMPRESSED[kind]
    provider.script("/messages", [Scripted(ANSWER)])
    assert send(running, encoding, body).status == 200
    assert provider.last.content == body
    assert provider.last.headers["content-encoding"] == encoding
    row = running.row()
    assert (row.request_model, row.input_tokens, row.output_tokens) == ("claude-haiku-4-5", 100, 20)
    assert sent_text(running) == "Is it read?"
    assert "llmtrack.unread" not in running.details(row).properties


@pytest.mark.parametrize(
    ("encoding", "body"), [("br", b"\x0b\x02\x80hello\x03"), ("zstd", b"damaged"), ("gzip", b"too")]
)
def test_what_nobody_can_read_goes_on_and_its_row_says_so(
    running: Running, provider: Provider, encoding: str, body: bytes
) -> None:
    provider.script("/messages", [Scripted(ANSWER)])
    assert send(running, encoding, body).status == 200
    assert provider.last.content == body
    row = running.row()
    assert (row.status, row.cost_status, row.model) == ("ok", "exact", "claude-haiku-4-5")
    assert (row.request_model, row.input_tokens, row.output_tokens) == (None, 100, 20)
    assert running.details(row).properties["llmtrack.unread"] == encoding
    assert sent_text(running) is None


def test_a_models_restriction_reads_what_is_compressed_and_lets_nothing_unread_through(
    running: Running, provider: Provider
) -> None:
    provider.script("/messages", [Scripted(ANSWER)])
    token = token_of(running.ledger, models=["claude-haiku-*"])
    other = json.dumps({**MESSAGE, "model": "claude-opus-5"}).encode()
    assert send(running, "zstd", ZSTD.compress(PLAIN), token).status == 200
    assert send(running, "zstd", ZSTD.compress(other), token).status == 400
    assert send(running, "br", b"\x0b\x02\x80hello\x03", token).status == 400
    assert len(provider.requests) == 1


@pytest.mark.slow
def test_a_limit_refuses_what_it_cannot_size(running: Running, provider: Provider) -> None:
    set_limit(running.ledger, Limit(0, "all", "cost", "day", 10**12), by="root")
    running.tracker.limiter.watch.expire()
    provider.script("/messages", [Scripted(ANSWER)])
    assert send(running, "gzip", gzip.compress(PLAIN)).status == 200
    assert send(running, "br", b"\x0b\x02\x80hello\x03").status == 429
    assert len(provider.requests) == 1


def test_a_small_body_that_unfolds_into_a_huge_one_is_refused(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LLMTRACK_GATEWAY_MAX_REQUEST_MB", "0.1")
    get_settings.cache_clear()
    running = request.getfixturevalue("running")
    for encoding, body in (("gzip", gzip.compress(b" " * 200_000)), ("zstd", streamed_zstd(b" " * 200_000))):
        answer = send(running, encoding, body)
        assert answer.status == 413
        assert json.loads(answer.body)["error"]["message"] == (
            "The request without its compression is larger than 0.1 MB, which LLMTRACK_GATEWAY_MAX_REQUEST_MB allows."
        )
    assert provider.requests == []


def test_usage_is_not_asked_for_in_a_compressed_chat_stream(running: Running, provider: Provider) -> None:
    body = gzip.compress(b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}')
    headers = {"content-type": "application/json", "content-encoding": "gzip", "x-api-key": running.token}
    events = [b'data: {"id":"1","model":"gpt-4o","choices":[{"delta":{"content":"Hello"}}]}\n\n', b"data: [DONE]\n\n"]
    provider.script("/chat/completions", [Scripted(events=events)])
    through = raw(running.url, "POST", "/openai/v1/chat/completions", headers, body)
    assert (through.body, provider.last.content) == (b"".join(events), body)
    row = running.row()
    assert (row.status, row.streamed, row.usage_estimated) == ("ok", True, True)
