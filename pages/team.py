"""What a team used and what it cost, for those who lead it: numbers, and nothing that was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from llmtrack.ledger.query import Filter, Row
from pages.components import card, charts, empty_states, filters, formatting, links, queries, tables, tiles
from pages.components.charts import colours
from pages.components.conditions import both
from pages.components.insights.cost_tables import NOBODY, part
from pages.components.insights.trends import trend
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.viewer import not_found, viewer

METRICS = (*queries.MONEY, "messages", "users", "total_tokens", "errors", "error_rate", "cost_per_generation")
TEAM = "team"
"""The parameter that names the team, for those who lead several."""


def columns(by: str, title: str, colour: Mapping[str, str]) -> list[Column]:
    """The columns of the tables by member and by model; a row narrows the page to it."""
    return [
        Column(by, title, "model" if by == "model" else "text", pinned=True,
               href=lambda row: links.address(TEAM, [Filter(by, (row["id"],))], keep_where=True, **own),
               colour=(lambda row: colour[row["id"] or ""]) if colour else None),
        Column("messages", "Messages", "count", wide_only=True),
        Column("generations", "Calls", "count"),
        Column("total_tokens", "Tokens", "tokens", wide_only=True),
        Column("errors", "Errors", "count", wide_only=True),
        Column("cost_per_generation", "Cost per call", "usd", wide_only=True),
        Column("share", "Share", "bar", wide_only=True),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip


def draw_tiles(totals: Row, before: Row | None) -> None:
    """Cost, calls, members and errors, each with its line over the time."""
    by_time, axis = queries.ask(METRICS, span, by=[span.grain], where=where), span.axis(span.grain)

    def tile(label: str, metric: str, value: str, was: str, **more: Any) -> tiles.Tile:
        past = before[metric] if before else None
        return tiles.changed(
            label, value, totals[metric], past, was=was, trend=trend(by_time.rows, axis, metric), **more
        )

    def past(text: str) -> str:
        return f"{text} before" if before and before["generations"] else ""

    calls = formatting.counted(totals["generations"], "call")
    tiles.draw(
        [
            tile("Cost", "cost", queries.cost_text(totals), past(queries.cost_text(before or totals)), better="less"),
            tile("Calls", "generations", formatting.count(totals["generations"]),
                 past(formatting.count((before or totals)["generations"]))),
            tile("Members with calls", "users", formatting.count(totals["users"]),
                 past(formatting.count((before or totals)["users"]))),
            tile("Errors", "error_rate", formatting.rate(totals["error_rate"]),
                 f"{formatting.count(totals['errors'])} of {calls}", better="less", rate=True, alarming=True),
        ]
    )  # fmt: skip


def draw_time() -> None:
    """The cost over the time, by model."""
    by_time = queries.ask(["cost", "simulated"], span, by=[span.grain, "model"], where=where)
    with card.card(f"Cost per {span.grain}", "by model"):
        charts.bars_over_time(
            charts.money_points((row[span.grain], queries.model_name(row), row["cost"]) for row in by_time.rows),
            span.axis(span.grain),
            title="Cost",
            alt_text=f"Cost per {span.grain} of {formatting.visible(team)} by model, {span}",
        )


def draw_table(by: str, title: str, totals: Row) -> None:
    """A card with the members or the models, the dearest first."""
    answer = queries.ask(METRICS, span, by=[by], where=where, order="-cost", fill=False)
    name = {"user": lambda row: row["user"] or NOBODY, "model": queries.model_name}[by]
    colour = colours.css(by, (row[by] or "" for row in answer.rows)) if by == "model" else {}
    rows = [{**row, "id": row[by], by: name(row), "share": part(row, totals)} for row in answer.rows]
    whole = {**totals, by: f"All {title.lower()}s", "share": part(totals, totals)}
    with card.card(f"{title}s", "dearest first"):
        tables.table(
            rows, tables.used(columns(by, title, colour), rows), alt_text=f"{title}s, {span}", total=whole,
            name=f"{by}_page",
        )  # fmt: skip


me = viewer()
if not me.leads:
    not_found()
team = st.query_params.get(TEAM, me.leads[0])
team = team if team in me.leads else me.leads[0]
own = {TEAM: team} if len(me.leads) > 1 else {}
within = (Filter("group", (team,)),)
view = filters.head("Team", TEAM, compare=True, leave_out=("group",), within=within)
span, where = view.span, both(view.where, within)
if len(me.leads) > 1:
    # The first of a choice is the usual one: the address does not name it.
    card.choose("Team", {name: formatting.visible(name) for name in me.leads}, key=TEAM)
with st.skeleton(height=300):
    totals = queries.ask(METRICS, span, where=where).totals
    if not totals["generations"]:
        card.sub(view.in_words)
        empty_states.empty(
            f"No calls of {formatting.plain(team)} in this time",
            "Choose a longer time or fewer filters above. A call is the team's where its group is: "
            f"`llmtrack.context(group={team!r})`.",
        )
        empty_states.draw_ways(view.where)
        st.stop()
    spent = f"{text_of(team)} cost {queries.cost_text(totals)}."
    card.sub(view.in_words, spent, *queries.cost_sentences(totals, link=False))
    draw_tiles(totals, queries.ask(METRICS, view.against, where=where).totals if view.against else None)
draw_time()
draw_table("user", "Member", totals)
draw_table("model", "Model", totals)
