"""Merging an old user id into the one it belongs to now: what it would change, doing it, and undoing it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from llmtrack.ledger import LedgerError, people
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.periods import from_micros
from pages.components import card, empty_states, formatting, outcome, queries, tables
from pages.components.outcome import change
from pages.components.tables import Column
from pages.components.viewer import require_admin

MERGED = (
    Column("alias", "User id", pinned=True),
    Column("user_id", "Counts as", width=300),
    Column("at", "Merged", "time"),
    Column("by", "By"),
)
PREVIEW = (
    Column("user", "User id", pinned=True),
    Column("generations", "Calls", "count"),
    Column("messages", "Messages", "count"),
    Column("cost", "Cost", "usd"),
)


def show(user_ids: Sequence[str], timezone: str) -> None:
    """The user ids that were merged into others, and a form to merge one; `user_ids` are offered as targets."""
    with card.card("Merged user ids", "an old id counts as somebody's"):
        merged = people.aliases(queries.ledger())
        if merged:
            rows = [
                {
                    "alias": record.alias,
                    "user_id": record.user_id,
                    "at": from_micros(record.merged_at, timezone),
                    "by": record.merged_by,
                }
                for record in merged
            ]
            picked = tables.table(rows, MERGED, alt_text="Merged user ids", key="aliases_table")
            if picked is not None:
                alias = merged[picked].alias
                st.button(
                    f"Undo the merge of {formatting.plain(alias)}",
                    icon=":material/undo:",
                    on_click=change,
                    args=(
                        lambda by: people.undo_merge(queries.ledger(), alias, by=by),
                        f"{alias} counts for itself again.",
                    ),
                )
        empty_states.note(
            "An old id, or an address that changed: its calls count as somebody's from the first one on. What was "
            "recorded stays as it is, so this can be undone at any time."
        )
        with st.form("merge", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            alias = st.text_input("Old user id", placeholder="The id its calls carry", key="merge_alias", width=280)
            into = st.selectbox(
                "Belongs to", user_ids, index=None, format_func=formatting.visible, key="merge_into",
                accept_new_options=True, width=280,
                placeholder="Choose, or type a user id",
            )  # fmt: skip
            if st.form_submit_button("Preview…", icon=":material/merge:") and alias.strip() and into:
                preview(alias.strip(), into.strip())


@st.dialog("Merge a user id")
def preview(alias: str, into: str) -> None:
    """What a merge would change, and the button that does it."""
    require_admin()  # a dialog is drawn again without the page around it
    if outcome.is_waiting():  # it was pressed: away with the dialog
        st.rerun()
    try:
        people.check_merge(queries.ledger(), alias, into)
    except LedgerError as error:
        st.error(formatting.plain(str(error)), icon=":material/error:")
        return
    numbers = ["generations", "messages", "cost"]
    rows = [{"user": user, **_numbers(numbers, [user])} for user in (alias, into)]
    rows.append({"user": f"{into}, after", **_numbers(numbers, [alias, into])})
    tables.table(rows, PREVIEW, alt_text="What the merge would change")
    st.markdown(
        f"Whatever is asked by user counts the calls of **{formatting.plain(alias)}** as those of "
        f"**{formatting.plain(into)}**, who sees them as their own. Single calls keep the id they were made with."
    )
    with st.container(horizontal=True):
        st.button(
            "Merge",
            type="primary",
            icon=":material/merge:",
            on_click=change,
            args=(
                lambda by: people.merge(queries.ledger(), alias, into, by=by),
                f"The calls of {alias} count as those of {into}.",
            ),
        )
        if st.button("Leave it"):
            st.rerun()


def _numbers(names: list[str], users: list[str]) -> dict[str, object]:
    totals = ask(queries.ledger(), names, where={"user": users}, max_rows=None).totals
    return {name: totals[name] for name in names}
