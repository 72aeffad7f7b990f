"""Whatever fails on our side, the caller gets its answer, once, as it was, and the log says once what is wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import openai
import pytest

import llmtrack
from llmtrack.capture.sdk import call as call_module
from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.openai import OpenAI
from tests.capture.rows import rows as read_rows
from tests.capture.ways import CHAT, CLAUDE
from tests.provider import Provider

Make = Callable[..., Tracker]
Clients = Callable[..., Any]
Rows = Callable[[], list[SimpleNamespace]]


def use(clients: Clients, tracker: Tracker) -> None:
    """Calls of all shapes, all of which must work."""
    with clients("OpenAI") as client:
        llmtrack.track(client, tracker=tracker)
        assert client.chat.completions.create(**CHAT).choices[0].message.content == "Hello world"
        chunks = list(client.chat.completions.create(**CHAT, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello world"
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(**{**CHAT, "model": "gpt-4o@400"})

    async def others() -> None:
        async with clients("AsyncAnthropic") as client:
            llmtrack.track(client, tracker=tracker)
            assert (await client.messages.create(**CLAUDE)).content[0].text == "Hello world"
            async with client.messages.stream(**CLAUDE) as stream:
                assert "".join([text async for text in stream.text_stream]) == "Hello world"

    asyncio.run(others())


CALLS = 5


def broken(*_: Any, **__: Any) -> Any:
    """Fails, as anything may."""
    raise RuntimeError("out of order")


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"clock": broken},
        {"clock": lambda: None},
        {"redact": broken},
        {"before_send": [broken]},
        {"database_url": "nonsense"},
        {"database_url": "sqlite:////proc/nothing/x.db"},
        {"database_url": "postgresql://nobody@127.0.0.1:9/nothing"},
        {"journal_dir": "/proc/nothing"},
        {"journal_dir": "/dev/null/journal"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_tracker_of_which_a_part_fails(
    options: Any, make_tracker: Make, clients: Clients, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = make_tracker(**options)
    use(clients, tracker)
    flushed = tracker.flush(2)
    assert flushed.written + flushed.waiting == CALLS
    assert sum(tracker.health.counts().values()) >= 1
    warned = [record.message for record in caplog.records if record.name == "llmtrack"]
    assert len(warned) == len(set(warned)) > 0


@pytest.mark.parametrize("part", ["Call._sees", "observe", "is_text"])
def test_our_own_mistakes_while_watching_a_call(
    part: str, make_tracker: Make, clients: Clients, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    if part == "Call._sees":
        monkeypatch.setattr(call_module.Call, "_sees", broken)
    else:
        monkeypatch.setattr(call_module, part, broken)
    tracker = make_tracker()
    use(clients, tracker)
    assert tracker.health.counts()["capture"] >= 1
    assert tracker.flush(30).written == CALLS


def test_our_own_mistakes_while_noting_a_call(
    make_tracker: Make, clients: Clients, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtrack.capture.tracker.frame_of", broken)
    tracker = make_tracker()
    use(clients, tracker)
    assert tracker.health.counts() == {"record": CALLS}


@pytest.mark.slow
def test_our_own_mistakes_in_the_writer_lose_no_record(
    make_tracker: Make, clients: Clients, provider: Provider, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    tracker = make_tracker()
    with monkeypatch.context() as patched:
        patched.setattr("llmtrack.ledger.ledger.Ledger.book", broken)
        use(clients, tracker)
        assert tracker.flush(1).waiting == CALLS
    assert tracker.flush(30).written == CALLS
    assert len(read_rows(database)) == CALLS


def test_a_price_book_that_fails_leaves_calls_unpriced(
    make_tracker: Make, clients: Clients, provider: Provider, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    monkeypatch.setattr("llmtrack.pricing.Pricer.price", broken)
    tracker = make_tracker()
    use(clients, tracker)
    assert tracker.flush(30).written == CALLS
    assert {(row.cost_status, row.cost) for row in read_rows(database)} == {("unpriced", None)}


def test_a_record_that_cannot_be_written_is_set_aside_and_the_others_go_on(
    make_tracker: Make, clients: Clients, provider: Provider, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    from llmtrack.capture.journal import decode

    read = decode.record_of

    def picky(frame: Any) -> Any:
        if frame.http_status == 400:
            raise ValueError("I do not like it")
        return read(frame)

    monkeypatch.setattr(decode, "record_of", picky)
    tracker = make_tracker()
    use(clients, tracker)
    flushed = tracker.flush(30)
    assert (flushed.written, flushed.waiting, flushed.failed) == (CALLS - 1, 0, 1)
    assert flushed.where is not None
    assert b"gpt-4o@400" in Path(flushed.where).read_bytes()
    assert len(read_rows(database)) == CALLS - 1
    # It is a journal like any other: given its name back, it is taken in by whoever comes next.
    monkeypatch.setattr(decode, "record_of", read)
    Path(flushed.where).rename(Path(flushed.where).with_name("again.journal"))
    assert make_tracker().flush(30).written == 1
    assert len(read_rows(database)) == CALLS


def test_a_record_that_the_database_refuses_is_found_among_its_batch(
    make_tracker: Make, clients: Clients, provider: Provider, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    from llmtrack.ledger.ledger import Ledger

    write = Ledger.write

    def picky(self: Any, records: Any, progress: Any = (), **given: Any) -> None:
        if any(getattr(record, "http_status", None) == 400 for record in records):
            raise ValueError("no row for this")
        write(self, records, progress, **given)

    monkeypatch.setattr(Ledger, "write", picky)
    tracker = make_tracker()
    use(clients, tracker)
    flushed = tracker.flush(30)
    assert (flushed.written, flushed.waiting, flushed.failed) == (CALLS - 1, 0, 1)
    assert len(read_rows(database)) == CALLS - 1


def test_the_callers_dicts_are_not_touched(clients: Clients, provider: Provider, rows: Rows) -> None:
    options: dict[str, Any] = {"include_usage": False}
    headers: dict[str, str] = {"X-Mine": "1"}
    body: dict[str, Any] = {"custom": {"a": 1}}
    with clients("OpenAI") as client:
        more = {"stream_options": options, "extra_headers": headers, "extra_body": body}
        list(client.chat.completions.create(**CHAT, stream=True, **more))
        raw = {"model": "gpt-4o", "messages": CHAT["messages"], "stream": True}
        stream = client.post(
            "/chat/completions", cast_to=object, body=raw, stream=True, stream_cls=openai.Stream[object]
        )
        list(stream)
    assert (options, headers, body) == ({"include_usage": False}, {"X-Mine": "1"}, {"custom": {"a": 1}})
    assert raw == {"model": "gpt-4o", "messages": CHAT["messages"], "stream": True}
    assert [row.input_tokens for row in rows()] == [100, 100]


def test_limits_refuse_before_anything_is_sent(
    make_tracker: Make, clients: Clients, provider: Provider, database: Path
) -> None:
    def no_more(call: Any) -> None:
        raise llmtrack.LimitExceeded("Alice's budget is spent", limit="daily")

    tracker = make_tracker(before_send=[no_more])

    async def other() -> None:
        async with clients("AsyncAnthropic") as client:
            with pytest.raises(llmtrack.LimitExceeded):
                await llmtrack.track(client, tracker=tracker, user_id="alice").messages.create(**CLAUDE)

    with clients("OpenAI") as client:
        llmtrack.track(client, tracker=tracker, user_id="alice")
        with pytest.raises(llmtrack.LimitExceeded, match="budget is spent") as refused:
            client.chat.completions.create(**CHAT, stream=True)
    asyncio.run(other())
    assert refused.value.limit == "daily"
    assert provider.requests == []
    tracker.flush(30)
    rows = read_rows(database)
    assert [(row.status, row.user_id, row.attempts, row.http_status) for row in rows] == [
        ("refused", "alice", 0, None)
    ] * 2
    assert [row.request_model for row in rows] == ["gpt-4o", "claude-sonnet-4-6"]


def test_a_deleted_journal_directory_does_not_stop_the_rows(
    make_tracker: Make, clients: Clients, provider: Provider, database: Path, tmp_path: Path
) -> None:
    tracker = make_tracker()
    use(clients, tracker)
    shutil.rmtree(tmp_path / "journal")
    use(clients, tracker)
    assert tracker.flush(30).written == 2 * CALLS
    tracker.close()
    use(clients, tracker)
    assert tracker.flush(30).written == 3 * CALLS
    assert len(read_rows(database)) == 3 * CALLS


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
def test_a_journal_directory_that_cannot_be_written_makes_records_wait_in_memory(
    make_tracker: Make, clients: Clients, provider: Provider, database: Path, tmp_path: Path, caplog: Any
) -> None:
    place = tmp_path / "file"
    place.write_text("no directory")
    tracker = make_tracker(journal_dir=place / "journal")
    use(clients, tracker)
    assert tracker.flush(30).written == CALLS
    assert [record.message.partition(":")[0] for record in caplog.records if record.name == "llmtrack"] == [
        "The journal cannot be written; records wait in memory"
    ]
    place.unlink()
    tracker._journal._retry_at = 0.0
    use(clients, tracker)
    assert tracker.flush(30).written == 2 * CALLS
    assert "The journal can be written again" in caplog.text
    assert len(read_rows(database)) == 2 * CALLS


FULL_DISK = """
import resource, sys, os
import llmtrack, llmtrack.ledger
from llmtrack.openai import OpenAI
llmtrack.ledger.open_ledger("sqlite:///" + sys.argv[1])
tracker = llmtrack.Tracker("sqlite:///" + sys.argv[1], journal_dir=sys.argv[2])
client = llmtrack.track(OpenAI(max_retries=0), tracker=tracker)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))
for number in range(30):
    prompt = [{"role": "user", "content": "x" * 500}]
    assert client.chat.completions.create(model="gpt-4o", messages=prompt).id
stuck = tracker.flush(2)
assert stuck.written < 30 and stuck.failed == 0, stuck
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(tracker.flush(60))
"""


@pytest.mark.slow
def test_a_full_disk_is_survived(provider: Provider, database: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FULL_DISK, str(database), str(tmp_path / "journal")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "Flushed(written=30, waiting=0, failed=0, where=None)\n", done.stderr
    assert "The journal cannot be written; records wait in memory" in done.stderr
    assert "The ledger cannot be written" in done.stderr
    assert len(read_rows(database)) == 30


@pytest.mark.slow
def test_a_ledger_that_is_locked_for_long_delays_nobody_and_loses_nothing(
    make_tracker: Make, clients: Clients, provider: Provider, database: Path
) -> None:
    import sqlite3

    tracker = make_tracker()
    use(clients, tracker)
    tracker.flush(30)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    use(clients, tracker)
    assert tracker.flush(0.5).waiting == CALLS
    other.execute("COMMIT")
    other.close()
    assert tracker.flush(60).written == 2 * CALLS
    assert len(read_rows(database)) == 2 * CALLS


def test_the_default_tracker_needs_no_words(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"sqlite:///{database}")
    before = set_default_tracker(None)
    try:
        with OpenAI() as client:
            client.chat.completions.create(**CHAT)
        assert llmtrack.flush(30).written == 1
    finally:
        ours = set_default_tracker(before)
        assert ours is not None
        ours.close()
    (row,) = read_rows(database)
    assert row.provider == "127.0.0.1"
    assert not (tmp_path / "default.db.journal").exists() or not list((tmp_path / "default.db.journal").iterdir())


def test_a_response_without_any_header_is_recorded(provider: Provider, rows: Rows) -> None:
    answer = httpx2.Response(200, content=b'{"id": "1", "choices": []}')
    with httpx2.Client(transport=httpx2.MockTransport(lambda request: answer)) as http:
        OpenAI(http_client=http).chat.completions.create(**CHAT)
    assert rows()[0].response_id == "1"


HANGING = """
import sys, threading, time
import llmtrack
from llmtrack.ledger.ledger import Ledger
hung = threading.Event()
def hang(*_, **__):
    hung.set()
    time.sleep(300)
tracker = llmtrack.Tracker("sqlite:///" + sys.argv[1])
tracker.record("feedback", trace_id="t", user_id="u", score=1, comment=None, at=1)
assert tracker.flush(30).written == 1
setattr(Ledger, sys.argv[2], hang)
def busy():
    while True:
        tracker.record("feedback", trace_id="t", user_id="u", score=1, comment=None, at=1)
        time.sleep(0.001)
for _ in range(4):
    threading.Thread(target=busy, daemon=True).start()
if sys.argv[2] == "write":
    assert hung.wait(30)
"""


@pytest.mark.slow
@pytest.mark.parametrize("part", ["write", "progress"])
def test_a_program_ends_although_its_database_hangs_and_its_threads_are_busy(part: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", HANGING, str(tmp_path / "ledger.db"), part]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
