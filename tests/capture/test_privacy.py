"""What is not to be kept reaches no file and no log."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest

import llmtrack
from llmtrack.capture.tracker import Tracker
from tests.capture.rows import rows as read_rows
from tests.provider import Answer, Provider
from tests.provider.reply import REASONING, TOOL_JSON

PROMPT = "Sesame-prompt"
SYSTEM = "Sesame-system"
ECHO = "Sesame-echo"
SECRETS = (PROMPT, SYSTEM, ECHO, "Hello world", REASONING, "Paris", TOOL_JSON)
KEYS = ("sk-test", "sk-ant-test", "Bearer")

Track = Callable[..., Tracker]


def chat(model: str = "gpt-4o", **more: Any) -> dict[str, Any]:
    """A chat request with things in it that nobody may see."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}]
    return {"model": model, "messages": messages, **more}


def every_way(clients: Callable[..., Any], provider: Provider, tracker: Tracker, **said: Any) -> None:
    """Makes calls that would leave text in every place there is."""
    failure = {"error": {"message": f"Your prompt was: {ECHO}", "type": "invalid_request_error", "code": None}}
    with clients("OpenAI") as client:
        llmtrack.track(client, tracker=tracker, **said)
        client.chat.completions.create(**chat())
        client.chat.completions.create(**chat("gpt-4o@tools"))
        list(client.chat.completions.create(**chat("gpt-4o@thinking"), stream=True))
        for _ in client.chat.completions.create(**chat("gpt-4o@stall=3"), stream=True):
            break
        gc.collect()
        client.responses.create(model="gpt-4o@thinking", instructions=SYSTEM, input=PROMPT)
        client.embeddings.create(model="text-embedding-3-small", input=PROMPT)
        client.images.generate(model="gpt-image-1", prompt=PROMPT)
        client.audio.speech.create(model="tts-1", voice="alloy", input=PROMPT)
        client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", b"ID3"), prompt=PROMPT)
        provider.script("/chat/completions", [Answer(failure, status=400)])
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(**chat())
        with pytest.raises(openai.APIConnectionError):
            client.with_options(base_url="http://127.0.0.1:9/v1", max_retries=0).chat.completions.create(**chat())
    with clients("Anthropic") as client:
        llmtrack.track(client, tracker=tracker, **said)
        asked = {"model": "claude-sonnet-4-6@tools@thinking", "max_tokens": 9, "system": SYSTEM}
        asked["messages"] = [{"role": "user", "content": PROMPT}]
        client.messages.create(**asked)
        list(client.messages.create(**asked, stream=True))
        provider.script("/v1/messages", [Answer({"type": "error", **failure}, status=400)])
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(**asked)


CALLS = 14


def kept(directory: Path) -> bytes:
    """Everything in the files below `directory`."""
    return b"\n".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


@pytest.fixture
def broken_url(tmp_path: Path) -> str:
    """A database that cannot be opened, so that records stay in the journal."""
    (tmp_path / "no directory").write_text("")
    return f"sqlite:///{tmp_path}/no directory/x.db"


@pytest.fixture(autouse=True)
def _everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="llmtrack")


@pytest.mark.slow
def test_with_content_the_text_of_both_sides_is_kept(
    make_tracker: Track, clients: Any, provider: Provider, database: Path
) -> None:
    tracker = make_tracker(content="on")
    every_way(clients, provider, tracker)
    tracker.flush(30)
    found = kept(database.parent).decode(errors="replace")
    assert [secret for secret in SECRETS if secret not in found.replace('\\"', '"')] == []
    assert len(read_rows(database)) == CALLS


@pytest.mark.slow
@pytest.mark.parametrize("where", ["tracker", "client", "context", "settings"])
def test_without_content_no_text_reaches_the_database(
    where: str,
    make_tracker: Track,
    clients: Any,
    provider: Provider,
    database: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if where == "settings":
        monkeypatch.setenv("LLMTRACK_CAPTURE_CONTENT", "off")
    options = {"tracker": {"content": "off"}, "settings": {}}.get(where, {"content": "on"})
    tracker = make_tracker(**options)
    with llmtrack.context(content="off" if where == "context" else None):
        every_way(clients, provider, tracker, **({"content": "off"} if where == "client" else {}))
    tracker.flush(30)
    found = kept(database.parent).decode(errors="replace") + caplog.text
    assert [secret for secret in (*SECRETS, *KEYS) if secret in found] == []
    rows = read_rows(database)
    assert len(rows) == CALLS
    assert {(row.input, row.output, row.error) for row in rows} == {(None, None, None)}
    assert [row.input_tokens for row in rows][:3] == [100, 100, 100]
    assert [row.status for row in rows].count("error") == 3


@pytest.mark.slow
def test_without_content_no_text_reaches_the_journal(
    make_tracker: Track,
    clients: Any,
    provider: Provider,
    tmp_path: Path,
    broken_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = make_tracker(database_url=broken_url, content="off")
    every_way(clients, provider, tracker)
    assert tracker.flush(1).waiting == CALLS
    found = kept(tmp_path / "journal").decode(errors="replace") + caplog.text
    assert "gpt-4o" in found
    assert [secret for secret in (*SECRETS, *KEYS) if secret in found] == []


def test_with_content_keys_stay_out_of_the_journal(
    make_tracker: Track, clients: Any, provider: Provider, tmp_path: Path, broken_url: str
) -> None:
    tracker = make_tracker(database_url=broken_url, content="on")
    every_way(clients, provider, tracker)
    found = kept(tmp_path / "journal").decode(errors="replace")
    assert PROMPT in found
    assert [key for key in KEYS if key in found] == []


def test_the_journal_is_for_its_owner_only(
    make_tracker: Track, clients: Any, provider: Provider, tmp_path: Path, broken_url: str
) -> None:
    tracker = make_tracker(database_url=broken_url)
    every_way(clients, provider, tracker)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "journal").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "journal").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_redacting_function_sees_every_text_before_it_is_kept(
    make_tracker: Track, clients: Any, provider: Provider, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def redact(text: str) -> str:
        for secret in SECRETS:
            text = text.replace(secret, "[hidden]")
        return text

    tracker = make_tracker(redact=redact)
    every_way(clients, provider, tracker)
    tracker.flush(30)
    found = kept(database.parent).decode(errors="replace") + caplog.text
    assert [secret for secret in SECRETS if secret in found] == []
    rows = read_rows(database)
    assert len(rows) == CALLS
    assert rows[0].input[1] == {"role": "user", "parts": [{"type": "text", "content": "[hidden]"}]}
    assert rows[0].output[0]["parts"] == [{"type": "text", "content": "[hidden]"}]
    assert "Your prompt was: [hidden]" in {row.error for row in rows} or any(
        "[hidden]" in (row.error or "") for row in rows
    )


def test_a_context_may_switch_content_on_where_the_tracker_has_it_off(
    make_tracker: Track, clients: Any, provider: Provider, database: Path
) -> None:
    tracker = make_tracker(content="off")
    with clients("OpenAI") as client, llmtrack.context(content="on"):
        llmtrack.track(client, tracker=tracker).chat.completions.create(**chat())
    tracker.flush(30)
    assert read_rows(database)[0].input is not None


@pytest.mark.parametrize("stream", [False, True])
def test_a_redacting_function_that_fails_leaves_the_row_without_text(
    stream: bool, make_tracker: Track, clients: Any, provider: Provider, database: Path, caplog: Any
) -> None:
    def redact(text: str) -> str:
        raise RuntimeError(text)

    tracker = make_tracker(redact=redact)

    async def call() -> None:
        async with clients("AsyncOpenAI") as client:
            llmtrack.track(client, tracker=tracker)
            answer = await client.chat.completions.create(**chat(stream=stream))
            if stream:
                assert len([chunk async for chunk in answer]) == 4

    asyncio.run(call())
    tracker.flush(30)
    (row,) = read_rows(database)
    assert (row.status, row.input_tokens, row.input, row.output) == ("ok", 100, None, None)
    assert tracker.health.counts() == {"redact": 1}
    assert PROMPT not in kept(database.parent).decode(errors="replace") + caplog.text


def test_pictures_are_kept_by_type_and_size(clients: Any, provider: Provider, rows: Any) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": picture}}]
    with clients("OpenAI") as client:
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": content}])
    (row,) = rows()
    assert "iVBORw0KGgo" not in str(row.input)
    assert "image/png" in str(row.input)


def test_a_row_reads_as_one_expects(
    clients: Any, provider: Provider, rows: Callable[[], list[SimpleNamespace]]
) -> None:
    with clients("OpenAI") as client:
        client.chat.completions.create(**chat("gpt-4o@tools"))
    (row,) = rows()
    assert row.input == [
        {"role": "system", "parts": [{"type": "text", "content": SYSTEM}]},
        {"role": "user", "parts": [{"type": "text", "content": PROMPT}]},
    ]
    (message,) = row.output
    assert message["role"] == "assistant"
    assert [(part["type"], part["name"]) for part in message["parts"]] == [("tool_call", "get_weather")]
