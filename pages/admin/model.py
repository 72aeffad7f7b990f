"""One model: what it cost, when, for which features and users, and its dearest calls."""

import streamlit as st

from llmtrack.ledger.query import Filter, is_recorded
from pages.components import card, filters, links, profile, queries
from pages.components.conditions import both
from pages.components.insights import cost_tables, what_if
from pages.components.viewer import require_admin

require_admin()
model = st.query_params.get("model", "")
view = filters.head(model or "Model", "model", compare=True, leave_out=("model",))
span = view.span
if not is_recorded(queries.ledger(), "model", model):
    profile.draw_unknown("model", model, "models", "model-cost")
    st.stop()
where = both(view.where, [Filter("model", (model,))])

profile.draw_place(view, "model", model, "Models", "model-cost", links.model)
card.sub(view.in_words)

with st.skeleton(height=180):
    now, past = profile.read(view, where)
    totals = now.totals
    if not totals["generations"]:
        profile.draw_nothing(model)
        st.stop()
    everyone = queries.ask(profile.METRICS, span, where=view.where).totals
    profile.draw_tiles(view, where, now, past, everyone)
    card.sub(*queries.cost_sentences(totals))
    queries.remark(now)
profile.draw_time(view, where, ("feature", "user"))
left, right = st.columns(2)
with left:
    profile.draw_parts(view, where, "feature", totals)
with right:
    profile.draw_parts(view, where, "user", totals)
of_model = queries.ask(["cost", "simulated", "generations"], span, by=["provider", "model"], where=where, fill=False)
what_if.draw(span, view.where, cost_tables.dearest(of_model.rows))
profile.draw_dearest_calls(view, where, totals["generations"])
