"""The editor of statements, and running one: the page waits without keeping others from the server."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger import people
from llmtrack.ledger.sql_access import SqlAccess, SqlError, SqlResult
from pages.components import queries
from pages.components.sql.examples import examples
from pages.components.viewer import require_admin

STATEMENT, RESULT = "sql_statement", "sql_result"
"""Keys of the session's state: the text in the editor, and what the last run gave."""
_LOOK_SECONDS = 0.2
"""How often a page that waits checks whether it has been left."""


def draw(user: str) -> bool:
    """The examples and the editor; returns whether the statement is to be run now."""
    with st.container(horizontal=True, gap="small", key="ll_sql_examples"):
        for name, statement in examples(user).items():
            st.button(name, key=f"example_{name}", type="tertiary", on_click=_fill, args=(statement,))
    with st.form("sql_form", border=False), st.container(gap="small", key="ll_sql"):
        st.text_area(
            "Statement", key=STATEMENT, height=250, label_visibility="collapsed",
            placeholder="SELECT model, sum(cost) AS cost FROM daily_totals GROUP BY model",
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center"):
            run = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:")
            st.caption("or Ctrl+Enter", width="content")
    return run


def run(access: SqlAccess, statement: str) -> SqlResult | SqlError:
    """What the statement gives. It is noted in the audit log before it is run, and ended when the page is left."""
    me = require_admin()
    people.record(queries.ledger(), me.id, "sql", None, {"statement": statement})
    try:
        with access.start(statement) as running, st.spinner("Running", show_time=True):
            while not running.wait(_LOOK_SECONDS):
                st.session_state.get(STATEMENT)  # raises once there was a click elsewhere, Stop, or a closed tab
            return running.result()
    except SqlError as error:
        return error


def _fill(statement: str) -> None:
    st.session_state[STATEMENT] = statement
