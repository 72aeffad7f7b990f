"""Who uses how much, what it costs, and what one of them did."""

import streamlit as st

from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column, call_list
from pages.components.viewer import require_admin

METRICS = (
    *queries.MONEY,
    "messages", "traces", "total_tokens", "duration", "errors", "error_rate", "cancelled",
)  # fmt: skip
PER_USER = ("users", "users_with_cost", "cost_per_user", "cost_per_user_p95", "generations_per_user")
COLUMNS = (
    Column("user", "User", pinned=True),
    Column("cost", "Cost", "usd"),
    Column("messages", "Messages", "count"),
    Column("generations", "Calls", "count"),
    Column("unpriced", "Unpriced", "count"),
    Column("total_tokens", "Tokens", "count"),
    Column("duration", "Average time", "seconds", help="Of an answer; failures and stops are not counted."),
    Column("errors", "Errors", "count"),
    Column("error_rate", "Error rate", "share"),
    Column("cancelled", "Stopped", "count"),
)
NOBODY = "no user given"
# The most expensive of them; more is a question for the API or the export.
MOST = 500

require_admin()
st.title("Users", anchor=False)
span = filters.choose_span()
where = filters.choose_where(span, ("model", "feature"))

with st.skeleton(height=420):
    per_user = queries.ask((*queries.MONEY, *PER_USER), span, where=where)
    totals = per_user.totals
    if not totals["generations"]:
        empty_states.empty("No calls in this time", "Choose a longer time or fewer filters above.")
        st.stop()
    queries.metric_cards(
        [
            ("Users", formatting.count(totals["users"]), "Different users who made at least one call."),
            (
                "Average cost per user",
                formatting.usd(totals["cost_per_user"]),
                f"Over {formatting.counted(totals['users_with_cost'], 'user')} whose cost is known.",
            ),
            queries.cost_per_user_p95(totals["cost_per_user_p95"], totals["users_with_cost"]),
            ("Calls per user", formatting.compact(totals["generations_per_user"]), "On average."),
        ]
    )
    answer = queries.ask(METRICS, span, by=["user"], where=where, order="-cost", limit=MOST, fill=False)
    rows = [{**row, "user": row["user"] or NOBODY} for row in answer.rows]
    queries.remark(per_user, answer)

st.caption("Click a row to see what that user did." + (f" The {MOST} most expensive are shown." if answer.cut else ""))
picked = tables.table(rows, tables.used(COLUMNS, rows), alt_text=f"Users by cost, {span}", key="users_table")

if picked is not None:
    user = answer.rows[picked]["user"]
    st.subheader(formatting.plain(user or NOBODY), anchor=False)
    of_user = {**where, "user": user}
    metric = "simulated_cost" if queries.only_simulated(answer.rows[picked]) else "cost"
    with st.container(border=True):
        st.markdown(f"**{'Cost' if metric == 'cost' else 'Simulated cost'} per {span.grain} by model**")
        with st.skeleton(height=charts.HEIGHT):
            over_time = queries.ask([metric, "simulated"], span, by=[span.grain, "model"], where=of_user)
            charts.bars_over_time(
                charts.money_points((row[span.grain], queries.model_name(row), row[metric]) for row in over_time.rows),
                span.axis(span.grain),
                title="Cost",
                alt_text=f"Cost per {span.grain} of {formatting.visible(user or NOBODY)} by model, {span}",
            )
    call_list.browse(of_user, span, key="of_user")
