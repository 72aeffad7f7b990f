"""What the agents of a conversation cost: a coding agent and those it sends ahead share one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmtrack.ledger.metrics import TooManyRows, ask
from llmtrack.ledger.query import Filter
from pages.components import card, empty_states, links, queries, tables
from pages.components.tables import Column
from pages.components.viewer import require_numbers

BY_AGENT = "property.llmtrack.agent"
"""Where the gateway keeps which agent made a call."""
MAIN = "Main agent"
METRICS = ("cost", "generations", "input_tokens", "output_tokens", "api_equivalent_cost")


def equivalent_column(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """What the API would have charged for calls that a subscription pays, where there are any."""
    if not any(row["equivalent"] for row in rows):
        return []
    return [
        Column("equivalent", "By subscription", "usd", help="What the API would have charged; no part of the cost.")
    ]


def draw_agents(session: str, interactions: int) -> None:
    """A row for each agent, which opens its calls: the main one, then the dearest.

    Nothing where all calls belong to interactions of one agent.
    """
    require_numbers({"session": session})
    try:
        answer = ask(queries.ledger(), METRICS, BY_AGENT, where={"session": session})
    except TooManyRows:
        empty_states.note("Its agents are not told apart here: it has too many calls.")
        return
    if interactions and all(row[BY_AGENT] is None for row in answer.rows):
        return
    rows: list[dict[str, Any]] = [
        {
            "agent": row[BY_AGENT] or MAIN,
            "href": links.calls(Filter("session", (session,)), Filter(BY_AGENT, (row[BY_AGENT],))),
            "generations": row["generations"],
            "tokens": (row["input_tokens"] or 0) + (row["output_tokens"] or 0),
            "cost": row["cost"],
            "equivalent": row["api_equivalent_cost"],
        }
        for row in sorted(answer.rows, key=lambda row: (row[BY_AGENT] is not None, -(row["cost"] or 0)))
    ]
    columns = [
        Column("agent", "Agent", pinned=True, href=lambda row: row["href"]),
        Column("generations", "Calls", "count"),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("cost", "Cost", "usd"),
        *equivalent_column(rows),
    ]
    with card.card("Agents", "what each of them cost"):
        tables.table(rows, columns, alt_text=f"Agents of {session}")
