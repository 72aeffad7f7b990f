"""Inviting somebody by address before they first sign in."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.people import TeamRecord
from llmtrack.ledger.periods import from_micros
from pages.components import card, empty_states, formatting, queries, tables
from pages.components.outcome import change
from pages.components.people.person import BY_SETTINGS, ROLES
from pages.components.tables import Column
from pages.components.viewer import require_admin

COLUMNS = (
    Column("address", "Address", pinned=True),
    Column("role", "Role"),
    Column("team", "Team"),
    Column("at", "Invited", "time"),
    Column("by", "By"),
)


def show(teams: list[TeamRecord], timezone: str) -> None:
    """Those who were invited and have not come yet, and a form to invite another."""
    require_admin()
    with card.card("Invitations", "who may come in, whatever the allow-list says"):
        waiting = people.invitations(queries.ledger())
        if waiting:
            rows = [
                {
                    "address": invitation.address,
                    "role": invitation.role or BY_SETTINGS,
                    "team": invitation.team or "",
                    "at": from_micros(invitation.invited_at, timezone),
                    "by": invitation.invited_by,
                }
                for invitation in waiting
            ]
            picked = tables.table(rows, COLUMNS, alt_text="Invited, and not here yet", key="invitations_table")
            if picked is not None:
                address = waiting[picked].address
                st.button(
                    f"Take back the invitation of {formatting.plain(address)}",
                    icon=":material/undo:",
                    on_click=change,
                    args=(
                        lambda by: people.withdraw_invitation(queries.ledger(), address, by=by),
                        f"{address} is not invited any more.",
                    ),
                )
        empty_states.note(
            "Whoever signs in with an address invited here may come in, whatever the allow-list says. Nothing is sent "
            "to them."
        )
        with (
            st.form("invite", border=False, clear_on_submit=True),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input("Address", placeholder="The one they will sign in with", key="invite_address", width=280)
            st.selectbox("Role", list(ROLES), format_func=ROLES.__getitem__, key="invite_role", width=160)
            names = {"": "none", **{str(team.id): formatting.visible(team.name) for team in teams}}
            st.selectbox("Team", list(names), format_func=names.__getitem__, key="invite_team", width=160)
            st.form_submit_button("Invite", icon=":material/person_add:", on_click=_invite)


def _invite() -> None:
    state = st.session_state
    address, role, team = state.invite_address.strip(), state.invite_role or None, state.invite_team
    change(
        lambda by: people.invite(queries.ledger(), address, role=role, team=int(team) if team else None, by=by),
        f"{address} may come in: send them this app's address.",
    )
