"""The control for the time a page is about; kept in the address, so that a view can be bookmarked and sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import streamlit as st

from llmtrack.ledger.periods import Period, billing_cycle, days, last_days, zone
from llmtrack.settings import get_settings
from pages.components.span import Span

LENGTHS = {"7 days": 7, "30 days": 30, "90 days": 90}
CYCLE, DATES = "Billing cycle", "Dates"
LONGEST_DAYS = 3 * 366


def choose_span(default: str = "30 days") -> Span:
    """The control for the time span, and what is chosen in it."""
    settings = get_settings()
    # Not beside each other: on a phone the control has a second line for what does not fit, but not in a row.
    choice = st.segmented_control(
        "Time span",
        [*LENGTHS, CYCLE, DATES],
        default=default,
        required=True,
        key="span",
        bind="query-params",
        label_visibility="collapsed",
    )
    picked = _choose_days(settings.timezone) if choice == DATES else None
    span = Span(_period(choice or default, picked), settings.timezone)
    st.caption(f"{span} · {settings.timezone}")
    return span


def cycle_span(back: int = 0) -> Span:
    """The billing cycle that runs now, or one before it."""
    settings = get_settings()
    cycle = billing_cycle(anchor_day=settings.billing_anchor_day, timezone=settings.timezone, back=back)
    return Span(cycle, settings.timezone)


def _choose_days(timezone: str) -> tuple[date, ...]:
    today = datetime.now(zone(timezone)).date()
    chosen = st.date_input(
        "From and to",
        value=(today - timedelta(days=13), today),
        max_value=today,
        key="days",
        bind="query-params",
        label_visibility="collapsed",
        format="YYYY-MM-DD",
        width=260,
    )
    # Between the two clicks of a range there is only its first day.
    return chosen if isinstance(chosen, tuple) else (chosen,)


def _period(choice: str, picked: tuple[date, ...] | None) -> Period:
    settings = get_settings()
    if picked:
        first, last = picked[0], picked[-1]
        return days(max(first, last - timedelta(days=LONGEST_DAYS)), last, settings.timezone)
    if choice == CYCLE:
        return cycle_span().period
    return last_days(LENGTHS.get(choice, 30), settings.timezone)
