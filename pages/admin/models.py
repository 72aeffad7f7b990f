"""What each model costs, for everyone together."""

import streamlit as st

from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import require_admin

METRICS = (
    *queries.MONEY,
    "messages", "input_tokens", "output_tokens", "total_tokens", "cost_per_generation", "users", "users_with_cost",
    "cost_per_user", "duration", "duration_p95", "errors", "error_rate", "cancelled",
)  # fmt: skip
COLUMNS = (
    Column("model", "Model", pinned=True, width="medium"),
    Column("provider", "Provider"),
    Column("cost", "Total cost", "usd"),
    Column("generations", "Calls", "count"),
    Column("unpriced", "Unpriced", "count", help="Calls whose price nobody knows; they are missing from the cost."),
    Column("input_tokens", "Tokens in", "count"),
    Column("output_tokens", "Tokens out", "count"),
    Column("cost_per_generation", "Cost per call", "usd", help="Average over the calls whose cost is known."),
    Column("users", "Users", "count"),
    Column("cost_per_user", "Cost per user", "usd", help="Average over the users of the model."),
    Column("duration", "Average time", "seconds", help="Of an answer; failures and stops are not counted."),
    Column("duration_p95", "p95 time", "seconds", help="95 % of the answers took at most this."),
    Column("errors", "Errors", "count"),
    Column("error_rate", "Error rate", "share"),
)

require_admin()
st.title("Model cost", anchor=False)
span = filters.choose_span()

with st.skeleton(height=420):
    answer = queries.ask(METRICS, span, by=["provider", "model"])
    totals = answer.totals
    if not totals["generations"]:
        empty_states.empty(
            "No calls in this time",
            "Choose a longer time above, send a message on the **Chat** page, or call a model with a tracked client.",
        )
        st.stop()
    queries.metric_cards(
        [
            ("Total cost", queries.cost_text(totals), None),
            ("Calls", formatting.compact(totals["generations"]), formatting.counted(totals["generations"], "call")),
            ("Tokens", formatting.compact(totals["total_tokens"]), formatting.count(totals["total_tokens"])),
            (
                "Cost per call",
                formatting.usd(totals["cost_per_generation"]),
                "Average over the calls whose cost is known.",
            ),
            (
                "Cost per user",
                formatting.usd(totals["cost_per_user"]),
                f"Average over {formatting.counted(totals['users_with_cost'], 'user')} whose cost is known.",
            ),
            ("Average time", formatting.seconds(totals["duration"]), "Of an answer, from sending to the last word."),
            ("p95 time", formatting.seconds(totals["duration_p95"]), "95 % of the answers took at most this."),
            ("Errors", formatting.count(totals["errors"]), f"{formatting.share(totals['error_rate'])} of all calls."),
        ]
    )
    empty_states.note(queries.cost_remarks(totals))
    queries.remark(answer)

rows = sorted(answer.rows, key=lambda row: (-(row["cost"] or 0), -row["generations"]))
shown, name = ("simulated_cost", "Simulated cost") if queries.only_simulated(totals) else ("cost", "Cost")
left, right = st.columns([2, 3])
with left.container(border=True, height="stretch"):
    st.markdown(f"**{name} by model**")
    charts.bars(
        [(queries.model_name(row), float(row[shown]), formatting.usd(row[shown])) for row in rows if row[shown]],
        title=name,
        alt_text=f"{name} by model, {span}",
    )
with right.container(border=True, height="stretch"):
    st.markdown(f"**{name} per {span.grain} by model**")
    with st.skeleton(height=charts.HEIGHT):
        over_time = queries.ask([shown, "simulated"], span, by=[span.grain, "provider", "model"])
        charts.bars_over_time(
            charts.money_points((row[span.grain], queries.model_name(row), row[shown]) for row in over_time.rows),
            span.axis(span.grain),
            title=name,
            alt_text=f"{name} per {span.grain} by model, {span}",
        )

tables.split_simulated(rows, COLUMNS, alt_text=f"Cost, calls, tokens and speed by model, {span}")
