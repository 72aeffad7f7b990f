"""Teams on the People page: who is in them, what they spent, making and removing one."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.people import TeamRecord
from pages.components import empty_states, queries, tables
from pages.components.outcome import change
from pages.components.people.person import team_name
from pages.components.tables import Column
from pages.components.viewer import require_admin

COLUMNS = (
    Column("team", "Team", pinned=True),
    Column("members", "Members", width=260),
    Column("leads", "Leads", width=180),
    Column("group", "From group"),
    Column("cost", "Spent, ever", "usd"),
)


def show(teams: list[TeamRecord]) -> None:
    """The teams, what they spent, and making or removing one."""
    require_admin()
    st.subheader("Teams", anchor=False)
    if teams:
        result = ask(queries.ledger(), ["cost"], by="group", where={"group": [team.name for team in teams]})
        spent = {row["group"]: row["cost"] for row in result}
        rows = [
            {
                "team": team.name,
                "members": ", ".join(team.members),
                "leads": ", ".join(team.leads),
                "group": team.from_group or "",
                "cost": spent.get(team.name, Decimal(0)),
            }
            for team in teams
        ]
        tables.table(rows, COLUMNS, alt_text="Teams and what they spent")
    else:
        empty_states.note("None yet. A team's numbers are the calls whose group is its name.")
    with (
        st.form("team", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input("New team", placeholder="The group its calls carry", key="new_team", width=240)
        st.text_input("Members from group", placeholder="At the identity provider", key="new_team_group", width=240)
        st.form_submit_button("Add team", on_click=_add)
    if teams:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            team = st.selectbox(
                "Team to remove",
                teams,
                format_func=team_name,
                key="old_team",
                width=240,
            )
            st.button(
                "Remove team",
                on_click=change,
                args=(lambda by: people.remove_team(queries.ledger(), team.id, by=by), f"{team.name} is removed."),
            )


def _add() -> None:
    """Make the team that was typed."""
    name, group = st.session_state.new_team, st.session_state.new_team_group.strip()
    change(
        lambda by: people.add_team(queries.ledger(), name, from_group=group or None, by=by), f"The team {name} is made."
    )
