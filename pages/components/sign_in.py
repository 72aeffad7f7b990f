"""What people see before they are signed in, who they are signed in as, and the way out."""

from __future__ import annotations

from html import escape

import streamlit as st

from llmtrack.ledger import open_ledger
from llmtrack.serving.identity import TEAM_PREFERENCE, NotAllowed, NotSignedIn, Viewer, sign_out
from llmtrack.settings import get_settings
from pages.components import formatting
from pages.components.chat import comforts
from pages.components.viewer import viewer

ROLES = {"admin": "Admin", "lead": "Team lead", "user": ""}


def signed_out_page(reason: NotSignedIn | NotAllowed) -> None:
    """The only page for somebody who is not signed in, or may not come in."""
    st.title("llmtrack", anchor=False)
    comforts.forget()
    if isinstance(reason, NotAllowed):
        st.error(formatting.plain(str(reason)), icon=":material/lock:")
    else:
        st.markdown(formatting.plain(str(reason)))
    if get_settings().sign_in != "oidc":
        return  # the proxy has its own page for that
    with st.container(horizontal=True):
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        if st.user.to_dict().get("is_logged_in"):
            st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def draw_person(me: Viewer) -> None:
    """In the sidebar: who is here, the team they chat for, and the way out."""
    name = formatting.visible(me.name)
    about = " · ".join(filter(None, (ROLES.get(me.role, ""), formatting.visible(me.team or ""))))
    st.html(
        f'<div class="ll ll-who"><i aria-hidden="true">{escape(name[:2].upper())}</i>'
        f"<span>{escape(name)}<small>{escape(about)}</small></span></div>"
    )
    if len(me.teams) > 1:
        st.selectbox(
            "Team",
            me.teams,
            index=me.teams.index(me.team) if me.team in me.teams else 0,
            format_func=formatting.visible,
            key="chosen_team",
            on_change=_choose_team,
            help="Your chats are booked under it.",
        )
    if me.person is not None and get_settings().sign_in == "oidc":
        # Its name is known to the chat's script, which forgets what was typed but not sent.
        st.button("Sign out", key="sign_out", icon=":material/logout:", type="tertiary", on_click=_leave)


def _choose_team() -> None:
    from llmtrack.ledger import preferences

    me = viewer()
    if st.session_state.chosen_team in me.teams:
        preferences.write(open_ledger(), me.id, TEAM_PREFERENCE, st.session_state.chosen_team)


def _leave() -> None:
    """Ends this person's sessions everywhere, then clears the cookies here."""
    sign_out(open_ledger(), viewer())
    st.logout()
