"""Who signed in, who may, what they may do, and the teams they belong to."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.people import PersonRecord
from llmtrack.ledger.periods import from_micros
from llmtrack.settings import get_settings
from pages.components import card, empty_states, formatting, outcome, queries, tables
from pages.components.people import aliases, invitations, person, teams
from pages.components.tables import Column
from pages.components.viewer import require_admin

PEOPLE = (
    Column("user", "User", pinned=True),
    Column("name", "Name", width=180),
    Column("role", "Role"),
    Column("state", "State"),
    Column("teams", "Teams", width=200),
    Column("signed_in", "Last sign-in", "time"),
    Column("groups", "Groups there"),
    Column("others", "Other ids"),
)


def person_row(record: PersonRecord, timezone: str) -> dict[str, object]:
    """A person as the table shows them."""
    memberships = [f"{team} (lead)" if team in record.leads else team for team in record.teams]
    return {
        "user": record.user_id,
        "name": record.name or "",
        "role": record.role or person.BY_SETTINGS,
        "teams": ", ".join(memberships),
        "signed_in": from_micros(record.signed_in_at, timezone),
        "state": "shut out" if record.disabled_at else "may come in",
        "groups": ", ".join(record.groups),
        "others": ", ".join(user_id for user_id in record.user_ids if user_id != record.user_id),
    }


require_admin()
with card.head("People"):
    pass
outcome.show()
settings = get_settings()
zone = settings.timezone
for conflict in people.user_id_conflicts(queries.ledger(), limit=3):
    st.warning(
        f"Somebody signed in as **{formatting.plain(conflict['claimed'])}**, which is another person's user id, "
        f"and got **{formatting.plain(conflict['given'])}** ({formatting.moment(from_micros(conflict['at'], zone))}).",
        icon=":material/person_alert:",
    )
everybody = people.people(queries.ledger())
all_teams = people.teams(queries.ledger())
with card.card("Who signed in"):
    if everybody:
        picked = tables.table(
            [person_row(record, zone) for record in everybody],
            PEOPLE,
            alt_text="People who signed in",
            key="people_table",
        )
        if picked is None:
            empty_states.note("Click a row to change a role or a team, to shut somebody out, or to erase them.")
        else:
            person.show(everybody[picked], all_teams)
    elif settings.sign_in == "local":
        empty_states.note(
            "Nobody signs in here: the app has one local user. docs/sign-in.md shows how to let others in; the "
            "Settings page says how it is now."
        )
    else:
        empty_states.note("Nobody signed in yet. Whoever does shows here.")
if settings.sign_in != "local":
    invitations.show(all_teams, zone)
teams.show(all_teams)
aliases.show([record.user_id for record in everybody], zone)
