"""The control for the time a page is about and what it is compared with; both stand in the address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import streamlit as st

from llmtrack.ledger.periods import Period, billing_cycle, days, last_days, zone
from llmtrack.settings import get_settings
from pages.components import formatting, fresh_keys, links
from pages.components.filters import address
from pages.components.span import Span

LENGTHS = {"7 days": 7, "30 days": 30, "90 days": 90}
CYCLE, DATES = "Billing cycle", "Dates"
CHOICES = (*LENGTHS, CYCLE, DATES)
DEFAULT = "30 days"
COMPARISONS = {"before": "period before", "year": "same a year ago", "none": "nothing"}
LONGEST_DAYS = 3 * 366
_PICKED = "picked_days"
"""The key of the two dates; the parameter is `links.DAYS`, which no control may be called."""


def choose_span() -> Span:
    """The control for the time span at the right of a head line, called by what is chosen in it."""
    span, _ = read_time()
    st.space("stretch")
    with st.popover(str(span), icon=":material/calendar_today:", key="time"):
        draw_time()
    return span


def in_words(span: Span) -> str:
    """How long it is, and in which zone: the line under the head line."""
    return f"{formatting.counted(span.days, 'day')}, {span.timezone}."


def read_time() -> tuple[Span, Span | None]:
    """The time span that the address says, and the one it is compared with."""
    timezone = get_settings().timezone
    choice = _choice(st.query_params.get_all(links.SPAN))
    picked = _picked(st.query_params.get_all(links.DAYS)) if choice == DATES else None
    span = Span(_period(choice, picked), timezone)
    against = _comparison(st.query_params.get_all(links.AGAINST))
    before = {"before": span.before, "year": span.year_before}.get(against)
    return span, before() if before else None


def time_parameters() -> tuple[str, list[str], str]:
    """What of the time an address has to hold: choice, dates, comparison where it is not the usual one."""
    choice = _choice(st.query_params.get_all(links.SPAN))
    shown_days = [str(day) for day in _picked(st.query_params.get_all(links.DAYS))] if choice == DATES else []
    against = _comparison(st.query_params.get_all(links.AGAINST))
    return choice, shown_days, "" if against == "before" else against


def draw_time(compare: bool = False) -> None:
    """The controls themselves."""
    choice = _choice(st.query_params.get_all(links.SPAN))
    against = _comparison(st.query_params.get_all(links.AGAINST))
    st.segmented_control(
        "Time span",
        CHOICES,
        default=choice,
        required=True,
        key=fresh_keys.showing(links.SPAN, choice),
        label_visibility="collapsed",
        on_change=_write_span,
    )
    if choice == DATES:
        _draw_dates()
    if compare:
        st.segmented_control(
            "Compared with",
            list(COMPARISONS),
            default=against,
            required=True,
            format_func=lambda name: COMPARISONS[name].capitalize(),
            key=fresh_keys.showing(links.AGAINST, against),
            on_change=_write_against,
        )


def cycle_span(back: int = 0) -> Span:
    """The billing cycle that runs now, or one before it."""
    settings = get_settings()
    cycle = billing_cycle(anchor_day=settings.billing_anchor_day, timezone=settings.timezone, back=back)
    return Span(cycle, settings.timezone)


def _choice(texts: Sequence[str]) -> str:
    return texts[-1] if texts and texts[-1] in CHOICES else DEFAULT


def _comparison(texts: Sequence[str]) -> str:
    return texts[-1] if texts and texts[-1] in COMPARISONS else "before"


def _write_span() -> None:
    choice = st.session_state[fresh_keys.key_of(links.SPAN)]
    picked = _picked(st.query_params.get_all(links.DAYS)) if choice == DATES else ()
    address.write({links.SPAN: [choice], links.DAYS: [str(day) for day in picked]})


def _write_against() -> None:
    address.write({links.AGAINST: [st.session_state[fresh_keys.key_of(links.AGAINST)]]})


def _draw_dates() -> None:
    picked = _picked(st.query_params.get_all(links.DAYS))
    st.date_input(
        "From and to",
        picked,
        max_value=_today(),
        key=fresh_keys.showing(_PICKED, picked),
        label_visibility="collapsed",
        format="YYYY-MM-DD",
        width=260,
        on_change=_write_days,
    )


def _write_days() -> None:
    picked = st.session_state[fresh_keys.key_of(_PICKED)]
    if isinstance(picked, tuple) and len(picked) == 2:  # between the two clicks of a range there is only its first day
        address.write({links.DAYS: [str(day) for day in picked]})


def _picked(texts: Sequence[str]) -> tuple[date, date]:
    """The first and the last day that the address says; two weeks where it does not, or not in dates."""
    today = _today()
    try:
        chosen = sorted(min(date.fromisoformat(text), today) for text in texts)
    except ValueError:
        chosen = []
    return (chosen[0], chosen[-1]) if chosen else (today - timedelta(days=13), today)


def _today() -> date:
    return datetime.now(zone(get_settings().timezone)).date()


def _period(choice: str, picked: tuple[date, date] | None) -> Period:
    settings = get_settings()
    if picked:
        first, last = picked
        return days(max(first, last - timedelta(days=LONGEST_DAYS)), last, settings.timezone)
    if choice == CYCLE:
        return cycle_span().period
    return last_days(LENGTHS[choice], settings.timezone)
