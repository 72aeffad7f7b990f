"""Files to take away: a link for each format, that this viewer can use once, in this browser, within a minute."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from llmtrack.ledger.export import FORMATS
from llmtrack.serving.api import ExportQuery, export_path, renewed
from llmtrack.serving.browser_cookie import BROWSER_COOKIE
from pages.components.viewer import require_numbers, require_texts, viewer

REFRESH_SECONDS = 45
"""Links are made anew before they end, and after each use."""


@st.fragment(run_every=REFRESH_SECONDS)
def export_links(query: ExportQuery, file_name: str, *, key: str, formats: Sequence[str] = tuple(FORMATS)) -> None:
    """A link for each format to a file of what `query` asks for, called `file_name` with the format as its ending.

    The file goes through the server's own route, streamed: nothing of it is kept in memory, and nobody else can fetch
    it. A viewer who may not see what the query is about, because their role changed meanwhile, is told that there is
    nothing here.
    """
    (require_numbers if query.metric else require_texts)(query.filters())
    me, browser = viewer(), browser_id()
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    base = f"/{path}" if path else ""
    with st.container(horizontal=True, key=key):
        for ending in formats:
            this = renewed(query, ending)
            url = base + export_path(me, this, f"{file_name}.{ending}", browser) if browser else "about:blank"
            st.link_button(
                ending.upper(),
                url,
                icon=":material/download:",
                on_click="rerun",
                disabled=not browser,
                help=None if browser else "Downloads need a cookie: allow cookies, and reload the page.",
                key=f"{key}_{ending}",
            )


def browser_id() -> str | None:
    """The value of this browser's cookie; None where it takes none."""
    return st.context.cookies.get(BROWSER_COOKIE)
