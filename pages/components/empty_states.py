"""What a page shows when it has nothing to show, or cannot."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from llmtrack.ids import new_id
from llmtrack.ledger.errors import LedgerError
from llmtrack.serving.identity import NotAllowed, NotSignedIn, SignInNotSetUp
from llmtrack.settings import SettingsError
from pages.components import links

EXPLAINED = (LedgerError, SettingsError, SignInNotSetUp, NotSignedIn, NotAllowed)
"""Errors whose text is written for the person who reads it: what is wrong and the way out."""
AWAY = (
    "The database does not answer. Calls go on being recorded: they wait in a journal, and arrive once it answers "
    "again. Nothing else has to be done; reload the page then."
)
_log = logging.getLogger(__name__)


@contextmanager
def in_words() -> Iterator[None]:
    """An exception inside is shown as a sentence where it happened; the details go to the server's log."""
    try:
        yield
    except EXPLAINED as error:
        st.error(str(error), icon=":material/error:")
    except Exception as error:
        from llmtrack.ledger.error_classes import is_database_away  # loads the database's library

        if is_database_away(error):
            _log.warning("The database does not answer: %s", type(error).__name__)
            st.error(AWAY, icon=":material/cloud_off:")
            return
        reference = f"{new_id():x}"[-8:]
        _log.exception("A page failed (reference %s)", reference)
        st.error(
            "This part of the page could not be shown. Reload the page; if it stays, look for "
            f"**{reference}** in the server's log, where the reason stands.",
            icon=":material/error:",
        )


def empty(title: str, advice: str, icon: str = ":material/inbox:") -> None:
    """A box that says that there is nothing here yet, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown(f"{icon} **{title}**", width="content")
        st.markdown(advice, text_alignment="center")
        st.space("small")


def no_calls(what: object, filtered: object) -> None:
    """A page has nothing to show: says in which time it looked, and when there will be something."""
    if filtered:
        empty(f"No calls in {what} with these filters", "Remove a filter above, or choose a longer time.")
        draw_ways(filtered)
    else:
        empty(
            f"No calls in {what}",
            "Calls appear here a second after they end: send a message on the **Chat** page, or call a model with a "
            "tracked client. Earlier ones show with a longer time above.",
        )
        draw_ways(filtered)


def draw_ways(filtered: object, *further: str) -> None:
    """The ways on from where nothing is: without the filters, where there are any, and a longer time."""
    gone: dict[str, None] = {"after": None, "from": None, "page": None}
    ways = [links.anchor("Without the filters", links.here(where=None, **gone), css="ll-k")] if filtered else []
    wider = links.anchor("In the last 90 days", links.here(span="90 days", days=None, **gone), css="ll-k")
    st.html(f'<p class="ll ll-pages">{"".join([*ways, *further, wider])}</p>')


def note(text: str) -> None:
    """A remark on the numbers above it, such as what they leave out."""
    if text:
        st.caption(text)
