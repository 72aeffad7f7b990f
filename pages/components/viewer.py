"""The person who looks at a page, and whether they may."""

from __future__ import annotations

import streamlit as st

from llmtrack.serving.identity import Viewer, local_viewer
from llmtrack.settings import get_settings


def viewer() -> Viewer:
    """The person in front of the page. Raises `SignInNotSetUp` where others could be in front of it too."""
    return local_viewer(
        address=st.get_option("server.address"), headers=st.context.headers, user_id=get_settings().effective_user_id
    )


def require_admin() -> Viewer:
    """The viewer, if an admin; otherwise the page says so and ends here.

    Every admin page calls this itself, and so does every fragment in one: fragments rerun without the router.
    """
    me = viewer()
    if not me.is_admin:
        st.error("This page is for admins. Ask one of them to give you that role.", icon=":material/lock:")
        st.stop()
    return me
