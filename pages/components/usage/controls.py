"""The controls of the usage page, each kept in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.components import formatting, fresh_keys
from pages.components.filters import address
from pages.components.usage.choice import NARROWING, Time

_CYCLE, _RANGE = "usage_cycle", "usage_range"


def choose(label: str, options: Mapping[str, str], *, key: str) -> str:
    """A choice of a few, values to what they are called; the first where the address names none."""
    first = next(iter(options))
    address.show(key, lambda texts: texts[-1] if texts and texts[-1] in options else first)
    chosen = st.segmented_control(
        label, list(options), required=True, format_func=options.__getitem__, key=key, label_visibility="collapsed",
        width="content", on_change=_write, args=(key, first),
    )  # fmt: skip
    return chosen or first


def _write(key: str, first: str) -> None:
    chosen = st.session_state[key]
    address.write({key: [] if chosen == first else [chosen], "page": []})


def choose_time(time: Time) -> None:
    """The popover with the billing cycles and a range of days."""
    label = formatting.short_span(time.span.first, time.span.last, time.today)
    with st.popover(label, icon=":material/calendar_today:", key="usage_time"):
        names = {
            str(cycle.first): formatting.short_span(cycle.first, cycle.last, time.today) for cycle in time.cycles[:-1]
        }
        chosen = str(time.cycle.first) if time.cycle and str(time.cycle.first) in names else None
        st.selectbox(
            "Billing cycle", list(names), index=None if chosen is None else list(names).index(chosen),
            format_func=names.__getitem__, key=fresh_keys.showing(_CYCLE, chosen),
            placeholder="Choose a cycle", on_change=_write_cycle, args=(str(time.cycles[0].first),),
        )  # fmt: skip
        days = (time.span.first, min(time.span.last, time.today))
        st.date_input(
            "Or any days", days, key=fresh_keys.showing(_RANGE, days), max_value=time.today, format="YYYY-MM-DD",
            on_change=_write_range,
        )  # fmt: skip


def _write_cycle(running: str) -> None:
    chosen = st.session_state[fresh_keys.key_of(_CYCLE)]
    if chosen is not None:
        cleared: dict[str, list[str]] = {name: [] for name in ("since", "until", *NARROWING, "page", "call")}
        address.write({"cycle": [] if chosen == running else [chosen], **cleared})


def _write_range() -> None:
    picked = st.session_state[fresh_keys.key_of(_RANGE)]
    if isinstance(picked, tuple) and len(picked) == 2:
        cleared: dict[str, list[str]] = {name: [] for name in ("cycle", "page", "call", *NARROWING)}
        address.write({"since": [str(picked[0])], "until": [str(picked[1])], **cleared})
