"""Erasing a person: what will be gone, and their name typed before it is."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger import LedgerError
from llmtrack.ledger.maintenance import Erased, ids_of_person
from llmtrack.serving.daily_maintenance import erase_everywhere
from pages.components import card, formatting, outcome, queries
from pages.components.viewer import require_admin

_TYPED, _MISTYPED = "typed_name", "mistyped_name"


@st.dialog("Erase a person")
def confirm(user: str) -> None:
    """Asks for confirmation: an erasure cannot be undone."""
    require_admin()  # a dialog is drawn again without the page around it
    if outcome.is_waiting():  # it was pressed: away with the dialog
        st.rerun()
    try:
        user_ids = ids_of_person(queries.ledger(), user)
    except LedgerError as error:
        st.error(formatting.plain(str(error)), icon=":material/error:")
        return
    st.markdown(
        f"All that **{formatting.plain(user)}** said, their conversations, attributes, tokens and names will be gone, "
        "from the database, journals and backups made before upgrades. What they cost stays in all totals, as nobody's."
    )
    if len(user_ids) > 1:
        others = ", ".join(formatting.plain(name) for name in user_ids if name != user)
        st.markdown(f"So will what is under every other user id of theirs: **{others}**.")
    card.note("This cannot be undone. Backups of your own are yours to clear.", "bad")
    st.text_input("Type the user id to confirm", key=_TYPED, autocomplete="off")
    if st.session_state.pop(_MISTYPED, False):
        st.error(f"That is not {formatting.plain(user)}: nothing was erased.", icon=":material/error:")
    with st.container(horizontal=True):
        with st.container(key="ll_danger", width="content"):
            st.button("Erase", icon=":material/delete_forever:", on_click=erase, args=(user,))
        if st.button("Keep"):
            st.rerun()


def erase(user: str) -> None:
    """Erases a user if their id was typed; the outcome is shown when the page, or the dialog, is drawn next."""
    if st.session_state.get(_TYPED, "").strip() != user:
        st.session_state[_MISTYPED] = True
        return
    outcome.change(lambda by: erase_everywhere(queries.ledger(), user, by=by), lambda erased: _in_words(user, erased))


def _in_words(user: str, erased: object) -> str:
    assert isinstance(erased, Erased)
    ids = f" with {formatting.counted(len(erased.names) - 1, 'other id')}" if len(erased.names) > 1 else ""
    return (
        f"{user}{ids} is {erased.name} from now on: {formatting.counted(erased.texts, 'text')}, "
        f"{formatting.counted(erased.conversations, 'conversation')} and "
        f"{formatting.counted(erased.backups, 'backup')} are gone."
    )
