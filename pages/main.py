"""Runs at every rerun: finds the viewer and the pages they may open, and draws the one they chose."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from llmtrack.serving import preload
from llmtrack.settings import get_settings
from pages.components import reruns
from pages.components.empty_states import EXPLAINED, in_words
from pages.components.viewer import viewer

ICON = str(Path(__file__).parent / "components" / "logo.svg")

CHAT = st.Page("chat.py", title="Chat", icon=":material/chat:", default=True)
USAGE = st.Page("usage.py", title="Usage", icon=":material/monitoring:")
ADMIN = [
    st.Page("admin/overview.py", title="Overview", icon=":material/dashboard:", url_path="overview"),
    st.Page("admin/models.py", title="Model cost", icon=":material/payments:", url_path="model-cost"),
    st.Page("admin/users.py", title="Users", icon=":material/group:", url_path="users"),
    st.Page("admin/traces.py", title="Traces", icon=":material/account_tree:", url_path="traces"),
    st.Page("admin/generations.py", title="Calls", icon=":material/list:", url_path="calls"),
    st.Page("admin/latency.py", title="Latency", icon=":material/speed:", url_path="latency"),
    st.Page("admin/errors.py", title="Errors", icon=":material/error:", url_path="errors"),
    st.Page("admin/explore.py", title="Explore", icon=":material/query_stats:", url_path="explore"),
    st.Page("admin/prices.py", title="Prices", icon=":material/sell:", url_path="prices"),
    st.Page("admin/data.py", title="Data", icon=":material/database:", url_path="data"),
]


def closed(reason: str) -> Callable[[], None]:
    """The only page where the app cannot or must not serve."""

    def draw() -> None:
        st.title("Not ready to serve")
        st.error(reason, icon=":material/lock:")

    return draw


reruns.begin()
try:
    settings = get_settings()
    me = viewer()
except EXPLAINED as error:
    st.set_page_config(page_icon=ICON)
    st.navigation([st.Page(closed(str(error)), title="llmtrack", url_path="closed")]).run()
    st.stop()

# Before the pages too: until it is set, a page's own icon becomes the tab's, and the browser asks Google for it.
st.set_page_config(page_icon=ICON)
page = st.navigation({"": [CHAT, USAGE], "Admin": ADMIN} if me.is_admin else [CHAT, USAGE])
st.set_page_config(page_icon=ICON)
if page != CHAT:  # it chooses for itself: narrow to read, wide to compare
    st.set_page_config(layout="wide")
with st.sidebar:
    st.caption(f":material/person: {me.name}")
if settings.sample:
    st.warning(
        "**Sample data.** These numbers are made up to show the pages; nothing here was ever called or paid.",
        icon=":material/science:",
    )
try:
    with in_words():
        page.run()
finally:
    preload.now()
