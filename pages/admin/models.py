"""What each model costs and how good it is for that, over the time and beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from llmtrack.ledger.query import Filter, QueryResult, Row
from pages.components import card, charts, empty_states, filters, formatting, links, queries, tables, tiles
from pages.components.charts import colours
from pages.components.insights import cost_tables, what_if
from pages.components.insights.trends import trend, trends
from pages.components.tables import Column
from pages.components.viewer import require_admin

METRICS = (
    *queries.MONEY, "total_tokens", "cost_per_generation", "cost / total_tokens", "good_feedback", "feedback",
    "feedback_score", "cost / good_feedback", "duration_p95", "errors", "error_rate",
)  # fmt: skip
OVER_TIME = ("cost", "generations", "total_tokens", "cost_per_generation", "cost / total_tokens", "duration_p95")
SHOWN = {"cost": "Cost", "generations": "Calls", "total_tokens": "Tokens"}
THOUSAND = 1000


def per_thousand(row: Row) -> Any:
    """Dollars per thousand tokens; None where one of the two is unknown."""
    return None if row["cost / total_tokens"] is None else THOUSAND * row["cost / total_tokens"]


def draw_tiles(now: QueryResult, before: Row | None, by_time: QueryResult) -> None:
    """What a call, a thousand tokens and an answer that was liked cost."""
    totals, axis = now.totals, span.axis(span.grain)
    earlier = before if before and before["generations"] else None

    def tile(label: str, metric: str, value: Any, **more: Any) -> tiles.Tile:
        was = f"{value(earlier)} before" if earlier else ""
        line = trend(by_time.rows, axis, metric) if metric in OVER_TIME else ()
        old = earlier[metric] if earlier else None
        return tiles.changed(label, value(totals), totals[metric], old, **{"was": was, "trend": line, **more})

    liked = f"{formatting.count(totals['good_feedback'])} liked of {formatting.count(totals['feedback'])} judged"
    tiles.draw(
        [
            tile("Cost", "cost", queries.cost_text, better="less", href=links.calls(order="-cost")),
            tile("Cost per call", "cost_per_generation", lambda row: formatting.usd(row["cost_per_generation"]),
                 better="less", help="Average over the calls whose cost is known."),
            tile("Cost per 1k tokens", "cost / total_tokens", lambda row: formatting.usd(per_thousand(row)),
                 better="less"),
            tile("Cost per liked answer", "cost / good_feedback",
                 lambda row: formatting.usd(row["cost / good_feedback"]),
                 better="less", was=liked if totals["feedback"] else "nobody judged an answer",
                 help="The whole cost by the number of answers that were judged good."),
        ]
    )  # fmt: skip


def draw_chart(metric: str) -> None:
    """Cost, calls or tokens over the time by model."""
    answer = queries.ask([metric, "simulated"], span, by=[span.grain, "model"], where=where)
    title = SHOWN.get(metric, "Simulated cost")
    charts.bars_over_time(
        [
            charts.Point(
                row[span.grain], queries.model_name(row), float(row[metric]), queries.text(answer, metric, row),
                links.model(row["model"]) if row["model"] else None,
            )
            for row in answer.rows
            if row[metric]
        ],
        span.axis(span.grain),
        title=title,
        unit=answer.units[metric],
        alt_text=f"{title} per {span.grain} by model, {span}",
        legend_href=lambda name: links.calls(Filter("model", (name.removesuffix(colours.SIMULATED),))),
    )  # fmt: skip


def draw_table(rows: Sequence[Row], totals: Row, cost: str) -> None:
    """The models by cost; `cost` is the column of it, that of simulated ones is another."""
    by_time = queries.ask([cost], span, by=[span.grain, "provider", "model"], where=where, fill=False)
    keyed = [{**row, "key": (row["provider"], row["model"])} for row in by_time]
    lines = trends(keyed, span.axis(span.grain), cost, "key")
    of_model = colours.css("model", (row["model"] or "" for row in rows))
    simulated = "Simulated cost" if cost == "simulated_cost" else "Cost"
    columns = [
        Column("model", "Model", "model", pinned=True, href=lambda row: links.model(row["id"]),
               colour=lambda row: of_model[row["id"] or ""]),
        Column("provider", "Provider", tone="muted", wide_only=True),
        Column("generations", "Calls", "count"),
        Column("per_thousand", "Per 1k tokens", "usd", wide_only=True),
        Column("cost_per_generation", "Per call", "usd", wide_only=True),
        Column("liked", "Liked", "written", unknown="", wide_only=True, help="Of the answers somebody judged."),
        Column("per_liked", "Per liked answer", "usd", unknown="", wide_only=True,
               help="The whole cost by the number of answers that were judged good."),
        Column("duration_p95", "Time, P95", "seconds", wide_only=True),
        Column("error_rate", "Errors", "rate", wide_only=True),
        Column("line", f"Per {span.grain}", "line", wide_only=True, colour=lambda row: of_model[row["id"] or ""]),
        Column("share", "Share", "bar", wide_only=True, colour=lambda row: of_model[row["id"] or ""]),
        Column(cost, simulated, "usd"),
    ]  # fmt: skip
    if len({row["model"] for row in rows}) == len(rows):
        columns = [column for column in columns if column.key != "provider"]
    if cost == "simulated_cost":  # what is divided by is real cost
        unreal = {"per_thousand", "cost_per_generation", "per_liked", "share"}
        columns = [column for column in columns if column.key not in unreal]
    table = [
        {**row, **derived(row, totals), "id": row["model"], "line": lines.get((row["provider"], row["model"]))}
        for row in rows
    ]
    whole = {**totals, **derived(totals, totals), "model": "All models"}
    del whole["simulated_cost" if cost == "cost" else "cost"]
    alt_text = f"Models by {simulated.lower()}, {span}"
    tables.table(table, columns, alt_text=alt_text, total=whole if len(rows) > 1 and cost == "cost" else None)


def derived(row: Row, totals: Row) -> dict[str, Any]:
    """What is divided or written out for a row."""
    return {
        "per_thousand": per_thousand(row),
        "per_liked": row["cost / good_feedback"] if row["good_feedback"] else None,
        "liked": formatting.percent(row["feedback_score"]) if row["feedback"] else None,
        "share": cost_tables.part(row, totals),
    }


require_admin()
view = filters.head("Models", "model-cost", compare=True)
span, where = view.span, view.where

with st.skeleton(height=420):
    answer = queries.ask(METRICS, span, by=["provider", "model"], where=where, fill=False)
    totals = answer.totals
    if not totals["generations"]:
        empty_states.no_calls(span, where)
        st.stop()
    before = queries.ask(METRICS, view.against, where=where).totals if view.against else None
    by_time = queries.ask(OVER_TIME, span, by=[span.grain], where=where)
    card.sub(view.in_words, *queries.cost_sentences(totals))
    draw_tiles(answer, before, by_time)
    queries.remark(answer)

show = card.Choice("Show", "show", SHOWN)
metric = "simulated_cost" if show.value == "cost" and queries.only_simulated(totals) else show.value
with card.card(f"{SHOWN.get(metric, 'Simulated cost')} per {span.grain}", "by model", choices=(show,)):
    draw_chart(metric)

rows = cost_tables.dearest(answer.rows)
real = [row for row in rows if not row["simulated"] or row["simulated"] < row["generations"]]
simulated = [row for row in rows if row["generations"] and row["simulated"] == row["generations"]]
if real:
    with st.container(border=True):
        draw_table(real, totals, "cost")
    what_if.draw(span, where, real)
if simulated:
    with card.card("Simulated models", "they cost nothing; this is what they would have"):
        draw_table(simulated, totals, "simulated_cost")
