"""A provider that repeats a key, and an address with a password in it: neither reaches a file or a log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

import llmtrack
from llmtrack.capture.tracker import Tracker
from tests.capture.rows import rows as read_rows
from tests.capture.rows import spans as read_spans
from tests.provider import Answer, Provider
from tests.provider.answer import DONE, sse

CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
ASKED: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": CHAT["messages"]}
OWN = "Zebra0815/own+key"
"""The client's own key, of no form that anybody knows."""
HEADER = "Giraffe-4711-team"
FOREIGN = ("sk-proj-abcdefghijklmnop1234", "AIzaFAKE0000", "gsk_Elephant12345678", "AKIAIOSFODNN7EXAMPLE")
SECRETS = (OWN, HEADER, *FOREIGN, "Lion-PASSWORD")
SENTENCE = (
    f"Incorrect API key provided: {FOREIGN[0]} or {OWN} of {HEADER}. See http://admin:Lion-PASSWORD@host/v1"
    f"?key={FOREIGN[1]}, Bearer {FOREIGN[2]}, {FOREIGN[3]}."
)
MASKED = "Incorrect API key provided: sk-proj-*** or *** of ***. See http://host/v1?key=***, Bearer ***, AKIA***."


def in_error(message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"message": message, "type": "authentication_error", "code": "invalid_api_key"}}


CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
BEGINNING = sse(
    {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}]}
)
REPLY = f'your key {FOREIGN[0]} is in the file, as is "error": {{'


def fail_in_every_way(clients: Callable[..., Any], provider: Provider, tracker: Tracker) -> int:
    """Makes calls that fail and repeat keys; returns how many."""
    failing = Answer(in_error(SENTENCE), status=401)
    event = sse({"error": in_error(SENTENCE)["error"]})
    with clients("OpenAI", api_key=OWN, default_headers={"X-Team": HEADER}) as client:
        llmtrack.track(client, tracker=tracker)
        provider.script("/chat/completions", [failing, failing, failing])
        for more in ({}, {"stream": True}):
            with pytest.raises(openai.AuthenticationError):
                client.chat.completions.create(**CHAT, **more)
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.with_raw_response.create(**CHAT)
        provider.script("/chat/completions", [Answer(events=[BEGINNING, event, DONE])])
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(**CHAT, stream=True))
        # Some gateways answer 200 and put the error into the body.
        provider.script(
            "/chat/completions",
            [Answer(json.dumps(in_error(SENTENCE), indent=2).encode(), headers={"content-type": "application/json"})],
        )
        client.chat.completions.create(**CHAT)
    with clients("OpenAI", api_key=OWN, base_url="http://admin:Lion-PASSWORD@127.0.0.1:9/v1", max_retries=0) as client:
        llmtrack.track(client, tracker=tracker)
        with pytest.raises(openai.APIConnectionError):
            client.chat.completions.create(**CHAT)
        with pytest.raises(openai.APIConnectionError):
            client.post(
                f"http://admin:Lion-PASSWORD@127.0.0.1:9/v1/chat/completions?key={FOREIGN[1]}",
                body=CHAT,
                cast_to=object,
            )
    with clients("Anthropic", api_key=OWN) as client:
        llmtrack.track(client, tracker=tracker)
        provider.script("/v1/messages", [failing, Answer(events=[sse(in_error(SENTENCE), named=True)])])
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**ASKED, extra_headers={"X-Team": HEADER})
        with pytest.raises(anthropic.APIStatusError):
            list(client.messages.create(**ASKED, stream=True, extra_headers={"X-Team": HEADER}))
    return 9


def kept(directory: Path) -> str:
    """Everything in the files below `directory`, also as JSON spells it."""
    text = b"\n".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()).decode(
        errors="replace"
    )
    return text + text.replace("\\/", "/")


@pytest.mark.slow
@pytest.mark.parametrize("content", ["on", "off"])
def test_keys_in_errors_reach_neither_journal_nor_log(
    content: str, make_tracker: Callable[..., Tracker], clients: Any, provider: Provider, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG, logger="llmtrack")
    (tmp_path / "no directory").write_text("")
    tracker = make_tracker(database_url=f"sqlite:///{tmp_path}/no directory/x.db", content=content)
    calls = fail_in_every_way(clients, provider, tracker)
    assert tracker.flush(1).waiting == calls
    found = kept(tmp_path / "journal") + caplog.text
    assert "gpt-4o" in found
    assert [secret for secret in SECRETS if secret in found] == []


def test_keys_in_errors_reach_neither_ledger_nor_write_ahead_log_and_the_sentence_stays(
    make_tracker: Callable[..., Tracker], clients: Any, provider: Provider, database: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG, logger="llmtrack")
    tracker = make_tracker()
    calls = fail_in_every_way(clients, provider, tracker)
    assert tracker.flush(30).written == calls
    rows = read_rows(database)
    assert [row.error for row in rows if row.error_type != "connection"] == [MASKED] * 7
    assert {row.status for row in rows} == {"error"}
    assert database.with_name("capture.db-wal").exists()
    found = kept(tmp_path) + caplog.text
    assert [secret for secret in SECRETS if secret in found] == []
    assert tracker.health.counts() == {}


@pytest.mark.parametrize("stream", [False, True])
def test_prompts_and_replies_are_text_and_stay_as_they_are(
    stream: bool, clients: Any, provider: Provider, tracker: Tracker, rows: Callable[[], list[Any]]
) -> None:
    message = {"role": "assistant", "content": REPLY}
    choice = {"index": 0, "delta" if stream else "message": message, "finish_reason": "stop"}
    body = {**CHUNK, "object": "chat.completion", "choices": [choice], "error": None}
    provider.script("/chat/completions", [Answer(events=[sse(body), DONE]) if stream else Answer(body)])
    asked = f"Where is {FOREIGN[0]}, at http://admin:secret@host?"
    with clients("OpenAI", api_key=OWN) as client:
        answer = client.chat.completions.create(
            **{**CHAT, "messages": [{"role": "user", "content": asked}]}, stream=stream
        )
        if stream:
            list(answer)
    (row,) = rows()
    assert row.input[0]["parts"][0]["content"] == asked
    assert row.output[0]["parts"][0]["content"] == REPLY


def test_what_came_before_an_error_in_a_stream_stays_as_it_was(
    clients: Any, provider: Provider, tracker: Tracker, rows: Callable[[], list[Any]]
) -> None:
    choice = {"index": 0, "delta": {"role": "assistant", "content": REPLY}, "finish_reason": None}
    error = sse({"error": in_error(SENTENCE)["error"]})
    provider.script("/chat/completions", [Answer(events=[sse({**CHUNK, "choices": [choice]}), error, DONE])])
    with clients("OpenAI", api_key=OWN, default_headers={"X-Team": HEADER}) as client, pytest.raises(openai.APIError):
        list(client.chat.completions.create(**CHAT, stream=True))
    (row,) = rows()
    assert row.output[0]["parts"][0]["content"] == REPLY
    assert row.error == MASKED


def test_an_error_inside_a_compressed_stream_is_masked_by_its_form(
    clients: Any, provider: Provider, tracker: Tracker, rows: Callable[[], list[Any]]
) -> None:
    error = sse({"error": in_error(f"Incorrect API key provided: {FOREIGN[0]}.")["error"]})
    provider.script("/chat/completions", [Answer(events=[BEGINNING, error, DONE], gzip=True)])
    with clients("OpenAI", api_key=OWN) as client, pytest.raises(openai.APIError):
        list(client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
    (row,) = rows()
    assert row.error == "Incorrect API key provided: sk-proj-***."


def test_a_step_named_after_an_address_is_kept_without_its_password(
    tracker: Tracker, rows: Any, database: Path
) -> None:
    with llmtrack.span("GET http://admin:Lion-PASSWORD@host/v1?api_key=abc"):
        pass
    rows()
    assert [span.name for span in read_spans(database)] == ["GET http://host/v1?api_key=***"]
