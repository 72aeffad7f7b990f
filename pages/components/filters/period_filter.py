"""Which stretch of time a page is about; kept in the address, so that a view can be bookmarked and sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import streamlit as st

from llmtrack.ledger.periods import Period, billing_cycle, days, last_days, zone
from llmtrack.settings import get_settings
from pages.components import formatting
from pages.components.charts.time_axis import TimeAxis, time_axis

LENGTHS = {"7 days": 7, "30 days": 30, "90 days": 90}
CYCLE, DATES = "Billing cycle", "Dates"
LONGEST_DAYS = 3 * 366
MOST_OPTIONS = 200


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of whole days in the time zone of the settings."""

    period: Period
    timezone: str

    @property
    def first(self) -> date:
        """The first day."""
        return self.period.since.date()

    @property
    def last(self) -> date:
        """The last day, included."""
        return (self.period.until - timedelta(microseconds=1)).date()

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def grain(self) -> str:
        """What one bar of a chart over time stands for, so that there are neither too few nor too many."""
        if self.days <= 2:
            return "hour"
        return "day" if self.days <= 100 else ("week" if self.days <= 400 else "month")

    def before(self) -> Span:
        """As many days, just before it."""
        return Span(
            days(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.timezone), self.timezone
        )

    def axis(self, grain: str) -> TimeAxis:
        """Each hour, day, week or month of it: the bars of a chart, the empty ones too."""
        return time_axis(self.period, grain, self.timezone, datetime.now(zone(self.timezone)))

    def __str__(self) -> str:
        return formatting.span(self.first, self.last)


def choose_span(default: str = "30 days") -> Span:
    """The control for the time span, and what is chosen in it."""
    settings = get_settings()
    with st.container(horizontal=True, vertical_alignment="bottom"):
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


def choose_where(span: Span, dimensions: Sequence[str]) -> dict[str, list[str]]:
    """Controls that narrow a page down to some models, users, …; what is chosen, as a question's `where`."""
    from pages.components import queries

    where: dict[str, list[str]] = {}
    with st.container(horizontal=True):
        for name in dimensions:
            found = queries.ask(["generations"], span, by=[name], order="-generations", limit=MOST_OPTIONS, fill=False)
            chosen = st.multiselect(
                name.capitalize(),
                [row[name] for row in found.rows if row[name]],
                key=f"{name}s",
                bind="query-params",
                placeholder=f"Every {name}",
                label_visibility="collapsed",
                # The list holds the most active; a name further down can be typed.
                accept_new_options=True,
                width=165,
            )
            if chosen:
                where[name] = chosen
    return where


def join_repeated(key: str, separator: str) -> None:
    """Make one text of a parameter that stands in the address more than once: a text box would take the last of them.

    To be called before the box is drawn.
    """
    values = st.query_params.get_all(key)
    if len(values) > 1 and key not in st.session_state:
        st.query_params[key] = separator.join(values)
        st.rerun()  # a box reads the address as it was when the run began


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
