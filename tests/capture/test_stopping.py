"""Calls that are stopped, abandoned, interrupted or never read: each leaves one row that says what happened."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from llmtrack.capture.tracker import Tracker
from tests.capture.rows import rows as read_rows
from tests.capture.ways import CHAT, CLAUDE
from tests.provider import Answer, Provider
from tests.provider.answer import DONE, sse

Rows = Callable[[], list[SimpleNamespace]]
Clients = Callable[..., Any]

ASKS = {
    "AsyncOpenAI": lambda c, model, **o: c.chat.completions.create(**{**CHAT, "model": f"gpt-4o{model}"}, **o),
    "AsyncAnthropic": lambda c, model, **o: c.messages.create(**{**CLAUDE, "model": f"claude-haiku-4-5{model}"}, **o),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestAsyncio:
    """Tasks that are cancelled."""

    @pytest.mark.parametrize("name", ASKS)
    @pytest.mark.parametrize("stream", [False, True])
    async def test_cancelled_while_waiting_for_an_answer(
        self, name: str, stream: bool, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        async with clients(name) as client:
            task = asyncio.create_task(ASKS[name](client, "@silent", stream=stream))
            await asyncio.to_thread(provider.wait_until, lambda: bool(provider.requests))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        (row,) = rows()
        assert (row.status, row.error_type, row.http_status, row.input_tokens) == ("cancelled", "cancelled", None, None)

    @pytest.mark.parametrize("name", ASKS)
    async def test_cancelled_in_the_middle_of_a_stream(
        self, name: str, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        seen = asyncio.Event()
        stall = {"AsyncOpenAI": "@stall=3", "AsyncAnthropic": "@stall=5"}[name]

        async def read() -> None:
            async for _ in await ASKS[name](client, stall, stream=True):
                seen.set()

        async with clients(name) as client:
            task = asyncio.create_task(read())
            await seen.wait()
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        (row,) = rows()
        assert (row.status, row.http_status, row.usage_estimated) == ("cancelled", 200, 1)
        assert row.input_tokens > 0

    async def test_cancelled_while_the_caller_is_busy_with_a_chunk(
        self, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        busy = asyncio.Event()

        async def read() -> None:
            async with await ASKS["AsyncOpenAI"](client, "@stall=3", stream=True) as stream:
                async for _ in stream:
                    busy.set()
                    await asyncio.sleep(60)

        async with clients("AsyncOpenAI") as client:
            task = asyncio.create_task(read())
            await busy.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert rows()[0].status == "cancelled"

    async def test_a_timeout_of_asyncio_is_a_cancellation(
        self, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        async with clients("AsyncOpenAI") as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await ASKS["AsyncOpenAI"](client, "@silent")
        assert rows()[0].status == "cancelled"

    async def test_leaving_a_stream_while_handling_an_older_cancellation_is_no_cancellation(
        self, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        async with clients("AsyncOpenAI") as client:
            try:
                raise asyncio.CancelledError
            except asyncio.CancelledError:
                async with await ASKS["AsyncOpenAI"](client, "@stall=3", stream=True) as stream:
                    async for _ in stream:
                        break
        assert rows()[0].status == "abandoned"

    async def test_a_server_that_stays_silent_after_the_end_marker_changes_nothing(
        self, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
        first = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        events = [sse({**chunk, "choices": [first]}), sse({**chunk, "choices": [], "usage": usage}), DONE, b": bye\n\n"]
        provider.script("/chat/completions", [Answer(events=events, stall_after=3)])
        async with clients("AsyncOpenAI") as client:
            assert len([chunk async for chunk in await ASKS["AsyncOpenAI"](client, "", stream=True)]) == 1
        (row,) = rows()
        assert (row.status, row.input_tokens, row.output_tokens) == ("ok", 7, 3)

    async def test_a_hundred_tasks_at_once_leave_a_hundred_rows(
        self, clients: Clients, provider: Provider, rows: Rows
    ) -> None:
        async def one(number: int) -> None:
            if number % 2:
                await client.chat.completions.create(**CHAT, user=f"user{number}")
            else:
                async for _ in await client.chat.completions.create(**CHAT, user=f"user{number}", stream=True):
                    pass

        async with clients("AsyncOpenAI") as client:
            await asyncio.gather(*(one(number) for number in range(100)))
        found = rows()
        assert {row.user_id for row in found} == {f"user{number}" for number in range(100)}
        assert {(row.status, row.input_tokens, row.output_tokens) for row in found} == {("ok", 100, 20)}
        assert len(found) == 100


@pytest.mark.parametrize("name", ["OpenAI", "Anthropic"])
def test_a_stream_that_nobody_reads_is_abandoned(name: str, clients: Clients, provider: Provider, rows: Rows) -> None:
    with clients(name) as client:
        ASKS[f"Async{name}"](client, "", stream=True)
        gc.collect()
    (row,) = rows()
    assert (row.status, row.http_status, row.output_tokens, row.cost) == ("abandoned", 200, None, None)


@pytest.mark.parametrize("name", ["OpenAI", "Anthropic"])
def test_a_stream_dropped_after_a_break_is_abandoned_with_what_it_said(
    name: str, clients: Clients, provider: Provider, rows: Rows
) -> None:
    with clients(name) as client:
        for number, _ in enumerate(ASKS[f"Async{name}"](client, "@stall=6", stream=True)):
            if number == 4 or (number == 2 and name == "OpenAI"):
                break
        gc.collect()
    (row,) = rows()
    assert row.status == "abandoned"
    assert row.output[0]["parts"][0]["content"].startswith("Hello")
    assert row.usage_estimated == 1


def test_threads_share_a_client(clients: Clients, provider: Provider, rows: Rows) -> None:
    with clients("OpenAI") as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: client.chat.completions.create(**CHAT, user=f"u{number}"), range(64)))
    assert sorted(row.user_id for row in rows()) == sorted(f"u{number}" for number in range(64))


def test_one_thread_begins_a_stream_and_another_reads_it(clients: Clients, provider: Provider, rows: Rows) -> None:
    with clients("OpenAI") as client:
        stream = client.chat.completions.create(**CHAT, stream=True)
        thread = threading.Thread(target=lambda: list(stream))
        thread.start()
        thread.join()
    assert [(row.status, row.input_tokens) for row in rows()] == [("ok", 100)]


def test_a_call_by_two_ends_leaves_one_row(clients: Clients, provider: Provider, rows: Rows) -> None:
    with clients("OpenAI") as client:
        stream = client.chat.completions.create(**CHAT, stream=True)
        list(stream)
        stream.close()
        stream.response.close()
        del stream
        gc.collect()
    assert [row.status for row in rows()] == ["ok"]


PROGRAM = """
import os, signal, sys, threading
import llmtrack
from llmtrack.openai import OpenAI
tracker = llmtrack.Tracker("sqlite:///" + sys.argv[1], journal_dir=sys.argv[2])
client = llmtrack.track(OpenAI(max_retries=0), tracker=tracker, provider="openai")
chat = dict(model=sys.argv[3], messages=[{"role": "user", "content": "hi"}])
"""


def unexpected(stderr: str) -> str:
    """What a program said beside that records wait for the next one: at its end it does not wait long for them."""
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if "records wait in the journal in" not in line)


def run(code: str, database: Path, tmp_path: Path, model: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of a user's that has a tracked client."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM + code, str(database), str(tmp_path / "journal"), model]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
def test_ctrl_c_reaches_the_caller_and_the_row_says_cancelled(
    stream: bool, provider: Provider, database: Path, tmp_path: Path, make_tracker: Callable[..., Tracker]
) -> None:
    # After a first call: an interrupt in the middle of an import may end in the interpreter's own hands. And whoever
    # starts the tests in the background may have them ignore the signal.
    code = f"""
signal.signal(signal.SIGINT, signal.default_int_handler)
client.chat.completions.create(**{{**chat, "model": "gpt-4o"}})
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    for chunk in client.chat.completions.create(**chat, stream={stream}):
        pass
except KeyboardInterrupt:
    print("interrupted")
"""
    done = run(code, database, tmp_path, "gpt-4o@stall=3" if stream else "gpt-4o@silent")
    assert (done.stdout, unexpected(done.stderr)) == ("interrupted\n", "")
    make_tracker().flush(30)
    assert [row.status for row in read_rows(database)] == ["ok", "cancelled"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "ending", ["tracker.close()", "tracker.flush()", "1 / 0", "os.kill(os.getpid(), signal.SIGKILL)"]
)
def test_however_a_program_ends_its_row_is_there_at_the_next_start(
    ending: str, provider: Provider, database: Path, tmp_path: Path, make_tracker: Callable[..., Tracker]
) -> None:
    done = run(f"client.chat.completions.create(**chat); {ending}", database, tmp_path, "gpt-4o")
    assert done.stderr == "" or "ZeroDivisionError" in done.stderr
    make_tracker().close(30)
    assert [row.status for row in read_rows(database)] == ["ok"]
    assert list((tmp_path / "journal").iterdir()) == []


@pytest.mark.slow
def test_a_stream_left_open_at_the_end_of_a_program_is_found_at_the_next_start(
    provider: Provider, database: Path, tmp_path: Path, make_tracker: Callable[..., Tracker]
) -> None:
    code = """
client.chat.completions.create(**chat)
stream = client.chat.completions.create(**{**chat, "model": "gpt-4o@stall=3"}, stream=True)
next(iter(stream))
"""
    done = run(code, database, tmp_path, "gpt-4o")
    assert unexpected(done.stderr) == ""
    make_tracker().flush(30)
    assert sorted(row.status for row in read_rows(database)) == ["abandoned", "ok"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_parent_and_forked_child_each_record_their_own_calls_once(
    provider: Provider, database: Path, tmp_path: Path, make_tracker: Callable[..., Tracker]
) -> None:
    code = """
def call(who, stream=False):
    answer = client.chat.completions.create(**chat, user=who, stream=stream)
    return iter(answer) if stream else answer

call("parent before")
open_stream = call("parent stream", stream=True)
next(open_stream)
pid = os.fork()
if pid == 0:
    client._client = type(client._client)(base_url=client.base_url)  # a forked connection cannot be shared
    call("child")
    tracker.flush(30)
    os._exit(0)
os.waitpid(pid, 0)
list(open_stream)
call("parent after")
"""
    done = run(code, database, tmp_path, "gpt-4o")
    assert unexpected(done.stderr) == ""
    make_tracker().flush(30)
    users = sorted(row.user_id for row in read_rows(database))
    assert users == ["child", "parent after", "parent before", "parent stream"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_what_a_child_could_not_write_before_it_ended_is_written_by_others(
    provider: Provider, database: Path, tmp_path: Path, make_tracker: Callable[..., Tracker]
) -> None:
    code = """
pid = os.fork()
if pid == 0:
    client.chat.completions.create(**chat, user="child")
    os._exit(0)
os.waitpid(pid, 0)
client.chat.completions.create(**chat, user="parent")
print(tracker.flush(30).written)
"""
    done = run(code, database, tmp_path, "gpt-4o")
    assert (done.stdout, unexpected(done.stderr)) == ("2\n", "")
    assert sorted(row.user_id for row in read_rows(database)) == ["child", "parent"]


def test_a_client_goes_on_after_its_tracker_was_closed(
    clients: Clients, provider: Provider, tracker: Tracker, rows: Rows
) -> None:
    with clients("OpenAI") as client:
        client.chat.completions.create(**CHAT, user="before")
        assert tracker.close().waiting == 0
        client.chat.completions.create(**CHAT, user="after")
    assert [row.user_id for row in rows()] == ["before", "after"]


def test_a_response_that_was_mocked_as_read_is_recorded(provider: Provider, rows: Rows) -> None:
    from llmtrack.openai import OpenAI

    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    text = sse({**chunk, "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}) + DONE
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=text))
    with httpx2.Client(transport=transport) as http:
        client = OpenAI(http_client=http)
        assert len(list(client.chat.completions.create(**CHAT, stream=True))) == 1
    (row,) = rows()
    assert (row.status, row.output[0]["parts"][0]["content"]) == ("ok", "Hi")


def test_signals_are_left_alone(tracker: Tracker) -> None:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("name", ["AsyncOpenAI", "AsyncAnthropic"])
@pytest.mark.parametrize("read", [0, 1, 3])
def test_an_async_stream_that_is_dropped_has_its_row_as_soon_as_the_sdk_lets_go_of_it(
    name: str, read: int, clients: Clients, provider: Provider, rows: Rows
) -> None:
    async def drop() -> int:
        client = clients(name)
        stream = await ASKS[name](client, "@pause=200", stream=True)
        for _ in range(read):
            await anext(stream)
        del stream
        if name == "AsyncOpenAI":
            gc.collect()  # OpenAI's streams hold a generator that holds them.
        for _ in range(20):
            await asyncio.sleep(0)
        written = len(rows())
        await client.close()
        return written

    gc.disable()
    try:
        assert asyncio.run(drop()) == 1
    finally:
        gc.enable()
    assert [row.status for row in rows()] == ["abandoned"]
