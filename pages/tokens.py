"""Tokens for programs: one's own, and for admins those of teams and services, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from llmtrack.ledger import LedgerError, people
from llmtrack.ledger.people import TokenRecord
from llmtrack.ledger.periods import from_micros
from llmtrack.serving.identity import FOR_ADMINS, Kind, Subject, TokenScope, make_token, may_see
from llmtrack.settings import get_settings
from pages.components import card, empty_states, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import not_found, viewer

SCOPES = {
    TokenScope.USAGE_READ: "Read one's own usage",
    TokenScope.RECORD: "Record calls",
    TokenScope.GATEWAY: "Send through the gateway",
    TokenScope.ACT_FOR_USERS: "Send through it for any user",
    TokenScope.ADMIN_READ: "Read everybody's usage",
    TokenScope.LIMITS_WRITE: "Set limits",
}
ADMINS_ONLY = (*FOR_ADMINS, TokenScope.ACT_FOR_USERS)
DAYS = {30: "30 days", 90: "90 days", 365: "a year", None: "for ever"}
COLUMNS = (
    Column("prefix", "Begins with", pinned=True),
    Column("name", "Name", width=200),
    Column("whose", "Whose"),
    Column("scopes", "May", width="medium"),
    Column("state", "State"),
    Column("used", "Last used"),
    Column("created", "Made", "time"),
)
MADE, OUTCOME = "token_made", "token_outcome"


def listed(token: TokenRecord, timezone: str, now: int) -> dict[str, Any]:
    """A token as the table shows it."""
    expired = token.expires_at is not None and token.expires_at <= now
    until = f"until {formatting.day(from_micros(token.expires_at, timezone))}" if token.expires_at else "valid"
    return {
        "prefix": f"{token.prefix}…",
        "name": token.name,
        "whose": token.owner or (f"team {token.team}" if token.team else f"service {token.service}"),
        "scopes": ", ".join(token.scopes),
        "state": "revoked" if token.revoked_at else "expired" if expired else until,
        "used": formatting.moment(from_micros(token.last_used_at, timezone)) if token.last_used_at else "never",
        "created": from_micros(token.created_at, timezone),
    }


def make() -> None:
    """Make the token that was asked for, and keep it for the page that is drawn next, once."""
    me, state = viewer(), st.session_state
    service = state.get("token_service", "").strip() or None
    team = state.get("token_team")
    models = [name.strip() for name in state.get("token_models", "").split(",") if name.strip()]
    try:
        st.session_state[MADE] = make_token(
            queries.ledger(), me, state.token_name, state.token_scopes, days=state.token_days,
            team=team.id if team is not None and service is None else None, service=service,
            feature=state.get("token_feature"), models=models or None,
        )  # fmt: skip
    except LedgerError as error:
        st.session_state[OUTCOME] = (False, str(error))


def revoke(prefix: str) -> None:
    """Revoke a token; among one's own unless an admin does it."""
    me = viewer()
    everybodys = may_see(me, Subject(Kind.TOKENS))
    if not everybodys and me.person is None:
        not_found()
    try:
        people.revoke_token(queries.ledger(), prefix, by=me.id, person=None if everybodys else me.person)
        st.session_state[OUTCOME] = (True, f"{prefix}… opens nothing any more.")
    except LedgerError as error:
        st.session_state[OUTCOME] = (False, str(error))


me = viewer()
everybodys = may_see(me, Subject(Kind.TOKENS))
with card.head("Tokens"):
    pass
if made := st.session_state.pop(MADE, None):
    st.success("Copy it now: it is shown this once, and nobody can show it again.", icon=":material/key:")
    st.code(made, language=None)
if outcome := st.session_state.pop(OUTCOME, None):
    (st.success if outcome[0] else st.error)(formatting.plain(outcome[1]))

records = people.tokens(queries.ledger(), person=None if everybodys else me.person or -1)
timezone, now = get_settings().timezone, int(datetime.now(UTC).timestamp() * 1_000_000)
with card.card("Tokens", "listed by how they begin"):
    if records:
        rows = [listed(token, timezone, now) for token in records]
        picked = tables.table(rows, COLUMNS, alt_text="Tokens", key="tokens_table")
        if picked is None:
            empty_states.note("Click a row to revoke a token.")
        elif records[picked].revoked_at is None:
            token = records[picked]
            with st.container(key="ll_danger_revoke", width="content"):
                st.button(f"Revoke {token.prefix}…", icon=":material/block:", on_click=revoke, args=(token.prefix,))
    else:
        empty_states.note("No tokens yet. A program that reads your usage or records calls needs one.")

with card.card("A new token", "for a program"), st.form("new_token", border=False, clear_on_submit=True):
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("What will use it", key="token_name", max_chars=80, width=260)
        offered = [scope for scope in SCOPES if scope not in ADMINS_ONLY or me.is_admin]
        st.multiselect(
            "It may", offered, format_func=SCOPES.__getitem__, key="token_scopes", select_all=False, width=420,
            placeholder="Choose what",
        )  # fmt: skip
        st.selectbox("For", list(DAYS), index=1, format_func=DAYS.__getitem__, key="token_days", width=130)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if me.is_admin:
            st.selectbox(
                "Of a team", people.teams(queries.ledger()), index=None,
                format_func=lambda team: formatting.visible(team.name),
                key="token_team", placeholder="Your own", width=260,
            )  # fmt: skip
            st.text_input("Or of a service", key="token_service", max_chars=80, placeholder="Its name", width=260)
    with st.expander("Through the gateway"):
        st.text_input("Feature", key="token_feature", max_chars=80, width=320,
                      help="What its calls are for, where they do not say so themselves.")  # fmt: skip
        st.text_input("Models", key="token_models", width=480, placeholder="All",
                      help="The only ones it may use, parted by commas, such as gpt-4o-mini, claude-*.")  # fmt: skip
    st.form_submit_button("Make it", icon=":material/add:", on_click=make)
