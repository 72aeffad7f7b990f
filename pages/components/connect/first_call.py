"""Whether it works: waits for a call with the viewer's token, and shows it when it comes."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.lists import GenerationRow
from llmtrack.ledger.people import TokenRecord
from llmtrack.ledger.periods import from_micros
from llmtrack.serving.identity import Viewer
from llmtrack.settings import get_settings
from llmtrack.statuses import FAILED, NOT_SPENT
from pages.components import card, formatting, links, queries
from pages.components.charts import colours
from pages.components.connect import new_token
from pages.components.empty_states import in_words
from pages.components.reader.layout import facts
from pages.components.tables.cells import text_of, unknown
from pages.components.viewer import require_texts, viewer

LOOK_SECONDS = 2.0
BY_TOKEN = "property.llmtrack.token"
"""How the gateway marks a call: with as much of its token as stays visible."""
_BEFORE, _AFTER = timedelta(seconds=5), timedelta(minutes=2)
"""Around the moment at which a token was last used, which is kept to the minute."""


def draw(me: Viewer) -> None:
    """The card; while nothing has come it looks again and again."""
    with card.card("3. Make a call", "it is here a second after it ends"):
        tokens = new_token.own_tokens(me)
        waits = bool(tokens) and not _came(_latest_call(me, tokens[0]))
        st.fragment(_draw_call, run_every=LOOK_SECONDS if waits else None)(waits)


def _draw_call(waits: bool) -> None:
    """The call, or that there is none yet; `waits`: a call that came since then is drawn by the whole page.

    It runs by itself, without the page's first lines: it asks who is looking, and whose token it is.
    """
    with in_words():
        me = viewer()
        tokens = new_token.own_tokens(me)
        if not tokens:
            st.markdown("Make a token first.")
            return
        row = _latest_call(me, tokens[0])
        if row is None:
            st.markdown(f":shimmer[Waiting for your first call with {formatting.plain(tokens[0].prefix)} …]")
            return
        if waits and _came(row):
            st.rerun()  # the page then looks no more
        _draw_row(me, row)


def _came(row: GenerationRow | None) -> bool:
    return row is not None and row.status not in FAILED


def _latest_call(me: Viewer, token: TokenRecord) -> GenerationRow | None:
    """A call of when the token was last used, rather one that was answered; None where there is none."""
    if token.last_used_at is None:
        return None  # costs nothing while nothing has come
    where: dict[str, Any] = {BY_TOKEN: token.prefix}
    if me.person is not None:
        where["user"] = list(me.ids)
    require_texts(where)
    timezone = get_settings().timezone
    used = from_micros(token.last_used_at, timezone)
    rows = lists.generations(
        queries.ledger(), since=used - _BEFORE, until=used + _AFTER, timezone=timezone, where=where, order="time"
    )
    return next(filter(_came, rows), None) or next(iter(reversed(list(rows))), None)


def _draw_row(me: Viewer, row: GenerationRow) -> None:
    if _came(row):
        st.success("It works: your call is in the ledger.", icon=":material/check_circle:")
    else:
        reason = formatting.plain((row.error_type or row.status).replace("_", " "))
        st.error(f"A call came, and failed: {reason}.", icon=":material/error:")
    way = links.call(row.id) if me.is_admin else links.address("usage", keep_where=False, by="call", call=row.id)
    model = row.model or formatting.UNKNOWN
    dot = f'<i class="ll-dot" style="color:{escape(colours.css("model", [row.model or ""])[row.model or ""])}"></i> '
    tokens = f"{formatting.count(row.input_tokens)} → {formatting.count(row.output_tokens)}"
    pairs = [
        ("Model", dot + text_of(model)),
        ("Tokens", escape(tokens) + (" estimated" if row.usage_estimated else "") if _came(row) else ""),
        ("Cost", _cost(row) if _came(row) else ""),
        ("Took", escape(formatting.seconds(row.duration))),
        ("When", escape(formatting.moment(row.at))),
        ("", links.anchor("Open this call", way, css="ll-k")),
    ]
    st.html(f'<div class="ll">{facts(pairs)}</div>')


def _cost(row: GenerationRow) -> str:
    if row.cost is None:
        return unknown()
    remark = f" {text_of(row.cost_status.replace('_', ' '))}" if row.cost_status in NOT_SPENT else ""
    return escape(formatting.usd(row.cost)) + remark
