"""Changes of a limit that leave its amount as it is: a raise for a while, a reset of what is used; and its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from datetime import time as clock

import streamlit as st

from llmtrack.billing.limits import limit_in_words
from llmtrack.ledger import LedgerError
from llmtrack.ledger.limit_book import end_raise, raise_limit, remove_limit, reset_limit, undo_reset
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.ledger.periods import instant, zone
from llmtrack.settings import get_settings
from pages.components import card, formatting, outcome, queries
from pages.components.limits import dialogs, uses
from pages.components.viewer import require_admin


def everybody(subject: str) -> str:
    """Whom an adjustment is for."""
    return "everybody" if subject == EACH else subject


def for_whom(limit: Limit, subject: str) -> str:
    """The same at the end of a sentence; nothing where the limit is for one alone."""
    return f" for {everybody(subject)}" if limit.target == EACH else ""


def _choose_subject(limit: Limit, subjects: Sequence[str]) -> str:
    """Whom of a limit for each; all of them where it is for one."""
    if limit.target != EACH:
        return EACH
    chosen = st.selectbox(
        "For", [EACH, *subjects], accept_new_options=True, key="change_for",
        format_func=lambda name: "Everybody" if name == EACH else formatting.visible(name),
    )  # fmt: skip
    return chosen or EACH


@st.dialog("Raise for a while", on_dismiss=dialogs.close)
def ask_to_raise(limit: Limit, subjects: Sequence[str]) -> None:
    """Asks how much more and until when."""
    require_admin()
    timezone = get_settings().timezone
    today = datetime.now(zone(timezone)).date()
    st.markdown(formatting.plain(limit_in_words(limit)) + ". The limit stays as it is; afterwards it holds again.")
    subject = _choose_subject(limit, subjects)
    with st.container(horizontal=True):
        unit = "$" if limit.unit == "cost" else limit.unit
        typed = st.text_input(f"Raise to, {unit}", key="raise_to")
        day = st.date_input("Until the end of", today + timedelta(days=7), min_value=today, key="raise_until")
    pressed = st.button("Raise", type="primary", key="raise_set")
    if not pressed:
        return
    if not hasattr(day, "year"):
        st.error("Choose the day on which the raise ends.", icon=":material/error:")
        return
    try:
        amount = uses.parse_amount(limit.unit, typed)
        end = instant(datetime.combine(day + timedelta(days=1), clock()), timezone)
        raise_limit(queries.ledger(), limit.id, amount, end, subject=subject, by=require_admin().id)
    except (ValueError, LedgerError) as error:
        st.error(formatting.plain(_in_words(limit, error)), icon=":material/error:")
        return
    to = f"{uses.amount(limit, amount)}{for_whom(limit, subject)}"
    outcome.done(f"Limit {limit.id} is raised to {to} until {uses.moment(end)}.")
    dialogs.done()


def _in_words(limit: Limit, error: Exception) -> str:
    if "a raise has to be more" in str(error):
        return f"The limit is {uses.amount(limit, limit.amount or 0)} already: a raise has to be more than that."
    return str(error)


@st.dialog("Reset what is used", on_dismiss=dialogs.close)
def ask_to_reset(limit: Limit, subjects: Sequence[str]) -> None:
    """Asks for whom."""
    require_admin()
    st.markdown(
        "Only calls from now on count against it; the limit stays as it is, and so does what was recorded. "
        "It can be undone below the limit's changes."
    )
    subject = _choose_subject(limit, subjects)
    with st.container(horizontal=True):
        pressed = st.button("Reset", type="primary", key="reset_set")
        if st.button("Keep", key="reset_keep"):
            dialogs.done()
    if not pressed:
        return
    try:
        reset_limit(queries.ledger(), limit.id, subject=subject, by=require_admin().id)
    except LedgerError as error:
        st.error(formatting.plain(str(error)), icon=":material/error:")
        return
    outcome.done(f"Limit {limit.id} counts from now on{for_whom(limit, subject)}.")
    dialogs.done()


@st.dialog("Remove a limit", on_dismiss=dialogs.close)
def ask_to_remove(limit: Limit) -> None:
    """Asks before it is gone."""
    require_admin()
    st.markdown(f"**{formatting.plain(limit_in_words(limit))}**")
    card.note("Nothing is refused by it any more within 5 seconds. Its history stays in the audit log.", "bad")
    with st.container(horizontal=True):
        with st.container(key="ll_danger_limit", width="content"):
            pressed = st.button("Remove", icon=":material/delete:", key="remove_set")
        if st.button("Keep", key="remove_keep"):
            dialogs.done()
    if not pressed:
        return
    try:
        remove_limit(queries.ledger(), limit.id, by=require_admin().id)
    except LedgerError as error:
        st.error(formatting.plain(str(error)), icon=":material/error:")
        return
    outcome.done(f"Limit {limit.id} is removed.")
    st.query_params.pop("limit", None)
    dialogs.done()


def end_one_raise(number: int, subject: str) -> None:
    """Ends a raise before its time."""
    outcome.change(
        lambda by: end_raise(queries.ledger(), number, subject=subject, by=by),
        f"The raise for {everybody(subject)} is over.",
    )


def undo_one_reset(number: int, at: int, subject: str) -> None:
    """Lets count again what a reset left out."""
    outcome.change(
        lambda by: undo_reset(queries.ledger(), number, at, subject=subject, by=by),
        f"What {everybody(subject)} used before the reset counts again.",
    )
