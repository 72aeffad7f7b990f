"""What a team used and what it cost, for those who lead it: numbers, and nothing that was said."""

import streamlit as st

from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import not_found, viewer

METRICS = (*queries.MONEY, "messages", "total_tokens", "errors")
NUMBERS = (
    Column("cost", "Cost", "usd"),
    Column("messages", "Messages", "count"),
    Column("generations", "Calls", "count"),
    Column("unpriced", "Unpriced", "count"),
    Column("total_tokens", "Tokens", "count"),
    Column("errors", "Errors", "count"),
)
USERS = (Column("user", "User", pinned=True), *NUMBERS)
MODELS = (Column("model", "Model", pinned=True), Column("provider", "Provider"), *NUMBERS)
NOBODY = "no user given"

me = viewer()
if not me.leads:
    not_found()
st.title("Team", anchor=False)
team = me.leads[0]
if len(me.leads) > 1:
    team = st.segmented_control(
        "Team", me.leads, default=team, required=True, format_func=formatting.visible, key="team", bind="query-params"
    )
span = filters.choose_span()
where = {"group": team}
with st.skeleton(height=300):
    by_user = queries.ask(METRICS, span, by=["user"], where=where, order="-cost", fill=False)
    totals = by_user.totals
    if not totals["generations"]:
        empty_states.empty(
            f"No calls of {formatting.plain(team)} in this time",
            f"A call is the team's where its group is: `llmtrack.context(group={team!r})`.",
        )
        st.stop()
    st.markdown(f"**{formatting.plain(team)}** cost **{formatting.plain(queries.cost_text(totals))}**")
    empty_states.note(queries.cost_remarks(totals))
    queries.remark(by_user)
    by_time = queries.ask(["cost", "simulated"], span, by=[span.grain, "model"], where=where)
    charts.bars_over_time(
        charts.money_points((row[span.grain], queries.model_name(row), row["cost"]) for row in by_time.rows),
        span.axis(span.grain),
        title="Cost",
        alt_text=f"Cost per {span.grain} of {formatting.visible(team)} by model, {span}",
    )
st.markdown("**By member**")
tables.table([{**row, "user": row["user"] or NOBODY} for row in by_user.rows], USERS, alt_text=f"Members, {span}")
st.markdown("**By model**")
by_model = queries.ask(METRICS, span, by=["provider", "model"], where=where, order="-cost", fill=False)
tables.split_simulated(by_model.rows, MODELS, alt_text=f"Models, {span}")
