"""The token that programs send: a person's own, and where nobody signs in a service's."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from llmtrack.ledger import LedgerError, people
from llmtrack.ledger.people import TokenRecord
from llmtrack.serving.identity import TokenScope, Viewer, make_token
from llmtrack.settings import get_settings
from pages.components import card, empty_states, formatting, links, queries
from pages.components.connect.shown_token import keep, shown_token
from pages.components.viewer import viewer

NAME = "My programs"
"""What a token is called unless its maker says otherwise."""
DAYS = {30: "30 days", 90: "90 days", 365: "a year"}
_REFUSED = "connect_refused"


def own_tokens(me: Viewer) -> list[TokenRecord]:
    """The valid tokens for the gateway that are this person's, the latest first; where nobody signs in, services'."""
    if me.person is None and get_settings().sign_in != "local":
        return []
    records = people.tokens(queries.ledger(), person=me.person)
    at = int(datetime.now(UTC).timestamp() * 1_000_000)
    return [
        token
        for token in records
        if TokenScope.GATEWAY.value in token.scopes
        and token.is_valid(at)
        and (me.person is not None or token.service is not None)
    ]


def _make() -> None:
    me, state = viewer(), st.session_state
    # Where nobody signs in there are no tokens of one's own; a service's books its calls under the one user there is.
    service = state.connect_name.strip() or None if me.person is None else None
    try:
        token = make_token(
            queries.ledger(), me, state.connect_name, [TokenScope.GATEWAY], days=state.connect_days, service=service
        )
    except LedgerError as error:
        state[_REFUSED] = str(error)
    else:
        keep(token)


def draw(me: Viewer) -> None:
    """The token that was just made, or what makes one."""
    with card.card("1. Make a token", "it says whose calls they are", more=("All tokens", links.address("tokens"))):
        if refused := st.session_state.pop(_REFUSED, None):
            st.error(formatting.plain(refused), icon=":material/error:")
        if token := shown_token():
            st.success("Copy what you need now: nobody can show it again once you leave.", icon=":material/key:")
            st.code(token, language=None, wrap_lines=True)
            return
        with (
            st.form("connect_form", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input("What will use it", NAME, key="connect_name", max_chars=80, width=260)
            st.selectbox("For", list(DAYS), index=1, format_func=DAYS.__getitem__, key="connect_days", width=130)
            st.form_submit_button("Make a token", icon=":material/add:", type="primary", on_click=_make)
        if tokens := own_tokens(me):
            latest = f"{formatting.plain(tokens[0].prefix)}… ({formatting.plain(tokens[0].name)})"
            empty_states.note(f"You have {latest}: put it where the lines below say llmt\\_…, or make another.")
