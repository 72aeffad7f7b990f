"""The person who looks at a page, and whether they may."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from llmtrack.ledger import open_ledger
from llmtrack.ledger.query import Where
from llmtrack.serving.identity import (
    Kind,
    NotFound,
    Subject,
    Viewer,
    header_viewer,
    local_viewer,
    may_see,
    require_question,
    signed_in_viewer,
)
from llmtrack.settings import get_settings

_WHOSE = "whose_session"


def viewer() -> Viewer:
    """The person in front of the page, as the ledger knows them now.

    Raises `SignInNotSetUp` where others could be in front of it too, `NotSignedIn` where that is nobody and
    `NotAllowed` where they may not come in.
    """
    settings = get_settings()
    if settings.sign_in == "oidc":
        return signed_in_viewer(open_ledger(), st.user.to_dict(), settings)
    if settings.sign_in == "header":
        return header_viewer(open_ledger(), st.context.headers, settings)
    return local_viewer(
        address=st.get_option("server.address"), headers=st.context.headers, user_id=settings.effective_user_id
    )


def begin_session(me: Viewer) -> None:
    """Forgets what another person left in this session: a tab may change hands without being closed."""
    whose = me.person or me.id
    if st.session_state.setdefault(_WHOSE, whose) != whose:
        st.session_state.clear()
        st.session_state[_WHOSE] = whose


def require_admin() -> Viewer:
    """The viewer, if an admin; otherwise the page ends here, as if there were none.

    Every admin page calls this itself, and so does every fragment in one: fragments rerun without the router.
    """
    me = viewer()
    if not may_see(me, Subject(Kind.ADMINISTRATION)):
        not_found()
    return me


def require_numbers(where: Where) -> None:
    """Ends the page as if there were none, unless the viewer may see the numbers that these filters select."""
    _require(Kind.NUMBERS, where)


def require_texts(where: Where) -> None:
    """Ends the page as if there were none, unless the viewer may see the calls that these filters select."""
    _require(Kind.TEXTS, where)


def _require(kind: Kind, where: Where) -> None:
    try:
        require_question(viewer(), kind, where)
    except NotFound:
        not_found()


def not_found() -> NoReturn:
    """Says that there is nothing here, and ends the page."""
    st.error(str(NotFound()), icon=":material/search_off:")
    st.stop()
