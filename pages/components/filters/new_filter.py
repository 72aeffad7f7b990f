"""The popover that adds a filter: a dimension, what is asked of it, and one of the values there are, or one typed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from llmtrack.ledger.query import Filter, Operator, filters
from pages.components import formatting, links
from pages.components.conditions import PHRASES, WHERE, dimension_name, encode, value_name
from pages.components.filters import address, values
from pages.components.span import Span

_BY, _HOW, _TYPED, _PROBLEM = "filter_by", "filter_how", "filter_typed", "filter_problem"


def draw_new_filter(
    span: Span, chosen: Sequence[Filter], leave_out: Sequence[str] = (), within: Sequence[Filter] = ()
) -> None:
    """The popover, without the dimensions to `leave_out`. What is in it is read only once it is open.

    `within` holds what may be seen: values from there are offered, and no names of attributes and properties, which
    everybody's calls have.
    """
    popover = st.popover("Filter", icon=":material/add:", key="new_filter", on_change="rerun")
    if not popover.open:
        return
    with popover:
        names = values.sorted_names(values.FIRST if within else values.dimensions())
        names = [name for name in names if name not in leave_out]
        dimension = st.selectbox("Filter by", names, format_func=dimension_name, key=_BY)
        offered = values.operators(dimension)
        how = st.selectbox("Condition", offered, format_func=lambda key: PHRASES[key][1], key=_HOW, width=200)
        if how not in offered:
            how = offered[0]
        _draw_typed(dimension, how, chosen)
        if how[0] == "is":
            _draw_values(dimension, how, span, chosen, within)


def _draw_typed(dimension: str, how: tuple[Operator, bool], chosen: Sequence[Filter]) -> None:
    number = how[0] in ("above", "below")
    st.text_input(
        "Value",
        key=_TYPED,
        placeholder="A number, then Enter"
        if number
        else "Type it exactly, then Enter"
        if how[0] == "is"
        else "A part, then Enter",
        label_visibility="collapsed",
        on_change=_take_typed,
        args=(dimension, how, tuple(chosen)),
    )
    if problem := st.session_state.pop(_PROBLEM, None):
        st.warning(formatting.plain(problem))


def _take_typed(dimension: str, how: tuple[Operator, bool], chosen: tuple[Filter, ...]) -> None:
    """What was typed becomes a filter as it is: nothing is completed, and no match is taken for it."""
    typed = st.session_state[_TYPED].strip()
    if not typed:
        return
    st.session_state[_TYPED] = ""
    added = with_value(chosen, dimension, how, typed)
    try:
        filters(added)
    except ValueError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    address.write({WHERE: [encode(condition) for condition in added], "after": [], "page": []})


def with_value(
    chosen: Sequence[Filter], dimension: str, how: tuple[Operator, bool], value: str | int | None
) -> tuple[Filter, ...]:
    """The filters with this value added to the one that asks the same of the dimension, or taken out of it."""
    operator, negated = how
    same = [f for f in chosen if (f.dimension, f.operator, f.negated) == (dimension, operator, negated)]
    present = tuple(text for condition in same for text in condition.values)
    at = [text for text in present if str(text) == str(value)]
    left = tuple(text for text in present if text not in at) if at else (*present, value)
    if operator in ("above", "below"):
        left = (value,)
    new = (Filter(dimension, left, negated, operator),) if left else ()
    if not same:
        return (*chosen, *new)
    place = list(chosen).index(same[0])
    others = [condition for condition in chosen if condition not in same]
    return (*others[:place], *new, *others[place:])


def _draw_values(
    dimension: str, how: tuple[Operator, bool], span: Span, chosen: Sequence[Filter], within: Sequence[Filter]
) -> None:
    listed = values.choices(dimension, span, chosen, within)
    if not listed:
        st.caption("No call in this time has one.")
        return
    present = {str(v) for f in chosen if (f.dimension, f.operator, f.negated) == (dimension, *how) for v in f.values}
    lines = []
    for choice in listed:
        added = [encode(condition) for condition in with_value(chosen, dimension, how, choice.value)]
        count = "" if choice.calls is None else formatting.counted(choice.calls, "call")
        pressed = ' aria-pressed="true" role="button"' if str(choice.value) in present else ""
        lines.append(
            f'<a data-in href="{escape(links.here(where=added or None, after=None, page=None))}"{pressed}>'
            f"<span>{escape(value_name(choice.value, dimension))}</span><small>{count}</small></a>"
        )
    st.html(f'<div class="ll ll-values">{"".join(lines)}</div>')
    if any(choice.calls is None for choice in listed):
        st.caption("Not counted: that would read many calls one by one.")
    if len(listed) == values.MOST_VALUES:
        st.caption(f"The {values.MOST_VALUES} with the most calls; any other can be typed.")
