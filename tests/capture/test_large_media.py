"""Pictures and files of some size: the journal leaves their bytes where they are, and the row has their hash."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from llmtrack.anthropic import Anthropic
from llmtrack.capture.sdk.tracking import track
from llmtrack.capture.tracker import Tracker
from llmtrack.openai import OpenAI
from tests.capture.rows import rows as read_rows

PICTURE, SECOND = random.Random(1).randbytes(500_000), random.Random(2).randbytes(300_001)
BASE64 = base64.b64encode(PICTURE).decode()
ANSWER = {
    "id": "c-1", "object": "chat.completion", "created": 1, "model": "gpt-4o", "type": "message", "role": "assistant",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A cat."}}],
    "content": [{"type": "text", "text": "A cat."}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "input_tokens": 7, "output_tokens": 3},
}  # fmt: skip
CHILD = """
import os, signal, sys
from llmtrack.capture.tracker import Tracker
from tests.capture.test_large_media import ask_openai
ask_openai(Tracker(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def answering() -> httpx2.Client:
    return httpx2.Client(transport=httpx2.MockTransport(lambda request: httpx2.Response(200, json=ANSWER)))


def ask_openai(tracker: Tracker) -> None:
    client = track(OpenAI(api_key="sk-x", http_client=answering()), tracker=tracker)
    pictures: list[Any] = [
        {"type": "text", "text": f"What are data:image/png;base64,{BASE64[:200]} and this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}},
        {"type": "file", "file": {"filename": "x.pdf", "file_data": base64.b64encode(SECOND).decode()}},
    ]
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": pictures}])


def blob(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def blobs(row: Any) -> list[dict[str, Any]]:
    parts = [part for message in row.input for part in message["parts"] if "size" in part]
    return [{name: part[name] for name in ("size", "sha256", "note") if name in part} for part in parts]


def test_the_row_has_the_hash_of_each_picture_and_the_journal_none_of_its_bytes(
    make_tracker: Callable[..., Tracker], database: Path, tmp_path: Path
) -> None:
    (tmp_path / "no directory").write_text("")
    waiting = make_tracker(database_url=f"sqlite:///{tmp_path}/no directory/x.db")
    ask_openai(waiting)
    journal = b"".join(path.read_bytes() for path in waiting.journal_dir().iterdir())
    assert b"What are data:" in journal
    assert BASE64[1000:1100].encode() not in journal
    tracker = make_tracker()
    ask_openai(tracker)
    tracker.flush(30)
    (row,) = read_rows(database)
    assert blobs(row) == [blob(PICTURE), blob(SECOND)]
    assert row.input[0]["parts"][1]["mime_type"] == "image/png"


def test_pictures_of_anthropics_have_their_hash_too(make_tracker: Callable[..., Tracker], database: Path) -> None:
    tracker = make_tracker()
    client = track(Anthropic(api_key="sk-x", http_client=answering()), tracker=tracker)
    source: Any = {"type": "base64", "media_type": "image/png", "data": BASE64}
    content: Any = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=[{"role": "user", "content": content}])
    tracker.flush(30)
    (row,) = read_rows(database)
    assert blobs(row) == [blob(PICTURE)]


@pytest.mark.slow
def test_a_kill_loses_the_hash_and_not_the_row(make_tracker: Callable[..., Tracker], database: Path) -> None:
    tracker = make_tracker(journal_dir=f"{database}.journal")
    tracker.flush(30)  # makes the tables
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        child = subprocess.run([sys.executable, "-c", CHILD, f"sqlite:///{database}"], check=False, timeout=60)
        holder.execute("ROLLBACK")
    assert child.returncode == -signal.SIGKILL
    tracker.writer.look_around()
    tracker.flush(30)
    (row,) = read_rows(database)
    lost = {"sha256": None, "note": "Its hash was lost: the program was killed before it was worked out."}
    assert blobs(row) == [{"size": len(PICTURE), **lost}, {"size": len(SECOND), **lost}]
    assert (row.input_tokens, row.input[0]["parts"][1]["mime_type"]) == (7, "image/png")


@pytest.mark.parametrize("spelling", ["data:image/png;base64,", "data:image/png;charset=x;base64,", ""])
def test_a_text_that_only_looks_like_a_picture_is_kept_as_it_is(
    spelling: str, make_tracker: Callable[..., Tracker], database: Path
) -> None:
    # A caller's own transport may change what is sent: what was sent counts.
    def rewrite(request: httpx2.Request) -> None:
        sent = json.loads(request.content)
        sent["messages"][0]["content"][1]["image_url"]["url"] = "data:image/png;base64,QQ=="
        request._content = json.dumps(sent).encode()

    tracker = make_tracker()
    client = track(OpenAI(api_key="sk-x", http_client=answering()), tracker=tracker)
    plain = client._prepare_request

    def prepare(request: httpx2.Request) -> None:
        rewrite(request)
        plain(request)

    client._prepare_request = prepare  # type: ignore[method-assign]
    parts: Any = [
        {"type": "text", "text": "x" * 200_000},
        {"type": "image_url", "image_url": {"url": spelling + BASE64}},
    ]
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])
    tracker.flush(30)
    (row,) = read_rows(database)
    assert blobs(row) == [blob(b"A")]


def test_beyond_what_memory_may_hold_the_bytes_are_in_the_journal(
    make_tracker: Callable[..., Tracker], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtrack.capture.journal.journal.MEMORY_BYTES", 1000)
    tracker = make_tracker()
    ask_openai(tracker)
    (segment,) = tracker._journal.segments()
    assert os.pread(segment.fd, segment.end, 0).count(BASE64.encode()) == 1
    tracker.flush(30)
    assert blobs(read_rows(database)[0]) == [blob(PICTURE), blob(SECOND)]
