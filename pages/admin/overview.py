"""Everyone's use at a glance: what it cost, how much, how fast, what went wrong."""

from decimal import Decimal
from typing import Literal

import streamlit as st

from llmtrack.ledger.query import Row
from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import require_admin

CARDS: tuple[tuple[str, str, Literal["inverse", "off"], str], ...] = (
    ("Total cost", "cost", "inverse", "Real cost only; simulated cost is never part of it."),
    ("Calls", "generations", "off", "Requests to models, failed and stopped ones too."),
    ("Users", "users", "off", "Who made at least one call."),
    ("Tokens", "total_tokens", "off", "In and out."),
    ("p95 cost per user", "cost_per_user_p95", "inverse", "95 % of the users cost at most this."),
    ("p95 time", "duration_p95", "inverse", "95 % of the answers took at most this."),
    ("p95 first token", "time_to_first_token_p95", "inverse", "95 % of the streamed answers began within this."),
    ("Error rate", "error_rate", "inverse", "Share of the calls that failed."),
)
"""Label, metric, what more of it means for its colour, and what it is."""
METRICS = (*queries.MONEY, "users_with_cost", *(metric for _, metric, _, _ in CARDS))
USERS = (
    Column("user", "User", pinned=True),
    Column("generations", "Calls", "count"),
    Column("total_tokens", "Tokens", "count"),
    Column("cost", "Cost", "usd"),
    Column("unpriced", "Unpriced", "count"),
)
FEATURES = (Column("feature", "Feature", pinned=True), *USERS[1:])
TOP = 8


def change(now: float | Decimal | None, before: float | Decimal | None) -> str | None:
    """How much more or less than in the time before, in per cent; None where that says nothing."""
    if now is None or not before:
        return None
    percent = round(100 * (float(now) / float(before) - 1))
    return f"{percent:+d}{formatting.NARROW}%" if percent else None


def points(rows: list[Row], grain: str, by: str, metric: str) -> list[charts.Point]:
    """The parts of a chart's bars."""
    if metric.endswith("cost"):
        return charts.money_points((row[grain], name(row, by), row[metric]) for row in rows)
    return [
        charts.Point(row[grain], name(row, by), float(row[metric]), formatting.count(row[metric]))
        for row in rows
        if row[metric]
    ]


def name(row: Row, by: str) -> str:
    """What a series is called."""
    return queries.model_name(row) if by == "model" else (row[by] or "not given")


def chart(title: str, metric: str, by: str) -> None:
    """A card with one chart over time, in parts by a dimension."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        with st.skeleton(height=charts.HEIGHT):
            answer = queries.ask([metric, "simulated"], span, by=[span.grain, by])
            charts.bars_over_time(
                points(list(answer.rows), span.grain, by, metric),
                span.axis(span.grain),
                title=title.partition(" per ")[0],
                unit=answer.units[metric],
                series=by.capitalize(),
                alt_text=f"{title}, {span}",
            )


def top(title: str, by: str, columns: tuple[Column, ...]) -> None:
    """A card with the most expensive users or features."""
    answer = queries.ask([*queries.MONEY, "total_tokens"], span, by=[by])
    rows = sorted(answer.rows, key=lambda row: (-(row["cost"] or 0), -row["generations"]))[:TOP]
    shown = [{**row, by: row[by] or "not given"} for row in rows]
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{title}**")
        tables.table(shown, tables.used(columns, shown), alt_text=f"{title}, {span}")


require_admin()
st.title("Overview", anchor=False)
span = filters.choose_span()

with st.skeleton(height=260):
    now = queries.ask(METRICS, span)
    totals = now.totals
    if not totals["generations"]:
        empty_states.empty(
            "No calls in this time",
            "Choose a longer time above, send a message on the **Chat** page, or call a model with a tracked client.",
        )
        st.stop()
    before = queries.ask(METRICS, span.before()).totals
    with st.grid(4, min_column_width=150):
        for label, metric, colour, help_text in CARDS:
            value = queries.cost_text(totals) if metric == "cost" else queries.text(now, metric)
            if metric == "cost_per_user_p95":
                label, value, help_text = queries.cost_per_user_p95(totals[metric], totals["users_with_cost"])
            delta = change(totals[metric], before[metric])
            st.metric(label, value, delta, delta_color=colour, help=help_text, border=True, height="stretch")
    empty_states.note(" · ".join(filter(None, [queries.cost_remarks(totals), f"changes against {span.before()}"])))
    queries.remark(now)

cost = "simulated_cost" if queries.only_simulated(totals) else "cost"
chart(f"{'Simulated cost' if cost == 'simulated_cost' else 'Cost'} per {span.grain} by model", cost, "model")
left, right = st.columns(2)
with left:
    chart(f"Calls per {span.grain} by status", "generations", "status")
    top("Most expensive users", "user", USERS)
with right:
    chart(f"Tokens per {span.grain} by model", "total_tokens", "model")
    top("Most expensive features", "feature", FEATURES)
