"""The running total of a billing cycle: what was spent, what is expected, and the range it should end in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import formatting
from pages.components.charts.encoding import HEIGHT, padding, time_x, token, value_axis
from pages.components.charts.time_axis import TimeAxis

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True, slots=True)
class Step:
    """The total at the end of a day."""

    day: date
    total: Decimal
    low: Decimal | None = None
    """The ends of the range of what is expected; None of what was spent."""
    high: Decimal | None = None


def draw(
    spent: Sequence[Step], expected: Sequence[Step], axis: TimeAxis, *, limit: Decimal | None, alt_text: str
) -> None:
    """The chart. `spent` ends with today, `expected` begins with it."""
    import altair as alt
    import pandas as pd

    highest = [step.high or step.total for step in (*spent, *expected)]
    top = float(max([*highest, limit or Decimal(0)], default=Decimal(0))) or 1.0
    y = alt.Y("value:Q", title=None, axis=value_axis(top, "usd"), scale=alt.Scale(domain=[0, top]))
    x = time_x(axis, bars=False)
    tips = [alt.Tooltip("when:N", title="Day"), alt.Tooltip("text:N", title="Total")]
    chart: Any = None
    if expected:
        band = alt.Chart(pd.DataFrame(_rows(expected, axis))).mark_area(color=token("accent"), opacity=0.14)
        chart = band.encode(x=x, y=y, y2="above:Q")
        dots = alt.Chart(pd.DataFrame(_rows(expected, axis, total=True)))
        chart += dots.mark_line(strokeDash=[2, 3], color=token("accent"), strokeWidth=2).encode(x=x, y=y, tooltip=tips)
        chart += dots.mark_point(size=120, opacity=0).encode(x=x, y=y, tooltip=tips)
    if spent:
        rows = pd.DataFrame(_rows(spent, axis, total=True))
        line = alt.Chart(rows)
        drawn = line.mark_line(color=token("accent"), strokeWidth=2.2).encode(x=x, y=y)
        chart = drawn if chart is None else chart + drawn
        chart += line.mark_point(size=120, opacity=0).encode(x=x, y=y, tooltip=tips)
        chart += _today(rows, x, y)
    if limit is not None:
        rule = alt.Chart(pd.DataFrame([{"value": float(limit), "label": f"limit {formatting.usd(limit)}"}]))
        chart += rule.mark_rule(strokeDash=[4, 3], color=token("text")).encode(y=y)
        chart += rule.mark_text(align="left", dx=4, dy=-7, fontSize=12, color=token("text")).encode(
            x=alt.value(0), y=y, text="label:N"
        )
    if chart is not None:
        st.altair_chart(chart.properties(height=HEIGHT, padding=padding(12)), alt=alt_text)


def _today(rows: Any, x: alt.X, y: alt.Y) -> Any:
    """A dot at the end of what was spent, with the total."""
    import altair as alt

    last = alt.Chart(rows.tail(1))
    dot = last.mark_point(size=55, filled=True, opacity=1, color=token("accent")).encode(x=x, y=y)
    text = last.mark_text(align="right", dx=-6, dy=-10, fontSize=12, fontWeight=600, color=token("accent"))
    return dot + text.encode(x=x, y=y, text="text:N")


def _rows(steps: Sequence[Step], axis: TimeAxis, *, total: bool = False) -> list[dict[str, Any]]:
    slots = {slot.period.since.date(): slot for slot in axis}
    rows = []
    for step in steps:
        slot = slots.get(step.day)
        if slot is None:
            continue
        value = step.total if total or step.low is None else step.low
        text = formatting.usd(step.total)
        if step.low is not None and step.high is not None:
            text += f" ({formatting.usd(step.low)} \N{EN DASH} {formatting.usd(step.high)})"
        rows.append(
            {
                "place": slot.place, "when": slot.title, "value": float(value), "text": text,
                "above": float(step.total if step.high is None else step.high),
            }
        )  # fmt: skip
    return rows
