"""Tools for agents, asked by the SDK's own client: the same numbers as the page, and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from llmtrack.ledger.metrics import ask
from tests.serving.api.conftest import CYCLE, Server
from tests.serving.api.live import listening


@asynccontextmanager
async def session(url: str, token: str) -> AsyncIterator[ClientSession]:
    """A client of somebody's."""
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=30) as http,
        streamable_http_client(f"{url}/mcp", http_client=http) as streams,
        ClientSession(*streams[:2]) as client,
    ):
        await client.initialize()
        yield client


async def asked(server: Server, token: str, tool: str, **arguments: Any) -> Any:
    """What a tool answers."""
    with listening() as url:
        async with session(url, server.tokens[token]) as client:
            return await client.call_tool(tool, arguments)


@pytest.mark.slow
async def test_a_client_lists_tools_that_only_read(server: Server) -> None:
    with listening() as url:
        async with session(url, server.tokens["alice"]) as client:
            tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["my_usage", "query", "list_metrics", "price"]
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)


async def test_what_did_i_spend_by_model_is_what_the_page_says(server: Server) -> None:
    answer = await asked(server, "alice", "query", metrics=["cost", "generations"], by=["model"], order="-cost",
                         since="2025-10-06", until="2025-10-13")  # fmt: skip
    page = ask(server.ledger, ["cost", "generations"], "model", where={"user": ["alice"]}, order="-cost")
    rows = answer.structured_content["rows"]
    assert [(row["model"], row["generations"]) for row in rows] == [(row["model"], row["generations"]) for row in page]
    assert (rows[0]["model"], rows[0]["cost"]) == ("gpt-4o-2024-08-06", "0.0009")
    usage = await asked(server, "alice", "my_usage", cycle=CYCLE)
    assert (usage.structured_content["user_id"], usage.structured_content["cost"]) == ("alice", "0.0009")


@pytest.mark.slow
async def test_nobody_elses_numbers_are_told(server: Server) -> None:
    answer = await asked(server, "alice", "query", metrics=["generations"], by=["user"])
    assert [row["user"] for row in answer.structured_content["rows"]] == ["alice"]
    refused = await asked(server, "alice", "query", metrics=["generations"], where=["user=bob"])
    assert refused.is_error
    assert "This token does not show the usage of user 'bob'." in refused.content[0].text
    wrong = await asked(server, "alice", "query", metrics=["cots"])
    assert wrong.is_error
    assert "did you mean cost?" in wrong.content[0].text
    everybody = await asked(server, "admin", "query", metrics=["generations"])
    assert everybody.structured_content["totals"] == {"generations": 7}


@pytest.mark.parametrize(("token", "status"), [("nobody", 401), ("recorder", 403)])
def test_it_takes_a_token_that_reads(server: Server, token: str, status: int) -> None:
    answer = server.client.post("/mcp", json={}, headers=server.headers(token))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
