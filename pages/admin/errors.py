"""Errors: which kinds, at which models, how often, and on whose side."""

import streamlit as st

from llmtrack.ledger.query import Row
from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.conditions import both
from pages.components.tables import Column, call_list
from pages.components.viewer import require_admin

METRICS = (
    "generations", "errors", "error_rate", "timeouts", "rate_limits", "user_errors", "provider_errors", "other_errors",
    "refused", "cancelled", "incomplete", "abandoned",
)  # fmt: skip
KINDS = (
    Column("error_type", "Error", pinned=True),
    Column("provider", "Provider"),
    Column("model", "Model"),
    Column("errors", "Failed calls", "count"),
    Column("users", "Users", "count"),
)
MODELS = (
    Column("model", "Model", pinned=True),
    Column("provider", "Provider"),
    Column("generations", "Calls", "count"),
    Column("errors", "Errors", "count"),
    Column("error_rate", "Error rate", "share"),
    Column("rate_limits", "Rate limits", "count"),
    Column("user_errors", "Caller's side", "count"),
    Column("provider_errors", "Provider's side", "count", help="The provider, or the way to it; timeouts too."),
    Column("timeouts", "of these timeouts", "count"),
    Column("other_errors", "Other", "count", help="Errors of no known side."),
    Column("refused", "Refused", "count", help="Stopped by a limit before they were sent."),
)


def kinds_of(row: Row) -> list[tuple[str, int]]:
    """The errors in parts that add up to all of them: timeouts are on the provider's side, and here apart from it."""
    return [
        ("Rate limits", row["rate_limits"]),
        ("Caller's side", row["user_errors"]),
        ("Timeouts", row["timeouts"]),
        ("Provider's side, without timeouts", row["provider_errors"] - row["timeouts"]),
        ("Other", row["other_errors"]),
    ]


require_admin()
view = filters.head("Errors", "errors")
span, where = view.span, view.where

with st.skeleton(height=300):
    by_model = queries.ask(METRICS, span, by=["provider", "model"], where=where)
    totals = by_model.totals
    if not totals["generations"]:
        empty_states.empty("No calls in this time", "Choose a longer time or fewer filters above.")
        st.stop()
    queries.metric_cards(
        [
            ("Error rate", formatting.share(totals["error_rate"]), "Share of the calls that failed."),
            ("Errors", formatting.count(totals["errors"]), f"Of {formatting.counted(totals['generations'], 'call')}."),
            ("Stopped", formatting.count(totals["cancelled"]), "By the user; these are no errors."),
            ("Cut short", formatting.count(totals["incomplete"]), "By the provider, for length or by a filter."),
        ]
    )
    queries.remark(by_model)

if totals["errors"]:
    failed = both(where, {"status": "error"})
    with st.container(border=True):
        st.markdown(f"**{formatting.counted(totals['errors'], 'error')} in parts**")
        charts.parts(
            [(name, number, formatting.count(number)) for name, number in kinds_of(totals)],
            alt_text=f"Errors in parts that add up to all of them, {span}",
        )
    with st.container(border=True):
        st.markdown(f"**Errors per {span.grain} by kind**")
        with st.skeleton(height=charts.HEIGHT):
            over_time = queries.ask(["errors"], span, by=[span.grain, "error_type"], where=failed)
            charts.bars_over_time(
                [
                    charts.Point(
                        row[span.grain], row["error_type"] or "other", row["errors"], formatting.count(row["errors"])
                    )
                    for row in over_time.rows
                    if row["errors"]
                ],
                span.axis(span.grain),
                title="Errors",
                unit="count",
                series="Kind",
                alt_text=f"Errors per {span.grain} by kind, {span}",
            )
    kinds = queries.ask(["errors", "users"], span, by=["error_type", "provider", "model"], where=failed)
    rows = sorted(kinds.rows, key=lambda row: -row["errors"])
    tables.table(rows, KINDS, alt_text=f"Errors by kind and model, {span}")

st.markdown("**By model**")
rows = sorted(by_model.rows, key=lambda row: (-row["errors"], -row["generations"]))
tables.table(rows, tables.used(MODELS, rows), alt_text=f"Errors by model, {span}")
if totals["errors"]:
    st.markdown("**Latest failed calls**")
    call_list.browse(failed, span, key="failed")
