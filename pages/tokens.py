"""Tokens for programs: one's own, and for admins those of teams and services, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from llmtrack.ledger import LedgerError, people
from llmtrack.ledger.people import TokenRecord
from llmtrack.ledger.periods import from_micros
from llmtrack.serving.identity import Kind, Subject, TokenScope, make_token, may_see
from llmtrack.settings import get_settings
from pages.components import empty_states, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import not_found, viewer

SCOPES = {
    TokenScope.USAGE_READ: "Read one's own usage",
    TokenScope.RECORD: "Record calls",
    TokenScope.GATEWAY: "Send through the gateway",
    TokenScope.ADMIN_READ: "Read everybody's usage",
}
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
    try:
        st.session_state[MADE] = make_token(
            queries.ledger(), me, state.token_name, state.token_scopes, days=state.token_days,
            team=team.id if team is not None and service is None else None, service=service,
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
st.title("Tokens", anchor=False)
if made := st.session_state.pop(MADE, None):
    st.success("Copy it now: it is shown this once, and nobody can show it again.", icon=":material/key:")
    st.code(made, language=None)
if outcome := st.session_state.pop(OUTCOME, None):
    (st.success if outcome[0] else st.error)(formatting.plain(outcome[1]))

records = people.tokens(queries.ledger(), person=None if everybodys else me.person or -1)
timezone, now = get_settings().timezone, int(datetime.now(UTC).timestamp() * 1_000_000)
if records:
    rows = [listed(token, timezone, now) for token in records]
    picked = tables.table(rows, COLUMNS, alt_text="Tokens", key="tokens_table")
    if picked is None:
        empty_states.note("Click a row to revoke a token.")
    elif records[picked].revoked_at is None:
        token = records[picked]
        st.button(
            f"Revoke {token.prefix}…", icon=":material/block:", type="primary", on_click=revoke, args=(token.prefix,)
        )
else:
    empty_states.empty("No tokens yet", "A program that reads your usage or records calls needs one.", ":material/key:")

st.subheader("A new token", anchor=False)
with st.form("new_token", border=False, clear_on_submit=True):
    st.text_input("What will use it", key="token_name", max_chars=80, width=320)
    offered = [scope for scope in SCOPES if scope is not TokenScope.ADMIN_READ or me.is_admin]
    st.multiselect("It may", offered, format_func=SCOPES.__getitem__, key="token_scopes", select_all=False, width=480)
    st.selectbox("For", list(DAYS), index=1, format_func=DAYS.__getitem__, key="token_days", width=200)
    if me.is_admin:
        st.selectbox(
            "Of a team", people.teams(queries.ledger()), index=None,
            format_func=lambda team: formatting.visible(team.name),
            key="token_team", placeholder="Your own", width=320,
        )  # fmt: skip
        st.text_input("Or of a service", key="token_service", max_chars=80, width=320)
    st.form_submit_button("Make it", icon=":material/add:", on_click=make)
