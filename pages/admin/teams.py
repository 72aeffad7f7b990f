"""Teams, the dearest first; one of them with its numbers, its time and what it is made of."""

import streamlit as st

from llmtrack.ledger.query import Filter, is_recorded
from pages.components import card, empty_states, filters, links, profile, queries
from pages.components.conditions import both
from pages.components.viewer import require_admin

require_admin()
team = st.query_params.get("team")
leave_out = () if team is None else ("group",)
view = filters.head("Teams" if team is None else team, "teams", compare=team is not None, leave_out=leave_out)
span = view.span
if team is not None and not is_recorded(queries.ledger(), "group", team):
    profile.draw_unknown("team", team, "teams", "teams")
    st.stop()
ranking = queries.ask(["cost"], span, by=["group"], where=view.where, order="-cost", fill=False)
where = view.where if team is None else both(view.where, [Filter("group", (team,))])
if team is not None:
    before, after, place = profile.neighbours([row["group"] for row in ranking.rows], team)
    profile.draw_crumb("Teams", "teams", before and links.team(before), after and links.team(after), place)
card.sub(view.in_words)

with st.skeleton(height=180):
    now, past = profile.read(view, where)
    totals = now.totals
    if not totals["generations"]:
        empty_states.empty("No calls in this time", "Choose a longer time or fewer filters above.")
        st.stop()
    everyone = now.totals if team is None else queries.ask(profile.METRICS, span, where=view.where).totals
    if team is not None:
        profile.draw_tiles(view, where, now, past, everyone)
    card.sub(*queries.cost_sentences(totals))
    queries.remark(now)
if team is None:
    profile.draw_list(view, "group")
    st.stop()
profile.draw_time(view, where, ("model", "feature"))
left, right = st.columns(2)
with left:
    profile.draw_parts(view, where, "user", totals)
with right:
    profile.draw_parts(view, where, "model", totals)
left, right = st.columns(2)
with left:
    profile.draw_dearest_calls(view, where, totals["generations"])
with right:
    profile.draw_parts(view, where, "feature", totals)
