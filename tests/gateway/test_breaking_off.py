"""Callers who hang up, providers who do, and what is too large."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time

import aiohttp
import pytest

from llmtrack.ledger.metrics import ask
from llmtrack.serving.gateway import client
from llmtrack.settings import get_settings
from tests.gateway.conftest import PATIENCE, Running, raw
from tests.provider import Answer, Provider

JSON = {"content-type": "application/json"}


def streamed(model: str, path: str = "anthropic") -> tuple[str, bytes]:
    body = {"model": model, "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return ("/anthropic/v1/messages" if path == "anthropic" else "/openai/v1/chat/completions"), json.dumps(
        body
    ).encode()


async def hang_up(running: Running, path: str, body: bytes, after: int, until: bytes = b"") -> bytes:
    """Sends a request and leaves after so many bytes of the answer, with `until` among them; 0: before its head."""
    headers = {**JSON, "x-api-key": running.token}
    async with aiohttp.ClientSession() as session:
        if after == 0:
            sending = asyncio.create_task(session.post(running.url + path, data=body, headers=headers))
            await asyncio.sleep(0.3)
            sending.cancel()
            return b""
        response = await session.post(running.url + path, data=body, headers=headers)
        seen = b""
        while len(seen) < after or until not in seen:
            seen += await response.content.readany()
        response.close()
        return seen


def wait_until_nothing_is_open(running: Running) -> None:
    """No call is under way, no connection to the provider in use, and no task is left but the server's own."""
    ((loop, upstream),) = client._sessions.items()
    assert upstream.connector is not None
    deadline = time.monotonic() + PATIENCE
    while True:
        calls, connections = running.tracker.limiter.under_way(), upstream.connector._acquired
        tasks = [task for task in asyncio.all_tasks(loop) if "gateway" in str(task.get_coro())]
        if not (calls or connections or tasks):
            return
        assert time.monotonic() < deadline, (calls, connections, tasks)
        time.sleep(0.02)


async def test_a_caller_who_leaves_stops_the_provider_and_what_was_seen_is_a_row(
    running: Running, provider: Provider
) -> None:
    path, body = streamed("claude-haiku-4-5@stall=5")
    await hang_up(running, path, body, 400, until=b"content_block_delta")
    await asyncio.to_thread(provider.wait_until, lambda: provider.last.client_left)
    row = await asyncio.to_thread(running.row)
    assert (row.status, row.cost_status, row.usage_estimated) == ("cancelled", "estimated", True)
    assert row.input_tokens == 100


@pytest.mark.parametrize(("model", "path", "end"), [("claude-haiku-4-5", "anthropic", b"message_stop"),
                                                  ("gpt-4o", "openai", b"[DONE]")])  # fmt: skip
async def test_one_who_leaves_at_the_last_event_has_all_of_the_answer(
    running: Running, provider: Provider, model: str, path: str, end: bytes
) -> None:
    """SDKs stop reading there, and some hang up before the connection has ended."""
    address, body = streamed(model, path)
    headers = {**JSON, "x-api-key": running.token}
    async with aiohttp.ClientSession() as session, session.post(running.url + address, data=body, headers=headers) as r:
        assert end in await r.read()
    address, body = streamed(f"{model}@stall={provider.last.events_sent}", path)
    async with asyncio.timeout(PATIENCE):
        await hang_up(running, address, body, 1, until=end)
    await asyncio.to_thread(provider.wait_until, lambda: provider.last.client_left)
    whole, left = await asyncio.to_thread(running.rows, 2)
    assert (left.status, left.cost_status, left.cost) == (whole.status, whole.cost_status, whole.cost)
    assert (left.status, left.cost_status, left.input_tokens, left.output_tokens) == ("ok", "exact", 100, 20)


async def test_one_who_leaves_before_the_first_text_is_an_estimate(running: Running, provider: Provider) -> None:
    path, body = streamed("claude-haiku-4-5@stall=1")
    assert b"message_start" in await hang_up(running, path, body, 20)
    await asyncio.to_thread(provider.wait_until, lambda: provider.last.client_left)
    row = await asyncio.to_thread(running.row)
    assert (row.status, row.cost_status) == ("cancelled", "estimated")


@pytest.mark.slow
async def test_one_who_leaves_before_the_head_may_have_cost_something(running: Running, provider: Provider) -> None:
    path, body = streamed("claude-haiku-4-5@silent")
    await hang_up(running, path, body, 0)
    await asyncio.to_thread(provider.wait_until, lambda: bool(provider.requests) and provider.last.client_left)
    row = await asyncio.to_thread(running.row)
    assert (row.status, row.attempts, row.cost_status) == ("cancelled", 1, "unpriced")


async def test_one_who_leaves_an_error_unread_has_seen_the_providers_failure(
    running: Running, provider: Provider
) -> None:
    """As SDKs do that try again."""
    provider.script("/messages", [Answer(events=[b"{", b"}"], status=529, stall_after=1)])
    path, body = streamed("claude-haiku-4-5")
    await hang_up(running, path, body, 1)
    await asyncio.to_thread(provider.wait_until, lambda: provider.last.client_left)
    row = await asyncio.to_thread(running.row)
    assert (row.status, row.error_type, row.http_status, row.attempts) == ("error", "overloaded", 529, 1)


@pytest.mark.slow
async def test_one_who_leaves_before_anything_was_sent_cost_nothing(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as busy:
        port = busy.getsockname()[1]
        # Whoever comes after the first two is not let in, and waits.
        filling = [socket.socket() for _ in range(2)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{port}")
        get_settings.cache_clear()
        path, body = streamed("claude-haiku-4-5")
        await hang_up(running, path, body, 0)
        for one in filling:
            one.close()
    row = await asyncio.to_thread(running.row)
    assert (row.status, row.attempts) == ("cancelled", 0)
    assert ask(running.ledger, ["unpriced"]).totals["unpriced"] == 0


def test_a_provider_that_cannot_be_reached_is_a_502_that_sdks_try_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    get_settings.cache_clear()
    body = b'{"model":"gpt-4o","messages":[]}'
    answer = raw(running.url, "POST", "/openai/v1/chat/completions", {**JSON, "x-api-key": running.token}, body)
    assert answer.status == 502
    assert "openai (127.0.0.1) did not answer" in json.loads(answer.body)["error"]["message"]
    assert answer.header("x-should-retry") is None
    row = running.row()
    assert (row.status, row.error_type, row.attempts) == ("error", "connection", 0)
    assert ask(running.ledger, ["unpriced"]).totals["unpriced"] == 0


@pytest.mark.slow
def test_a_provider_that_stays_silent_is_given_up(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LLMTRACK_GATEWAY_SILENCE_TIMEOUT", "0.3")
    running = request.getfixturevalue("running")
    headers = {**JSON, "x-api-key": running.token}
    body = b'{"model":"gpt-4o@silent","messages":[]}'
    answer = raw(running.url, "POST", "/openai/v1/chat/completions", headers, body)
    assert answer.status == 504
    path, body = streamed("claude-haiku-4-5@stall=5")
    with pytest.raises(Exception, match="IncompleteRead"):
        raw(running.url, "POST", path, headers, body)
    silent, stalled = running.rows(2)
    assert (silent.status, silent.error_type, silent.cost_status) == ("error", "timeout", "unpriced")
    assert (stalled.status, stalled.error_type, stalled.cost_status) == ("error", "timeout", "estimated")


def test_a_provider_that_breaks_off_is_broken_off_for_the_caller_too(running: Running) -> None:
    path, body = streamed("claude-haiku-4-5@drop=4")
    with pytest.raises(Exception, match="IncompleteRead"):
        raw(running.url, "POST", path, {**JSON, "x-api-key": running.token}, body)
    assert (running.row().status, running.row().error_type) == ("error", "connection")


def test_what_is_too_large_is_refused_or_broken_off(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LLMTRACK_GATEWAY_MAX_REQUEST_MB", "0.01")
    monkeypatch.setenv("LLMTRACK_GATEWAY_MAX_ANSWER_MB", "0.01")
    running = request.getfixturevalue("running")
    headers = {**JSON, "x-api-key": running.token}
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "x" * 20_000}]}).encode()
    answer = raw(running.url, "POST", "/openai/v1/chat/completions", headers, body)
    assert answer.status == 413
    message = json.loads(answer.body)["error"]["message"]
    assert message == "The request is larger than 0.01 MB, which LLMTRACK_GATEWAY_MAX_REQUEST_MB allows."
    assert provider.requests == []
    provider.script("/chat/completions", [Answer({"text": "x" * 20_000})])
    with pytest.raises(Exception, match="IncompleteRead"):
        raw(running.url, "POST", "/openai/v1/chat/completions", headers, b'{"model":"gpt-4o","messages":[]}')
    assert running.row().status == "error"


@pytest.mark.slow
def test_a_large_body_goes_through_whole(running: Running, provider: Provider) -> None:
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "é" * 2_000_000}]}).encode()
    answer = raw(running.url, "POST", "/openai/v1/chat/completions", {**JSON, "x-api-key": running.token}, body)
    assert answer.status == 200
    assert provider.last.content == body
    assert provider.last.headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in provider.last.headers


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.full)])
async def test_of_many_streams_each_is_a_row_whoever_hangs_up(running: Running, provider: Provider, count: int) -> None:
    """Streams of those who leave would never end by themselves, so that each has to be stopped."""
    dice = random.Random(7)
    headers = {**JSON, "x-api-key": running.token}
    path, whole = streamed("claude-haiku-4-5@pause=10")
    _, endless = streamed("claude-haiku-4-5@pause=10@stall=5")
    places = asyncio.Semaphore(50)

    async def one(session: aiohttp.ClientSession, leaves: float | None) -> None:
        async with places:
            body = whole if leaves is None else endless
            response = await session.post(running.url + path, data=body, headers=headers)
            if leaves is None:
                await response.read()
                response.release()
                return
            await asyncio.sleep(leaves)
            response.close()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one(session, dice.uniform(0, 0.1) if n % 3 == 0 else None) for n in range(count)))
    leavers = len(range(0, count, 3))
    rows = await asyncio.to_thread(running.rows, count)
    stopped = [row for row in rows if row.status == "cancelled"]
    assert len(stopped) == leavers
    assert {(row.status, row.cost_status) for row in rows if row not in stopped} == {("ok", "exact")}
    assert {(row.cost_status, row.http_status) for row in stopped} <= {("estimated", 200), ("unpriced", 200)}
    unpriced = [row for row in stopped if row.cost_status == "unpriced"]
    assert {row.output_tokens for row in unpriced} <= {None}, "of a mere head nobody knows what follows"
    assert len(unpriced) < len(stopped) // 2
    assert len(provider.requests) == count

    def over() -> bool:
        return all(request.answered or request.client_left for request in provider.requests)

    await asyncio.to_thread(provider.wait_until, over)
    assert sum(request.client_left for request in provider.requests) == leavers
    await asyncio.to_thread(wait_until_nothing_is_open, running)
