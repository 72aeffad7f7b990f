"""Who signed in, what they may do, and the teams they belong to."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from llmtrack.ledger import LedgerError, people
from llmtrack.ledger.people import PersonRecord, TeamRecord
from llmtrack.ledger.periods import from_micros
from llmtrack.settings import get_settings
from pages.components import empty_states, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import require_admin

PEOPLE = (
    Column("user", "User", pinned=True),
    Column("name", "Name"),
    Column("role", "Role"),
    Column("teams", "Teams"),
    Column("signed_in", "Last sign-in", "time"),
    Column("state", "State"),
    Column("groups", "Groups there"),
    Column("others", "Other ids"),
)
TEAMS = (
    Column("team", "Team", pinned=True),
    Column("members", "Members"),
    Column("leads", "Leads"),
    Column("group", "From group"),
    Column("cost", "Spent, ever", "usd"),
)
OUTCOME = "people_outcome"
BY_SETTINGS = "by the settings"
MEMBERSHIPS = {None: "no member", "member": "member", "lead": "lead"}


def change(work: Callable[[str], object], done: str) -> None:
    """Do something as the admin who pressed, and keep what came of it for the page that is drawn next."""
    me = require_admin()
    try:
        work(me.id)
    except LedgerError as error:
        st.session_state[OUTCOME] = (False, str(error))
    else:
        st.session_state[OUTCOME] = (True, done)


def person_row(person: PersonRecord, timezone: str) -> dict[str, object]:
    """A person as the table shows them."""
    teams = [f"{team} (lead)" if team in person.leads else team for team in person.teams]
    return {
        "user": person.user_id,
        "name": person.name or "",
        "role": person.role or BY_SETTINGS,
        "teams": ", ".join(teams),
        "signed_in": from_micros(person.signed_in_at, timezone),
        "state": "shut out" if person.disabled_at else "may come in",
        "groups": ", ".join(person.groups),
        "others": ", ".join(one for one in person.user_ids if one != person.user_id),
    }


def team_name(team: TeamRecord) -> str:
    """A team in a list to choose from."""
    return formatting.visible(team.name)


def show_person(person: PersonRecord, teams: list[TeamRecord]) -> None:
    """What an admin can do about a person."""
    ledger, user = queries.ledger(), person.user_id
    with st.container(border=True):
        st.markdown(
            f"**{formatting.plain(user)}** · {formatting.plain(person.issuer)} · {formatting.plain(person.subject)}"
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            choices = [None, "user", "admin"]
            role = st.selectbox(
                "Role", choices, index=choices.index(person.role), format_func=lambda one: one or BY_SETTINGS,
                key=f"role_{person.id}", width=200,
            )  # fmt: skip
            st.button(
                "Save role",
                disabled=role == person.role,
                on_click=change,
                args=(lambda by: people.set_role(ledger, person.id, role, by=by), f"The role of {user} is changed."),
            )
            shut_out = person.disabled_at is not None
            st.button(
                "Let in again" if shut_out else "Shut out",
                icon=":material/lock_open:" if shut_out else ":material/block:",
                on_click=change,
                args=(
                    lambda by: people.set_disabled(ledger, person.id, not shut_out, by=by),
                    f"{user} may come in again." if shut_out else f"{user} is out from the next click on.",
                ),
            )
            st.button(
                "End sessions",
                icon=":material/logout:",
                on_click=change,
                args=(lambda by: people.end_sessions(ledger, person.id, by=by), f"{user} has to sign in again."),
            )
        if teams:
            choose_membership(person, teams)
        empty_states.note("To erase what a person said, and who they are, use the Data page.")


def choose_membership(person: PersonRecord, teams: list[TeamRecord]) -> None:
    """Into a team, out of it, or its lead."""
    ledger = queries.ledger()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        team = st.selectbox("Team", teams, format_func=team_name, key=f"team_{person.id}", width=200)
        now = "lead" if team.name in person.leads else "member" if team.name in person.teams else None
        wanted = st.segmented_control(
            "There", list(MEMBERSHIPS), default=now, format_func=MEMBERSHIPS.__getitem__, required=True,
            key=f"membership_{person.id}_{team.id}",
        )  # fmt: skip
        st.button(
            "Save team",
            disabled=wanted == now,
            on_click=change,
            args=(
                lambda by: people.set_member(ledger, team.id, person.id, wanted, by=by),
                f"{person.user_id} is {MEMBERSHIPS[wanted]} of {team.name}.",
            ),
        )


def add_team() -> None:
    """Make the team that was typed."""
    name, group = st.session_state.new_team, st.session_state.new_team_group.strip()
    change(
        lambda by: people.add_team(queries.ledger(), name, from_group=group or None, by=by), f"The team {name} is made."
    )


def show_teams(teams: list[TeamRecord]) -> None:
    """The teams, what they spent, and making or removing one."""
    st.subheader("Teams", anchor=False)
    if teams:
        from llmtrack.ledger.metrics import ask

        answer = ask(queries.ledger(), ["cost"], by="group", where={"group": [team.name for team in teams]})
        spent = {row["group"]: row["cost"] for row in answer}
        rows = [
            {
                "team": team.name,
                "members": ", ".join(team.members),
                "leads": ", ".join(team.leads),
                "group": team.from_group or "",
                "cost": spent.get(team.name, 0),
            }
            for team in teams
        ]
        tables.table(rows, TEAMS, alt_text="Teams and what they spent")
    else:
        empty_states.note("None yet. A team's numbers are the calls whose group is its name.")
    with (
        st.form("team", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input("New team", placeholder="The group its calls carry", key="new_team", width=240)
        st.text_input("Members from group", placeholder="At the identity provider", key="new_team_group", width=240)
        st.form_submit_button("Add team", on_click=add_team)
    if teams:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            team = st.selectbox("Team to remove", teams, format_func=team_name, key="old_team", width=240)
            st.button(
                "Remove team",
                on_click=change,
                args=(lambda by: people.remove_team(queries.ledger(), team.id, by=by), f"{team.name} is removed."),
            )


require_admin()
st.title("People", anchor=False)
if outcome := st.session_state.pop(OUTCOME, None):
    (st.success if outcome[0] else st.error)(formatting.plain(outcome[1]))
zone = get_settings().timezone
for conflict in people.user_id_conflicts(queries.ledger(), limit=3):
    st.warning(
        f"Somebody signed in as **{formatting.plain(conflict['claimed'])}**, which is another person's user id, "
        f"and got **{formatting.plain(conflict['given'])}** ({formatting.moment(from_micros(conflict['at'], zone))}).",
        icon=":material/person_alert:",
    )
everybody = people.people(queries.ledger())
teams = people.teams(queries.ledger())
if everybody:
    picked = tables.table(
        [person_row(person, zone) for person in everybody], PEOPLE, alt_text="People who signed in", key="people_table"
    )
    if picked is None:
        empty_states.note("Click a row to change a role or a team, or to shut somebody out.")
    else:
        show_person(everybody[picked], teams)
elif get_settings().sign_in == "local":
    empty_states.empty(
        "Nobody signs in here",
        "The app has one local user. docs/sign-in.md shows how to let others in; the Settings page says how it is now.",
        ":material/group:",
    )
else:
    empty_states.empty("Nobody signed in yet", "Whoever does shows here.", ":material/group:")
show_teams(teams)
