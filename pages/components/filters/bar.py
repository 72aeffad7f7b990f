"""The head line of a page of numbers: title, filters as chips, time; all of it stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from llmtrack.ledger.query import Filter
from pages.components import card, formatting, links
from pages.components.conditions import WHERE, decode, encode, sentence, words
from pages.components.filters import saved_views, time_span
from pages.components.filters.new_filter import draw_new_filter
from pages.components.span import Span


@dataclass(frozen=True, slots=True)
class View:
    """What a page is about."""

    span: Span
    against: Span | None
    """The time to compare with, if any."""
    where: tuple[Filter, ...]

    @property
    def in_words(self) -> str:
        """The time and its zone in a short sentence, and what it is compared with."""
        counted = formatting.counted(self.span.days, "day")
        compared = ""
        if self.against:
            before = formatting.short_span(self.against.first, self.against.last, self.span.last)
            compared = f", against {before}"
        return f"{counted}, {self.span.timezone}{compared}."


def head(
    title: str, page: str, *, compare: bool = False, leave_out: Sequence[str] = (), within: Sequence[Filter] = ()
) -> View:
    """Draws the head line of the page at the address `page`, and returns what its address says.

    `leave_out` are dimensions the page cannot filter by, because it is about one of their values: filters on them are
    named as such. With `compare` the page shows what changed since a time before. `within` is what the viewer may see
    the numbers of, where that is not everything: only values from there are offered.
    """
    span, against = time_span.read_time()
    chosen = read_where()
    links.keep(*time_span.time_parameters(), where=chosen)
    with card.head(title):
        if chosen:
            st.html(chips(chosen), width="content")
        draw_new_filter(span, chosen, leave_out, within)
        st.space("stretch")
        saved_views.draw(page)
        with st.popover(_time_label(span, against, compare), icon=":material/calendar_today:", key="time"):
            time_span.draw_time(compare)
    draw_problems()
    ignored = [condition for condition in chosen if condition.dimension in leave_out]
    if ignored:
        st.info(
            f"Not filtered by **{formatting.plain(sentence(ignored))}**: this page is about one of them alone.",
            icon=":material/filter_alt_off:",
        )
    where = tuple(condition for condition in chosen if condition not in ignored)
    return View(span, against if compare else None, where)


def read_where() -> tuple[Filter, ...]:
    """The filters in the address; what of it is none, `draw_problems` names."""
    return tuple(dict.fromkeys(condition for condition in _decoded() if isinstance(condition, Filter)))


def draw_problems() -> None:
    """Says which filters of the address are none."""
    for problem in _decoded():
        if isinstance(problem, str):
            st.warning(f"{formatting.plain(problem)} It is left out.", icon=":material/filter_alt_off:")


def _decoded() -> list[Filter | str]:
    """Each filter in the address, or what is wrong with it."""
    found: list[Filter | str] = []
    for text in st.query_params.get_all(WHERE):
        try:
            found.append(decode(text))
        except ValueError as error:
            found.append(str(error))
    return found


def chips(chosen: Sequence[Filter]) -> str:
    """The filters as HTML, each with the way to the page without it."""
    drawn = []
    for condition in chosen:
        name, phrase, values = words(condition)
        rest = [encode(other) for other in chosen if other != condition]
        address = escape(links.here(where=rest or None, after=None, page=None))
        label = escape(f"Remove the filter {name} {phrase} {values}")
        text = f"{escape(formatting.visible(name))} {escape(phrase)} <b>{escape(values)}</b>"
        drawn.append(
            f'<span class="ll-chip"><span>{text}</span>'
            f'<a data-in href="{address}" aria-label="{label}" title="{label}">✕</a></span>'
        )
    return f'<div class="ll ll-chips">{"".join(drawn)}</div>'


def _time_label(span: Span, against: Span | None, compare: bool) -> str:
    return f"{span}, against {against}" if compare and against else str(span)
