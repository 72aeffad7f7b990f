"""The page of a kind of thing that calls belong to, such as teams: all of them, or one with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from llmtrack.ledger.query import Filter, is_recorded
from pages.components import card, empty_states, filters, profile, queries
from pages.components.conditions import both


def draw(
    by: str, what: str, *, link: Callable[[str], str | None], over_time: Sequence[str], parts: Sequence[str]
) -> None:
    """The things of the dimension `by`, dearest first; where the address names one as its `what`, that one.

    `over_time` are the dimensions its time can be split by. `parts` are three that it is made of: two side by side, the
    third beside its dearest calls.
    """
    page = f"{what}s"
    title = page.capitalize()
    name = st.query_params.get(what)
    view = filters.head(title if name is None else name, page, compare=name is not None,
                        leave_out=() if name is None else (by,))  # fmt: skip
    if name is not None and not is_recorded(queries.ledger(), by, name):
        profile.draw_unknown(what, name, page, page)
        st.stop()
    where = view.where if name is None else both(view.where, [Filter(by, (name,))])
    if name is not None:
        profile.draw_place(view, by, name, title, page, link)
    card.sub(view.in_words)
    with st.skeleton(height=180):
        now, past = profile.read(view, where)
        totals = now.totals
        if not totals["generations"]:
            empty_states.empty("No calls in this time", "Choose a longer time or fewer filters above.")
            empty_states.draw_ways(view.where)
            st.stop()
        if name is not None:
            everyone = queries.ask(profile.METRICS, view.span, where=view.where).totals
            profile.draw_tiles(view, where, now, past, everyone)
        card.sub(*queries.cost_sentences(totals))
        queries.remark(now)
    if name is None:
        profile.draw_list(view, by)
        st.stop()
    profile.draw_time(view, where, over_time)
    left, right = st.columns(2)
    with left:
        profile.draw_parts(view, where, parts[0], totals)
    with right:
        profile.draw_parts(view, where, parts[1], totals)
    left, right = st.columns(2)
    with left:
        profile.draw_dearest_calls(view, where, totals["generations"])
    with right:
        profile.draw_parts(view, where, parts[2], totals)
