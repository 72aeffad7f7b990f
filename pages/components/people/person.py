"""One person on the People page: what is known about them, and what an admin can do."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.people import PersonRecord, TeamRecord
from pages.components import erasing, formatting, queries
from pages.components.outcome import change
from pages.components.viewer import require_admin

BY_SETTINGS = "by the settings"
ROLES = {"": BY_SETTINGS, "user": "user", "admin": "admin"}
MEMBERSHIPS = {None: "no member", "member": "member", "lead": "lead"}


def show(person: PersonRecord, teams: list[TeamRecord]) -> None:
    """What is known about a person, and what can be changed."""
    require_admin()
    with st.container(border=True):
        st.markdown("**" + formatting.plain(person.name or person.user_id) + "**")
        st.text("\n".join(formatting.visible(fact) for fact in facts(person)))  # as it is: an address is no link
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _choose_role(person)
            _let_in_or_out(person)
        if teams:
            _choose_membership(person, teams)
        if st.button("Erase…", icon=":material/person_remove:", type="tertiary", key=f"erase_{person.id}"):
            erasing.confirm(person.user_id)


def facts(person: PersonRecord) -> list[str]:
    """Who they are at the provider, and what programs told about them (`llmtrack.identify`), as short texts."""
    lines = [person.user_id, f"{person.issuer} · {person.subject}"]
    if person.groups:
        lines.append(f"groups: {', '.join(person.groups)}")
    if len(person.user_ids) > 1:
        lines.append(f"also known as {', '.join(name for name in person.user_ids if name != person.user_id)}")
    for user_id, given in people.attributes(queries.ledger(), person.user_ids).items():
        of = "" if user_id == person.user_id else f"{user_id}: "
        lines += [f"{of}{name} = {value}" for name, value in given.items()]
    return lines


def team_name(team: TeamRecord) -> str:
    """A team in a list to choose from."""
    return formatting.visible(team.name)


def _choose_role(person: PersonRecord) -> None:
    ledger = queries.ledger()
    chosen = st.selectbox(
        "Role", list(ROLES), index=list(ROLES).index(person.role or ""), format_func=ROLES.__getitem__,
        key=f"role_{person.id}", width=200,
    )  # fmt: skip
    role = chosen or None
    st.button(
        "Save role",
        disabled=role == person.role,
        on_click=change,
        args=(
            lambda by: people.set_role(ledger, person.id, role, by=by),
            f"The role of {person.user_id} is changed.",
        ),
    )


def _let_in_or_out(person: PersonRecord) -> None:
    ledger, user = queries.ledger(), person.user_id
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


def _choose_membership(person: PersonRecord, teams: list[TeamRecord]) -> None:
    """Into a team, out of it, or its lead."""
    ledger = queries.ledger()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        team = st.selectbox(
            "Team",
            teams,
            format_func=team_name,
            key=f"team_{person.id}",
            width=200,
        )
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
