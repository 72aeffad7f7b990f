"""The charts of the usage page: each day in parts by model or feature, and the running total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from llmtrack.billing.forecasts import Forecast, TooLittle
from llmtrack.ledger.query import Row
from pages.components import card, charts, formatting, queries
from pages.components.charts import colours
from pages.components.links import here
from pages.components.usage import controls, running_total
from pages.components.usage.choice import Time, parameter
from pages.components.usage.headline import CycleLimit
from pages.components.usage.numbers import Past, charged

SHOWN = {"cost": "Cost", "messages": "Messages", "total_tokens": "Tokens"}
SPLIT = {"model": "by model", "feature": "by feature"}


def draw(
    time: Time, mine: Mapping[str, Any], totals: Mapping[str, Any], expected: Forecast | TooLittle | None,
    limit: CycleLimit | None,
) -> None:  # fmt: skip
    """The card with a bar for each day."""
    grain = time.span.grain
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            title = st.empty()
            with st.container(horizontal=True, width="content", gap="small"):
                split = controls.choose("Split", SPLIT, key="split")
                shown = controls.choose("Show", SHOWN, key="show")
        simulated = shown == "cost" and queries.only_simulated(totals)  # type: ignore[arg-type]
        metric, name = ("simulated_cost", "Simulated cost") if simulated else (shown, SHOWN[shown])
        with title:
            card.card_head(f"{name} per {grain}", SPLIT[split])
        with st.skeleton(height=charts.HEIGHT):
            answer = queries.ask([metric, "simulated"], time.span, by=[grain, split], where=mine)
            by_days = metric == "cost" and grain == "day"
            ahead = _ahead(time, expected) if by_days and isinstance(expected, Forecast) else ()
            charts.bars_over_time(
                [_point(row, grain, split, metric, answer.units[metric]) for row in answer.rows if row[metric]],
                time.span.axis(grain),
                title=name,
                unit=answer.units[metric],
                series=split.capitalize(),
                alt_text=f"{name} per {grain} {SPLIT[split]}, {time.span}",
                legend_href=lambda entry: _narrow(split, _value(entry)),
                expected=ahead,
                level=_pace(time, limit) if by_days else None,
            )
            if ahead:
                st.caption("In outline: expected days.")


def draw_total(
    time: Time, past: Past, totals: Mapping[str, Any], expected: Forecast | TooLittle | None,
    limit: CycleLimit | None,
) -> None:  # fmt: skip
    """The card with the running total, of a billing cycle."""
    with card.card("Running total", "and forecast" if isinstance(expected, Forecast) else "", stretch=True):
        spent = _spent(time, past)
        steps: list[running_total.Step] = []
        if isinstance(expected, Forecast):
            steps = [
                running_total.Step(
                    ahead.day, *(charged(part) or Decimal(0) for part in (ahead.total, ahead.low, ahead.high))
                )
                for ahead in expected.days
            ]
            if spent:
                now = spent[-1]
                steps = [running_total.Step(now.day, now.total, now.total, now.total), *steps[1:]]
        words = f"{formatting.usd(totals['cost'])} so far" if totals["cost"] is not None else "cost unknown"
        running_total.draw(
            spent, steps, time.span.axis("day"), limit=charged(limit.list_amount) if limit else None,
            alt_text=f"Running total, {time.span}: {words}",
        )  # fmt: skip


def _point(row: Row, grain: str, split: str, metric: str, unit: str) -> charts.Point:
    value = row[metric]
    if unit == "usd":
        value = charged(value)
    text = formatting.usd(value) if unit == "usd" else formatting.count(value)
    name = queries.model_name(row) if split == "model" else (row[split] or "not given")
    changes: dict[str, Any] = {split: parameter(row[split]), "page": None, "call": None, "hour": None}
    if grain == "day":
        changes["day"] = str(row["day"].date())
    return charts.Point(row[grain], name, float(value), text, here(**changes))


def _narrow(split: str, value: str) -> str:
    return here(**{split: value, "page": None, "call": None})


def _value(entry: str) -> str:
    """The parameter for an entry of the legend."""
    name = entry.removesuffix(colours.SIMULATED)
    return parameter(None) if name in ("not given", formatting.UNKNOWN) else name


def _ahead(time: Time, expected: Forecast) -> Sequence[charts.Point]:
    by_day = {slot.period.since.date(): slot.period.since for slot in time.span.axis("day")}
    points = []
    for ahead in expected.days[1:]:
        cost = charged(ahead.expected) or Decimal(0)
        if ahead.day in by_day and cost > 0:
            points.append(charts.Point(by_day[ahead.day], "expected", float(cost), formatting.usd(cost)))
    return points


def _pace(time: Time, limit: CycleLimit | None) -> tuple[float, str] | None:
    """What a day may cost for the limit to last to the end of the cycle."""
    if limit is None or time.cycle is None:
        return None
    pace = (charged(limit.list_amount) or Decimal(0)) / time.span.days
    return float(pace), f"limit {formatting.usd(pace)} a day"


def _spent(time: Time, past: Past) -> list[running_total.Step]:
    total, steps = Decimal(0), []
    last = min(time.span.last, time.today)
    for number in range((last - time.span.first).days + 1):
        day = time.span.first + timedelta(days=number)
        total += past.cost.get(day, Decimal(0))
        steps.append(running_total.Step(day, charged(total) or Decimal(0)))
    return steps
