"""Features, the dearest first; one of them with its numbers, its time and what it is made of."""

import streamlit as st

from llmtrack.ledger.query import Filter, is_recorded
from pages.components import card, empty_states, filters, links, profile, queries
from pages.components.conditions import both
from pages.components.viewer import require_admin

require_admin()
feature = st.query_params.get("feature")
leave_out = () if feature is None else ("feature",)
view = filters.head(
    "Features" if feature is None else feature, "features", compare=feature is not None, leave_out=leave_out
)
span = view.span
if feature is not None and not is_recorded(queries.ledger(), "feature", feature):
    profile.draw_unknown("feature", feature, "features", "features")
    st.stop()
ranking = queries.ask(["cost"], span, by=["feature"], where=view.where, order="-cost", fill=False)
where = view.where if feature is None else both(view.where, [Filter("feature", (feature,))])
if feature is not None:
    before, after, place = profile.neighbours([row["feature"] for row in ranking.rows], feature)
    profile.draw_crumb("Features", "features", before and links.feature(before), after and links.feature(after), place)
card.sub(view.in_words)

with st.skeleton(height=180):
    now, past = profile.read(view, where)
    totals = now.totals
    if not totals["generations"]:
        empty_states.empty("No calls in this time", "Choose a longer time or fewer filters above.")
        st.stop()
    everyone = now.totals if feature is None else queries.ask(profile.METRICS, span, where=view.where).totals
    if feature is not None:
        profile.draw_tiles(view, where, now, past, everyone)
    card.sub(*queries.cost_sentences(totals))
    queries.remark(now)
if feature is None:
    profile.draw_list(view, "feature")
    st.stop()
profile.draw_time(view, where, ("model", "user"))
left, right = st.columns(2)
with left:
    profile.draw_parts(view, where, "group", totals)
with right:
    profile.draw_parts(view, where, "model", totals)
left, right = st.columns(2)
with left:
    profile.draw_dearest_calls(view, where, totals["generations"])
with right:
    profile.draw_parts(view, where, "user", totals)
