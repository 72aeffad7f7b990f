"""What went wrong: which errors, at which models, how often, whose fault."""

import streamlit as st

from pages.parts import charts, filters, generations, numbers, states, tables, words
from pages.parts.tables import Column
from pages.parts.viewer import require_admin

METRICS = (
    "generations", "errors", "error_rate", "timeouts", "rate_limits", "user_errors", "provider_errors", "refused",
    "cancelled", "incomplete", "abandoned",
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
    Column("timeouts", "Timeouts", "count"),
    Column("rate_limits", "Rate limits", "count"),
    Column("user_errors", "Caller's side", "count"),
    Column("provider_errors", "Provider's side", "count"),
    Column("refused", "Refused", "count", help="Stopped by a limit before they were sent."),
)

require_admin()
st.title("Errors", anchor=False)
span = filters.choose_span()
where = filters.choose_where(span, ("model", "feature", "user"))

with st.skeleton(height=300):
    by_model = numbers.ask(METRICS, span, by=["provider", "model"], where=where)
    totals = by_model.totals
    if not totals["generations"]:
        states.empty("No calls in this time", "Choose a longer time or fewer filters above.")
        st.stop()
    numbers.metric_cards(
        [
            ("Error rate", words.share(totals["error_rate"]), f"{words.counted(totals['errors'], 'call')} failed."),
            ("Rate limits", words.count(totals["rate_limits"]), "Refused by a provider for their rate."),
            ("Timeouts", words.count(totals["timeouts"]), "No answer came in time."),
            (
                "Caller's side",
                words.count(totals["user_errors"]),
                "Key, permission, or a request that cannot be served.",
            ),
            ("Provider's side", words.count(totals["provider_errors"]), "The provider, or the way to it."),
            ("Stopped", words.count(totals["cancelled"]), "By the user; these are no errors."),
            ("Cut short", words.count(totals["incomplete"]), "By the provider, for length or by a filter."),
        ]
    )
    numbers.remark(by_model)

if totals["errors"]:
    failed = {**where, "status": "error"}
    with st.container(border=True):
        st.markdown(f"**Errors per {span.grain} by kind**")
        with st.skeleton(height=charts.HEIGHT):
            over_time = numbers.ask(["errors"], span, by=[span.grain, "error_type"], where=failed)
            charts.bars_over_time(
                [
                    charts.Point(
                        row[span.grain], row["error_type"] or "other", row["errors"], words.count(row["errors"])
                    )
                    for row in over_time.rows
                    if row["errors"]
                ],
                every=span.starts(span.grain),
                grain=span.grain,
                title="Errors",
                money=False,
                alt_text=f"Errors per {span.grain} by kind, {span}",
            )
    kinds = numbers.ask(["errors", "users"], span, by=["error_type", "provider", "model"], where=failed)
    rows = sorted(kinds.rows, key=lambda row: -row["errors"])
    tables.table(rows, KINDS, alt_text=f"Errors by kind and model, {span}")

st.markdown("**By model**")
rows = sorted(by_model.rows, key=lambda row: (-row["errors"], -row["generations"]))
tables.table(rows, tables.used(MODELS, rows), alt_text=f"Errors by model, {span}")
if totals["errors"]:
    st.markdown("**Latest failed calls**")
    generations.browse({**where, "status": "error"}, span, key="failed")
