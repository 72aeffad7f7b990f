"""Questions in SQL: single queries of documented views, for reading only, with limits of time, memory and size."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger.sql_access import MOST_ROWS, SqlOff, open_sql
from pages.components import card, formatting, queries
from pages.components.empty_states import empty
from pages.components.sql import editor, result_view, view_list
from pages.components.viewer import require_admin

me = require_admin()
with card.head("SQL"):
    pass
try:
    access = open_sql(queries.ledger())
except SqlOff as off:
    card.note(formatting.visible(str(off)).replace("<", "&lt;"), "warn")
    if off.lines:
        with st.container(key="ll_lines"):
            st.code(off.lines, language="sql")
    st.caption("The views and what is promised are in docs/sql.md.")
    st.stop()
card.sub(
    f"Single queries that read the views. Times are in UTC. A statement has {access.seconds:g} seconds and "
    f"{MOST_ROWS:,} rows, and is noted in the audit log."
)
left, right = st.columns([2.6, 1], gap="medium")
with right:
    view_list.draw()
with left:
    wanted = editor.draw(me.id)
    statement = st.session_state.get(editor.STATEMENT) or ""
    if wanted:
        st.session_state[editor.RESULT] = (editor.run(access, statement), statement)
    if editor.RESULT in st.session_state:
        result_view.draw(*st.session_state[editor.RESULT])
    else:
        empty("Nothing run yet", "Write a statement, or choose one of the examples above it.", ":material/terminal:")
