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


def head(title: str, page: str, *, compare: bool = False, leave_out: Sequence[str] = ()) -> View:
    """Draws the head line of the page at the address `page`, and returns what its address says.

    `leave_out` are dimensions the page cannot filter by, because it is about one of their values: filters on them are
    named as such. With `compare` the page shows what changed since a time before.
    """
    span, against = time_span.read_time()
    chosen, problems = _read_where()
    links.keep(*time_span.time_parameters(), where=chosen)
    with card.head(title):
        if chosen:
            st.html(_chips(chosen), width="content")
        draw_new_filter(span, chosen)
        st.space("stretch")
        saved_views.draw(page)
        with st.popover(_time_label(span, against, compare), icon=":material/calendar_today:"):
            time_span.draw_time(compare)
    for problem in problems:
        st.warning(f"{formatting.plain(problem)} It is left out.", icon=":material/filter_alt_off:")
    ignored = [condition for condition in chosen if condition.dimension in leave_out]
    if ignored:
        st.info(
            f"Not filtered by **{formatting.plain(sentence(ignored))}**: this page is about one of them alone.",
            icon=":material/filter_alt_off:",
        )
    where = tuple(condition for condition in chosen if condition not in ignored)
    return View(span, against if compare else None, where)


def _read_where() -> tuple[tuple[Filter, ...], list[str]]:
    """The filters in the address, and what of it is none."""
    chosen: dict[Filter, None] = {}
    problems: list[str] = []
    for text in st.query_params.get_all(WHERE):
        try:
            chosen[decode(text)] = None
        except ValueError as error:
            problems.append(str(error))
    return tuple(chosen), problems


def _chips(chosen: Sequence[Filter]) -> str:
    chips = []
    for condition in chosen:
        name, phrase, values = words(condition)
        rest = [encode(other) for other in chosen if other != condition]
        address = escape(links.here(where=rest or None, after=None))
        label = escape(f"Remove the filter {name} {phrase} {values}")
        text = f"{escape(formatting.visible(name))} {escape(phrase)} <b>{escape(values)}</b>"
        chips.append(
            f'<span class="ll-chip"><span>{text}</span>'
            f'<a data-in href="{address}" aria-label="{label}" title="{label}">✕</a></span>'
        )
    return f'<div class="ll ll-chips">{"".join(chips)}</div>'


def _time_label(span: Span, against: Span | None, compare: bool) -> str:
    return f"{span}, against {against}" if compare and against else str(span)
