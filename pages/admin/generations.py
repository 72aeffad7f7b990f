"""Every call, with its prompt and answer."""

import streamlit as st

from pages.components.filters import period_filter
from pages.components.tables import generations
from pages.components.viewer import require_admin

require_admin()
st.title("Calls", anchor=False)
span = period_filter.choose_span("7 days")
where = period_filter.choose_where(span, ("user", "model", "feature", "status"))
period_filter.join_repeated("q", " ")
with st.container(horizontal=True, vertical_alignment="bottom"):
    search = st.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder="Words in prompts and answers",
        icon=":material/search:",
        label_visibility="collapsed",
        width=380,
    )
    order = st.selectbox(
        "Order",
        list(generations.ORDERS),
        format_func=generations.ORDERS.__getitem__,
        key="order",
        bind="query-params",
        label_visibility="collapsed",
        width=200,
        disabled=bool(search),
        help="What was found for words is always shown latest first." if search else None,
    )
with st.skeleton(height=420):
    generations.browse(where, span, key="calls", order="-time" if search else order, search=search)
