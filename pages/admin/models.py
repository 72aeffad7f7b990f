"""What each model costs, for everyone together."""

import streamlit as st

from pages.parts import charts, filters, numbers, states, tables, words
from pages.parts.tables import Column
from pages.parts.viewer import require_admin

METRICS = (
    *numbers.MONEY,
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
    answer = numbers.ask(METRICS, span, by=["provider", "model"])
    totals = answer.totals
    if not totals["generations"]:
        states.empty(
            "No calls in this time",
            "Choose a longer time above, send a message on the **Chat** page, or call a model with a tracked client.",
        )
        st.stop()
    numbers.metric_cards(
        [
            ("Total cost", numbers.cost_text(totals), None),
            ("Calls", words.compact(totals["generations"]), words.counted(totals["generations"], "call")),
            ("Tokens", words.compact(totals["total_tokens"]), words.count(totals["total_tokens"])),
            ("Cost per call", words.usd(totals["cost_per_generation"]), "Average over the calls whose cost is known."),
            (
                "Cost per user",
                words.usd(totals["cost_per_user"]),
                f"Average over {words.counted(totals['users_with_cost'], 'user')} whose cost is known.",
            ),
            ("Average time", words.seconds(totals["duration"]), "Of an answer, from sending to the last word."),
            ("p95 time", words.seconds(totals["duration_p95"]), "95 % of the answers took at most this."),
            ("Errors", words.count(totals["errors"]), f"{words.share(totals['error_rate'])} of all calls."),
        ]
    )
    states.note(numbers.cost_remarks(totals))
    numbers.remark(answer)

rows = sorted(answer.rows, key=lambda row: (-(row["cost"] or 0), -row["generations"]))
shown, name = ("simulated_cost", "Simulated cost") if numbers.only_simulated(totals) else ("cost", "Cost")
left, right = st.columns([2, 3])
with left.container(border=True, height="stretch"):
    st.markdown(f"**{name} by model**")
    charts.bars(
        [(numbers.model_name(row), float(row[shown]), words.usd(row[shown])) for row in rows if row[shown]],
        title=name,
        alt_text=f"{name} by model, {span}",
    )
with right.container(border=True, height="stretch"):
    st.markdown(f"**{name} per {span.grain} by model**")
    with st.skeleton(height=charts.HEIGHT):
        over_time = numbers.ask([shown, "simulated"], span, by=[span.grain, "provider", "model"])
        charts.bars_over_time(
            charts.money_points((row[span.grain], numbers.model_name(row), row[shown]) for row in over_time.rows),
            span.axis(span.grain),
            title=name,
            alt_text=f"{name} per {span.grain} by model, {span}",
        )

tables.split_simulated(rows, COLUMNS, alt_text=f"Cost, calls, tokens and speed by model, {span}")
