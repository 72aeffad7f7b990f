"""Teams on the People page: who is in them, what they spent, making and removing one."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.people import TeamRecord
from pages.components import card, empty_states, queries, tables
from pages.components.outcome import change
from pages.components.people.person import team_name
from pages.components.tables import Column
from pages.components.viewer import require_admin

COLUMNS = (
    Column("team", "Team", pinned=True),
    Column("members", "Members", width=260),
    Column("leads", "Leads", width=180),
    Column("group", "From group"),
    Column("models", "Models", width=200, help="What its calls through the gateway may use."),
    Column("cost", "Spent, ever", "usd"),
)


def show(teams: list[TeamRecord]) -> None:
    """The teams, what they spent, and making or removing one."""
    require_admin()
    with card.card("Teams", "who is in them, and what they spent"):
        if teams:
            result = ask(queries.ledger(), ["cost"], by="group", where={"group": [team.name for team in teams]})
            spent = {row["group"]: row["cost"] for row in result}
            rows = [
                {
                    "team": team.name,
                    "members": ", ".join(team.members),
                    "leads": ", ".join(team.leads),
                    "group": team.from_group or "",
                    "models": "all" if team.models is None else ", ".join(team.models),
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
            _choose_models(teams)
            st.pills(
                "May search the web in the chat",
                teams,
                selection_mode="multi",
                default=[team for team in teams if team.web_search],
                format_func=team_name,
                # Its key holds what is stored, so that another admin's change shows.
                key=(key := f"web_search_{hash(tuple((team.id, team.web_search) for team in teams))}"),
                on_change=_allow_web_search,
                args=(teams, key),
                help="Through the providers' own tools, at their price for each search. People of no team always may.",
            )
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


def _choose_models(teams: list[TeamRecord]) -> None:
    """What a team's calls through the gateway may use."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        team = st.selectbox("Models of team", teams, format_func=team_name, key="models_team", width=240)
        typed = st.text_input(
            "May use", ", ".join(team.models or ()), placeholder="All, or gpt-4o-mini, claude-*",
            key=f"models_{team.id}", width=300,
        )  # fmt: skip
        models = [name.strip() for name in typed.split(",") if name.strip()]
        st.button(
            "Save models",
            on_click=change,
            args=(
                lambda by: people.set_models(queries.ledger(), team.id, models or None, by=by),
                f"{team.name} may use {', '.join(models) or 'all models'}.",
            ),
        )


def _allow_web_search(teams: list[TeamRecord], key: str) -> None:
    """Store what was pressed."""
    allowed = {team.id for team in st.session_state[key]}
    for team in teams:
        if team.web_search != (team.id in allowed):
            change(
                partial(_toggle_web_search, team),
                f"{team.name} {'may no longer' if team.web_search else 'may'} search the web in the chat.",
            )


def _toggle_web_search(team: TeamRecord, by: str) -> None:
    people.allow_web_search(queries.ledger(), team.id, not team.web_search, by=by)


def _add() -> None:
    """Make the team that was typed."""
    name, group = st.session_state.new_team, st.session_state.new_team_group.strip()
    change(
        lambda by: people.add_team(queries.ledger(), name, from_group=group or None, by=by), f"The team {name} is made."
    )
