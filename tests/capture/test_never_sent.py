"""Calls that ended before anything was sent cost nothing; one that was sent, and whose usage nobody knows, may have."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import openai
import pytest

import llmtrack
from llmtrack.capture.tracker import Tracker
from tests.capture.ways import CHAT
from tests.provider import Answer, Provider

Rows = Callable[[], list[SimpleNamespace]]
Clients = Callable[..., Any]
NOTHING = ("exact", 0, None)
UNKNOWN = ("unpriced", None, "usage_missing")


def cost(row: SimpleNamespace) -> tuple[Any, ...]:
    return row.cost_status, row.cost, row.cost_reason


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(("retries", "expected"), [(0, NOTHING), (1, ("unpriced", None, "no_usage"))])
def test_a_connection_that_was_refused(retries: int, expected: tuple[Any, ...], clients: Clients, rows: Rows) -> None:
    """After a retry it is not certain any more that no try before it got further."""
    client = clients("OpenAI", base_url=f"http://127.0.0.1:{closed_port()}/v1", max_retries=retries)
    with client, pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)
    (row,) = rows()
    assert (row.status, cost(row)) == ("error", expected)


async def test_cancelled_before_the_key_was_there(tracker: Tracker, rows: Rows) -> None:
    waits = asyncio.Event()

    async def key() -> str:
        waits.set()
        await asyncio.Event().wait()
        return "k"

    client = llmtrack.track(openai.AsyncOpenAI(api_key=key, base_url="http://127.0.0.1:9/v1"), provider="openai")
    task = asyncio.create_task(client.chat.completions.create(**CHAT))
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = rows()
    assert (row.status, cost(row)) == ("cancelled", NOTHING)


async def test_cancelled_while_waiting_for_the_answer(clients: Clients, provider: Provider, rows: Rows) -> None:
    async with clients("AsyncOpenAI") as client:
        provider.wish("silent")
        task = asyncio.create_task(client.chat.completions.create(**CHAT))
        await asyncio.to_thread(provider.wait_until, lambda: bool(provider.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (row,) = rows()
    assert (row.status, cost(row)) == ("cancelled", UNKNOWN)


async def test_cancelled_between_two_tries(clients: Clients, provider: Provider, rows: Rows) -> None:
    provider.script("/chat/completions", [Answer({"error": {}}, status=500, headers={"retry-after": "50"})])
    async with clients("AsyncOpenAI") as client:
        task = asyncio.create_task(client.chat.completions.create(**CHAT))
        await asyncio.to_thread(provider.wait_until, lambda: bool(provider.requests))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (row,) = rows()
    assert (row.status, cost(row)) == ("cancelled", UNKNOWN)


def test_a_call_made_while_an_older_failure_is_handled_is_not_taken_for_it(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    refused = clients("OpenAI", base_url=f"http://127.0.0.1:{closed_port()}/v1", max_retries=0)
    with clients("OpenAI", max_retries=0, timeout=0.2) as client:
        try:
            refused.chat.completions.create(**CHAT)
        except openai.APIConnectionError:
            with pytest.raises(openai.APITimeoutError):
                client.chat.completions.create(**{**CHAT, "model": "gpt-4o@silent"})
    assert [cost(row) for row in rows()] == [NOTHING, ("unpriced", None, "no_usage")]
