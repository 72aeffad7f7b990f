"""What sessions of coding agents and their repositories cost, after calls through the gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from llmtrack.ledger.metrics import ask
from llmtrack.serving.gateway import application
from tests.gateway.conftest import Running, raw, serving
from tests.pages.conftest import OpenPage, hrefs_of, table_with, tables_of
from tests.provider import Provider

SESSION = "11111111-2222-3333-4444-555555555555"
SHOP, TILL = {"x-llmtrack-property-repository": "shop"}, {"x-llmtrack-property-repository": "till"}


@pytest.fixture
def running(provider: Provider, page_settings: None) -> Iterator[Running]:
    with serving(application()) as running:
        yield running


def claude_code(running: Running, *, session: str = SESSION, own: str | None = None, **agent: str) -> None:
    """A request as Claude Code sends it, of its main agent or of one that it sent ahead; `own` is a sign-in."""
    who = {"authorization": f"Bearer {own or running.token}"} | ({"x-llmtrack-key": running.token} if own else {})
    headers = {
        **who, "content-type": "application/json",
        "anthropic-version": "2023-06-01", "x-claude-code-session-id": session, **SHOP,
        **{f"x-claude-code-{name.replace('_', '-')}": value for name, value in agent.items()},
    }  # fmt: skip
    body = b'{"model":"claude-haiku-4-5","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}'
    assert raw(running.url, "POST", "/anthropic/v1/messages?beta=true", headers, body).status == 200


def codex(running: Running) -> None:
    """A request as Codex sends it: its turns are interactions."""
    turn = json.dumps({"session_id": "codex-session", "turn_id": "turn-1"})
    headers = {
        "authorization": f"Bearer {running.token}", "content-type": "application/json",
        "session-id": "codex-session", "x-codex-turn-metadata": turn, **TILL,
    }  # fmt: skip
    body = b'{"model":"gpt-5-mini","input":"hi"}'
    assert raw(running.url, "POST", "/openai/v1/responses", headers, body).status == 200


@pytest.mark.slow
@pytest.mark.compares_with("genai-prices")
def test_a_session_shows_what_each_of_its_agents_cost(running: Running, open_page: OpenPage) -> None:
    claude_code(running)
    claude_code(running)
    claude_code(running, agent_id="explore-1", parent_agent_id="main")
    codex(running)
    running.rows(4)
    # 100 tokens in and 20 out each: claude-haiku-4-5 at $1 and $5 a million, gpt-5-mini at $0.25 and $2.
    listed = {
        row["Conversation"]: (row["Calls"], row["Cost"]) for row in tables_of(open_page("admin/conversations.py"))[0]
    }
    assert listed == {SESSION: ("3", "$0.000600"), "codex-session": ("1", "$0.000065")}
    claudes = open_page("admin/conversations.py", conversation=SESSION)
    agents = {row["Agent"]: (row["Calls"], row["Tokens"], row["Cost"]) for row in table_with(claudes, "Agent")}
    assert agents == {"Main agent": ("2", "240", "$0.000400"), "explore-1": ("1", "120", "$0.000200")}
    assert next(iter(agents)) == "Main agent"
    (way,) = [href for href in hrefs_of(claudes) if "explore-1" in href]
    calls = open_page("admin/generations.py", where=[f"session:is:{SESSION}", "property.llmtrack.agent:is:explore-1"])
    assert "where=property.llmtrack.agent%3Ais%3Aexplore-1" in way
    assert [row["Cost"] for row in tables_of(calls)[0]] == ["$0.000200"]
    codexs = open_page("admin/conversations.py", conversation="codex-session")
    assert [row["Asked"] for row in table_with(codexs, "Asked")] == ["hi"]
    assert not [table for table in tables_of(codexs) if "Agent" in table[0]]
    turns = open_page("admin/traces.py", where="property.repository:is:till")
    assert [(row["Asked"], row["Cost"]) for row in tables_of(turns)[0]] == [("hi", "$0.000065")]
    by_repository = ask(running.ledger, "cost", "property.repository").rows
    assert {row["property.repository"]: row["cost"] for row in by_repository} == {
        "shop": Decimal("0.0006"), "till": Decimal("0.000065"),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.compares_with("genai-prices")
def test_the_traces_page_lists_sessions_with_their_sub_agents_and_repositories(
    running: Running, open_page: OpenPage
) -> None:
    claude_code(running)
    claude_code(running)
    claude_code(running, agent_id="explore-1", parent_agent_id="main")
    claude_code(running, agent_id="explore-2", parent_agent_id="main")
    codex(running)
    headers = {"authorization": f"Bearer {running.token}", "content-type": "application/json",
               "x-llmtrack-session": "no agent's"}  # fmt: skip
    raw(running.url, "POST", "/openai/v1/responses", headers, b'{"model":"gpt-5-mini","input":"hi"}')
    running.rows(6)
    page = open_page("admin/traces.py", view="agents")
    sessions = {row["Session"]: row for row in table_with(page, "Session")}
    names = ("Repository", "Calls", "Tokens", "Sub-agents", "Their cost", "Cost")
    assert {session: tuple(row[name] for name in names) for session, row in sessions.items()} == {
        "11111111-2222… Claude Codeshop": ("shop", "4", "480", "2", "$0.000400", "$0.000800"),
        "codex-session Codextill": ("till", "1", "120", "0", "$0.000000", "$0.000065"),
    }
    dearest = next(iter(sessions))
    assert dearest.startswith("11111111")
    assert "By subscription" not in sessions[dearest]
    repositories = [
        (row["Repository"], row["Sessions"], row["Calls"], row["Cost"]) for row in table_with(page, "Sessions")
    ]
    assert repositories == [("shop", "1", "4", "$0.000800"), ("till", "1", "1", "$0.000065")]
    narrowed = [href for href in hrefs_of(page) if "property.repository%3Ais%3Atill" in href]
    assert narrowed
    assert all("view=agents" in href for href in narrowed)
    till = open_page("admin/traces.py", view="agents", where="property.repository:is:till")
    assert [row["Session"] for row in table_with(till, "Session")] == ["codex-session Codextill"]
    opened = open_page("admin/traces.py", view="agents", session=SESSION)
    agents = {row["Agent"]: (row["Calls"], row["Cost"]) for row in table_with(opened, "Agent")}
    assert agents == {
        "Main agent": ("2", "$0.000400"), "explore-1": ("1", "$0.000200"), "explore-2": ("1", "$0.000200"),
    }  # fmt: skip
    assert [href for href in hrefs_of(opened) if f"conversation={SESSION}" in href]


@pytest.mark.slow
@pytest.mark.compares_with("genai-prices")
def test_what_a_subscription_pays_stands_beside_the_cost(running: Running, open_page: OpenPage) -> None:
    claude_code(running)
    claude_code(running, own="sk-ant-oat01-abc", agent_id="explore-1")
    running.rows(2)
    page = open_page("admin/traces.py", view="agents")
    (row,) = table_with(page, "Session")
    assert (row["Cost"], row["By subscription"]) == ("$0.000200", "$0.000200")
    opened = open_page("admin/traces.py", view="agents", session=SESSION)
    agents = {row["Agent"]: (row["Cost"], row["By subscription"]) for row in table_with(opened, "Agent")}
    assert agents == {"Main agent": ("$0.000200", "$0.000000"), "explore-1": ("$0.000000", "$0.000200")}


@pytest.mark.slow
def test_without_agents_the_page_says_how_they_get_there(open_page: OpenPage) -> None:
    page = open_page("admin/traces.py", view="agents")
    assert "No agent sessions here" in str([block.value for block in page.markdown])
    missing = open_page("admin/traces.py", view="agents", session="never-was")
    assert "There is no session never" in str([block.value for block in missing.markdown])


@pytest.mark.slow
def test_a_prompt_that_nobody_could_read_is_said_to_be_unknown(running: Running, open_page: OpenPage) -> None:
    headers = {"x-api-key": running.token, "content-type": "application/json", "content-encoding": "br"}
    raw(running.url, "POST", "/anthropic/v1/messages", headers, b"\x0b\x02\x80hello\x03")
    call = running.row().id
    page = open_page("admin/generations.py", call=str(call))
    notes = [note.value.replace("\\", "") for note in page.caption]
    assert "What was sent is unknown: it came compressed (br), which this server could not undo." in notes
