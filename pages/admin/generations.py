"""Every call, with its prompt and answer."""

import streamlit as st

from pages.components import filters
from pages.components.tables import call_list
from pages.components.viewer import require_admin

require_admin()
view = filters.head("Calls", "calls")
span, where = view.span, view.where
filters.join_repeated("q", " ")
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
        list(call_list.ORDERS),
        format_func=call_list.ORDERS.__getitem__,
        key="order",
        bind="query-params",
        label_visibility="collapsed",
        width=200,
        disabled=bool(search),
        help="What was found for words is always shown latest first." if search else None,
    )
with st.skeleton(height=420):
    call_list.browse(where, span, key="calls", order="-time" if search else order, search=search)
