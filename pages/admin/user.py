"""One user: what they used and cost, when, for what, and what was thought of the answers."""

from html import escape

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.query import Filter
from pages.components import card, filters, formatting, links, profile, queries
from pages.components.conditions import both
from pages.components.viewer import require_admin

require_admin()
user = st.query_params.get("user", "")
view = filters.head(user or "User", "user", compare=True, leave_out=("user",))
span = view.span
try:
    detail = lists.user(queries.ledger(), user, timezone=span.timezone)
except lists.NotFound:
    profile.draw_unknown("user", user, "users", "users")
    st.stop()
where = both(view.where, [Filter("user", (user,))])

profile.draw_place(view, "user", user, "Users", "users", links.user)
attributes = " ".join(
    f'<span class="ll-pill">{escape(formatting.visible(name))} <b>{escape(formatting.visible(str(value)))}</b></span>'
    for name, value in detail.attributes.items()
)
seen = f"First seen {formatting.short_moment(detail.first_seen, span.last)}"
if detail.last_seen:
    seen += f", last seen {formatting.short_moment(detail.last_seen, span.last)}"
card.sub(view.in_words, f"{seen}.", attributes)

with st.skeleton(height=180):
    now, past = profile.read(view, where)
    totals = now.totals
    if not totals["generations"]:
        profile.draw_nothing(user)
        st.stop()
    everyone = queries.ask(profile.METRICS, span, where=view.where).totals
    profile.draw_tiles(view, where, now, past, everyone)
    card.sub(*queries.cost_sentences(totals))
    queries.remark(now)
profile.draw_time(view, where, ("model", "feature"))
left, right = st.columns(2)
with left:
    profile.draw_parts(view, where, "feature", totals)
with right:
    profile.draw_parts(view, where, "model", totals)
left, right = st.columns(2)
with left:
    profile.draw_dearest_calls(view, where, totals["generations"])
with right:
    profile.draw_conversations(view, user)
profile.draw_feedback(view, user, totals)
