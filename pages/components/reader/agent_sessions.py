"""Sessions of coding agents, as the gateway saw them: what each cost, its sub-agents, and what each repository cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.query import Filter
from pages.components import card, empty_states, filters, formatting, links, queries, tables
from pages.components.reader.agents import BY_AGENT, METRICS, draw_agents, equivalent_column
from pages.components.reader.call import draw_missing
from pages.components.reader.layout import Item, beside, facts, head, item_list, step_links
from pages.components.reader.paging import neighbours
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.viewer import require_texts

BY_CLIENT = "property.llmtrack.client"
"""Where the gateway keeps which coding agent sent a call."""
BY_REPOSITORY = "property.repository"
LONGEST = 26
"""Characters of a session's name in the table."""
SESSION = "session"
"""The parameter of the address that says which one is read."""


@dataclass
class Total:
    """The calls of a session, or of a repository."""

    sums: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(METRICS))
    in_sub_agents: Decimal | None = None
    """What of the cost is theirs."""
    sub_agents: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    repositories: set[str] = field(default_factory=set)
    last: date = date.min

    def add(self, row: Mapping[str, Any]) -> None:
        """Further calls, of one day and one agent."""
        for name in METRICS:
            self.sums[name] = _added(self.sums[name], row[name])
        if row[BY_AGENT] is not None:
            self.in_sub_agents = _added(self.in_sub_agents, row["cost"])
        for names, dimension in (
            (self.sub_agents, BY_AGENT), (self.sessions, "session"), (self.clients, BY_CLIENT), (self.users, "user"),
            (self.repositories, BY_REPOSITORY),
        ):  # fmt: skip
            if row[dimension] is not None:
                names.add(row[dimension])
        day: datetime = row["day"]
        self.last = max(self.last, day.date())

    def cells(self) -> dict[str, Any]:
        """What both tables show of it."""
        sums = self.sums
        return {
            "generations": sums["generations"],
            "tokens": (sums["input_tokens"] or 0) + (sums["output_tokens"] or 0),
            "cost": sums["cost"],
            "equivalent": sums["api_equivalent_cost"],
        }


def draw_agent_sessions(view: filters.View) -> None:
    """The sessions of the time and, under them, the repositories; or one session that the address names."""
    require_texts(view.where)
    answer = queries.ask(
        METRICS,
        view.span,
        by=("session", BY_AGENT, BY_CLIENT, BY_REPOSITORY, "user", "day"),
        where=[*view.where, Filter(BY_CLIENT, (None,), negated=True), Filter("session", (None,), negated=True)],
        fill=False,
    )
    sessions = _by_cost(_totals(answer.rows, "session"))
    if chosen := st.query_params.get(SESSION):
        _draw_beside(view, sessions, chosen)
    elif not sessions:
        filters.draw_nothing_found("agent session", view)
        empty_states.note("Claude Code and Codex are listed once they call through the gateway: Connect says how.")
    else:
        _draw_sessions(view, sessions)
        _draw_repositories(view, _by_cost(_totals(answer.rows, BY_REPOSITORY)))
        queries.remark(answer)


def _draw_sessions(view: filters.View, sessions: Mapping[str | None, Total]) -> None:
    rows = [
        {
            "session": session, "user": _listed(total.users),
            "name": (_short(session or ""), _listed(total.clients), _listed(total.repositories)),
            "repository": _listed(total.repositories), "agents": len(total.sub_agents), "last": total.last,
            "theirs": total.in_sub_agents if total.sub_agents else Decimal(0), **total.cells(),
        }
        for session, total in sessions.items()
    ]  # fmt: skip
    columns = [
        Column("name", "Session", "named", pinned=True, href=lambda row: _opens(row["session"])),
        Column("user", "User", href=lambda row: links.user(row["user"] or None), wide_only=True),
        Column("repository", "Repository", wide_only=True),
        Column("generations", "Calls", "count", wide_only=True),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("agents", "Sub-agents", "count", wide_only=True),
        Column("theirs", "Their cost", "usd", wide_only=True, alike="cost"),
        Column("last", "Last call", "date", wide_only=True),
        Column("cost", "Cost", "usd", alike="cost"),
        *equivalent_column(rows),
    ]
    tables.table(rows, columns, alt_text=f"Sessions of coding agents, {view.span}")


def _draw_repositories(view: filters.View, repositories: Mapping[str | None, Total]) -> None:
    if set(repositories) == {None}:
        empty_states.note("What each repository cost is shown where agents send `X-Llmtrack-Property-repository`.")
        return
    rows = [
        {"repository": name or "not given", "value": name, "sessions": len(total.sessions), **total.cells()}
        for name, total in repositories.items()
    ]
    columns = [
        Column("repository", "Repository", pinned=True,
               href=lambda row: links.narrowed("traces", BY_REPOSITORY, row["value"]) + "&view=agents"),
        Column("sessions", "Sessions", "count"),
        Column("generations", "Calls", "count", wide_only=True),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("cost", "Cost", "usd"),
        *equivalent_column(rows),
    ]  # fmt: skip
    with card.card("Repositories", "what the sessions in each of them cost"):
        tables.table(rows, columns, alt_text=f"Repositories, {view.span}", name="repositories")


def _draw_beside(view: filters.View, sessions: Mapping[str | None, Total], chosen: str) -> None:
    before, after = neighbours([name or "" for name in sessions], chosen, _opens)
    items = [
        Item(
            href=_opens(session or ""),
            title=session or "",
            amount=formatting.usd(total.sums["cost"]),
            remark=" · ".join(filter(None, [_listed(total.users), _listed(total.clients)])),
            when=_listed(total.repositories),
            chosen=session == chosen,
        )
        for session, total in sessions.items()
    ]
    with beside(item_list(items, "Sessions of coding agents"), _opens(None)):
        try:
            row = lists.session(queries.ledger(), chosen, timezone=view.span.timezone)
        except lists.NotFound:
            draw_missing("session", chosen, "traces")
            return
        total = sessions.get(chosen, Total())
        shown = facts(
            [
                ("Agent", text_of(_listed(total.clients))),
                ("User", links.anchor(row.user or "not given", links.user(row.user))),
                ("Repository", text_of(_listed(total.repositories))),
                ("Began", text_of(formatting.short_moment(row.at, view.span.last))),
                ("Cost", text_of(formatting.usd(row.cost))),
                ("Calls", text_of(formatting.count(row.generations))),
                ("Tokens", text_of(f"{formatting.count(row.input_tokens)} → {formatting.count(row.output_tokens)}")),
                ("Lasted", text_of(formatting.seconds(row.duration))),
            ]
        )
        ways = step_links(before, after) + links.anchor("Conversation", links.conversation(chosen))
        st.html(f'<div class="ll">{head(chosen, ways)}{shown}</div>')
        draw_agents(chosen, 0)


def _totals(rows: Iterable[Mapping[str, Any]], dimension: str) -> dict[str | None, Total]:
    totals: dict[str | None, Total] = {}
    for row in rows:
        totals.setdefault(row[dimension], Total()).add(row)
    return totals


def _by_cost(totals: Mapping[str | None, Total]) -> dict[str | None, Total]:
    """The dearest first; of those a subscription pays, by what the API would have charged."""

    def spent(item: tuple[str | None, Total]) -> tuple[Decimal, Decimal, date]:
        sums = item[1].sums
        return sums["cost"] or Decimal(0), sums["api_equivalent_cost"] or Decimal(0), item[1].last

    return dict(sorted(totals.items(), key=spent, reverse=True))


def _added(sum: Any, value: Any) -> Any:
    """A sum with a further value, of which either may be unknown."""
    return value if sum is None else sum if value is None else sum + value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _short(session: str) -> str:
    """The beginning of an id: agents' are as long as they are meaningless, and the whole stands over what is opened."""
    return session if len(session) <= LONGEST else f"{session[: LONGEST // 2]}…"


def _opens(session: str | None) -> str:
    return links.here(session=session, page=None)
