"""Runs at every rerun: finds the viewer and the pages they may open, and draws the one they chose."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

import streamlit as st

from llmtrack.serving import preload
from llmtrack.serving.identity import NotAllowed, NotSignedIn
from llmtrack.settings import get_settings
from pages.components import callbacks, reruns, sidebar, sign_in, style
from pages.components.chat import conversation_list
from pages.components.connect import shown_token
from pages.components.empty_states import EXPLAINED, in_words
from pages.components.viewer import begin_session, viewer

ICON = str(Path(__file__).parent / "components" / "logo.svg")

CHAT = st.Page("chat.py", title="Chat", icon=":material/chat:", default=True)
USAGE = st.Page("usage.py", title="Usage", icon=":material/monitoring:")
CONNECT = st.Page("connect.py", title="Connect", icon=":material/cable:", url_path="connect")
TOKENS = st.Page("tokens.py", title="Tokens", icon=":material/key:", url_path="tokens")
SHARED = st.Page("shared.py", title="Shared chat", url_path="shared", visibility="hidden")
TEAM = st.Page("team.py", title="Team", icon=":material/groups:", url_path="team")
SECTIONS = {
    "Admin": [st.Page("admin/overview.py", title="Overview", icon=":material/dashboard:", url_path="overview")],
    "Cost": [
        st.Page("admin/models.py", title="Models", icon=":material/deployed_code:", url_path="model-cost"),
        st.Page("admin/model.py", title="Model", url_path="model", visibility="hidden"),
        st.Page("admin/users.py", title="Users", icon=":material/group:", url_path="users"),
        st.Page("admin/user.py", title="User", url_path="user", visibility="hidden"),
        st.Page("admin/teams.py", title="Teams", icon=":material/groups:", url_path="teams"),
        st.Page("admin/features.py", title="Features", icon=":material/extension:", url_path="features"),
        st.Page("admin/limits.py", title="Limits", icon=":material/data_usage:", url_path="limits"),
        st.Page("admin/prices.py", title="Prices", icon=":material/sell:", url_path="prices"),
    ],
    "Quality": [
        st.Page("admin/feedback.py", title="Feedback", icon=":material/thumb_up:", url_path="feedback"),
        st.Page("admin/latency.py", title="Latency", icon=":material/speed:", url_path="latency"),
        st.Page("admin/errors.py", title="Errors", icon=":material/error:", url_path="errors"),
    ],
    "Use": [
        st.Page("admin/use/engagement.py", title="Engagement", icon=":material/monitor_heart:", url_path="engagement"),
        st.Page("admin/use/compare.py", title="Compare", icon=":material/compare_arrows:", url_path="compare"),
        st.Page("admin/explore.py", title="Explore", icon=":material/query_stats:", url_path="explore"),
        st.Page("admin/sql.py", title="SQL", icon=":material/terminal:", url_path="sql"),
    ],
    "Records": [
        st.Page("admin/traces.py", title="Traces", icon=":material/account_tree:", url_path="traces"),
        st.Page("admin/conversations.py", title="Conversations", icon=":material/forum:", url_path="conversations"),
        st.Page("admin/generations.py", title="Calls", icon=":material/list:", url_path="calls"),
        st.Page("admin/data.py", title="Data", icon=":material/database:", url_path="data"),
    ],
    "Server": [
        st.Page("admin/server/people.py", title="People", icon=":material/badge:", url_path="people"),
        st.Page("admin/server/audit.py", title="Audit log", icon=":material/history:", url_path="audit-log"),
        st.Page("admin/server/settings.py", title="Settings", icon=":material/settings:", url_path="settings"),
    ],
}
"""The pages of admins, by what they are about."""


def closed(reason: str) -> None:
    """The only page where the app cannot or must not serve."""
    st.title("Not ready to serve")
    st.error(reason, icon=":material/lock:")


def only(draw: Callable[[], None]) -> NoReturn:
    """Draw the one page there is, and end here."""
    st.set_page_config(page_icon=ICON)
    st.navigation([st.Page(draw, title="llmtrack", url_path="closed")], position="hidden").run()
    st.stop()


callbacks.guard()
reruns.begin()
try:
    settings = get_settings()
    me = viewer()
except (NotSignedIn, NotAllowed) as error:
    only(partial(sign_in.signed_out_page, error))
except EXPLAINED as error:
    only(partial(closed, str(error)))
begin_session(me)

# Before the pages too: until it is set, a page's own icon becomes the tab's, and the browser asks Google for it.
st.set_page_config(page_icon=ICON)
own, admin = [CHAT, SHARED, USAGE, *([TEAM] if me.leads else []), CONNECT], SECTIONS
if settings.sign_in == "local":  # nobody has tokens of their own, but services may
    admin = {**SECTIONS, "Server": [*SECTIONS["Server"], TOKENS]}
else:
    own = [*own, TOKENS]
shown = {"": own, **admin} if me.is_admin else {"": own}
page = st.navigation(shown, position="hidden")
# For every page: a title that one page sets would stay on the next. A conversation sets its own later on.
st.set_page_config(page_title=f"{page.title} · llmtrack", page_icon=ICON)
style.install()
st.logo(ICON, size="large")
if page != CONNECT:
    shown_token.forget()
if page != CHAT:  # it chooses for itself: narrow to read, wide to compare
    st.set_page_config(layout="wide")
with st.sidebar:
    if page in own:
        sidebar.place_conversations()
        others = [one for one in own if one != CHAT or page != CHAT]
        menu = sidebar.own_menu(others, page, SECTIONS["Admin"][0].url_path if me.is_admin else None)
    else:
        menu = sidebar.admin_menu(admin, page)
    with st.container(key="ll_foot", gap=None):
        if settings.sample:
            st.caption(":material/science: Sample data, made up to show the pages: nothing of it was called or paid.")
        st.html(menu)
        sign_in.draw_person(me)
try:
    with in_words():
        if page in own and page != CHAT:
            conversation_list.draw_beside(me, CHAT)
        page.run()
finally:
    preload.now()
