"""The viewer's own usage and its cost in a billing cycle."""

from collections.abc import Sequence

import streamlit as st

from llmtrack.ledger.query import Row
from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import viewer

CYCLES = 12
METRICS = (
    *queries.MONEY,
    "messages", "input_tokens", "output_tokens", "total_tokens", "cache_hit_share", "duration", "time_to_first_token",
    "cancelled", "errors",
)  # fmt: skip
SHOWN = {"cost": "Cost", "messages": "Messages", "total_tokens": "Tokens"}
COLUMNS = (
    Column("model", "Model", pinned=True, width="medium"),
    Column("provider", "Provider"),
    Column("messages", "Messages", "count"),
    Column("generations", "Calls", "count", help="Every request to a model, failed ones and embeddings included."),
    Column("input_tokens", "Tokens in", "count"),
    Column("output_tokens", "Tokens out", "count"),
    Column("cost", "Cost", "usd"),
    Column("unpriced", "Unpriced", "count", help="Calls whose price nobody knows; they are missing from the cost."),
    Column("duration", "Average time", "seconds", help="Of an answer; failures and stops are not counted."),
    Column("cancelled", "Stopped", "count"),
    Column("errors", "Errors", "count"),
)


def cycle_label(back: int) -> str:
    """A billing cycle in the list, by its days, so that a link to it means the same next month."""
    return str(filters.cycle_span(back))


def headline(totals: Row, current: bool) -> str:
    """Messages and cost of the billing cycle, in two sentences."""
    when = "current" if current else "this"
    messages = formatting.counted(totals["messages"], "message")
    cost = formatting.plain(queries.cost_text(totals))
    return f"Usage in {when} billing cycle: **{messages}**\n\nEstimated cost: **{cost}**"


def points(rows: Sequence[Row], shown: str) -> list[charts.Point]:
    """The parts of the chart's bars, by model."""
    if shown.endswith("cost"):
        return charts.money_points((row["day"], queries.model_name(row), row[shown]) for row in rows)
    return [
        charts.Point(row["day"], queries.model_name(row), float(row[shown]), formatting.count(row[shown]))
        for row in rows
        if row[shown]
    ]


me = viewer()
mine = {"user": list(me.ids)}

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.title("Usage", anchor=False, width="content")
    back = st.selectbox(
        "Billing cycle",
        range(CYCLES),
        format_func=cycle_label,
        key="cycle",
        bind="query-params",
        label_visibility="collapsed",
        width=280,
    )
span = filters.cycle_span(back)

with st.skeleton(height=180):
    by_model = queries.ask(METRICS, span, by=["provider", "model"], where=mine)
    totals = by_model.totals
    with st.container(border=True, gap="small"):
        st.markdown(headline(totals, back == 0))
        empty_states.note(queries.cost_remarks(totals))
        queries.remark(by_model)
    if not totals["generations"]:
        empty_states.empty(
            "Nothing used in this billing cycle" + ("" if back else " yet"),
            "Send a message on the **Chat** page, or call a model with a tracked client as user "
            f"**{formatting.plain(me.id)}**: it shows here within a second.",
        )
        st.stop()
    tokens = f"{formatting.compact(totals['input_tokens'])} → {formatting.compact(totals['output_tokens'])}"
    queries.metric_cards(
        [
            ("Tokens in → out", tokens, f"{formatting.count(totals['total_tokens'])} together"),
            (
                "Average time",
                formatting.seconds(totals["duration"]),
                "Of answers; failures and stops are not counted.",
            ),
            (
                "First token after",
                formatting.seconds(totals["time_to_first_token"]),
                "On average, where the answer streamed.",
            ),
            ("Read from cache", formatting.share(totals["cache_hit_share"]), "Share of the tokens in; they cost less."),
        ]
    )

with st.container(border=True):
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        title = st.empty()
        shown = st.segmented_control(
            "Show",
            list(SHOWN),
            default="cost",
            required=True,
            format_func=SHOWN.__getitem__,
            key="show",
            bind="query-params",
            label_visibility="collapsed",
        )
    name = SHOWN[shown]
    if shown == "cost" and queries.only_simulated(totals):
        shown, name = "simulated_cost", "Simulated cost"
    title.markdown(f"**{name} per day by model**")
    with st.skeleton(height=charts.HEIGHT):
        by_day = queries.ask([shown, "simulated"], span, by=["day", "provider", "model"], where=mine)
        charts.bars_over_time(
            points(by_day.rows, shown),
            span.axis("day"),
            title=name,
            unit=by_day.units[shown],
            alt_text=f"{name} per day by model, {span}",
        )

st.markdown("**By model**")
rows = sorted(by_model.rows, key=lambda row: (-(row["cost"] or 0), -row["generations"]))
tables.split_simulated(rows, COLUMNS, alt_text=f"Messages, tokens and cost by model, {span}")
