"""The numbers of the usage page, with the installation's markup on every amount."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from llmtrack.billing.amounts import with_markup
from llmtrack.billing.cycles import cycle_at
from llmtrack.billing.forecasts import Forecast, TooLittle, forecast
from llmtrack.ledger.metrics import MAX_ROWS, TooManyRows, ask
from llmtrack.ledger.periods import days, from_micros, start_of_day, to_micros
from llmtrack.ledger.query import Where
from llmtrack.settings import get_settings
from pages.components import formatting, queries
from pages.components.span import Span
from pages.components.usage.choice import Time
from pages.components.viewer import require_numbers

HISTORY_DAYS = 100
"""What a forecast is made from."""
SUMS = (
    "generations", "messages", "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cost", "unpriced",
    "estimated", "simulated", "simulated_cost", "api_equivalent", "api_equivalent_cost", "answer_duration",
    "timed_answers", "errors", "cancelled",
)  # fmt: skip
"""Metrics of the tables: their parts add up."""
DAILY = ("cost", "messages", "generations", "input_tokens", "total_tokens", "cache_read_tokens",
         "total_time_to_first_token", "first_tokens")  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """The days up to today, and what they say about this time and the one before."""

    cost: Mapping[date, Decimal]
    """What each day cost, without markup; what is unknown is missing."""
    messages: Mapping[date, int]

    def sums(self, first: date, count: int) -> tuple[Decimal | None, int]:
        """Cost (with markup) and messages of `count` days from `first` on; no cost where none of it is known."""
        wanted = [first + timedelta(days=n) for n in range(count)]
        costs = [self.cost[day] for day in wanted if day in self.cost]
        return charged(sum(costs, Decimal(0)) if costs else None), sum(self.messages.get(day, 0) for day in wanted)


def charged(cost: Decimal | None) -> Decimal | None:
    """An amount of the ledger, which is in list dollars, with the markup."""
    return None if cost is None else with_markup(cost, get_settings().billing_markup_percent)


def priced_as() -> str:
    """In which prices the page's amounts are."""
    percent = get_settings().billing_markup_percent
    more = f" plus {format(percent.normalize(), 'f')}{formatting.NARROW}% markup" if percent else ""
    return f"List prices{more} in US dollars."


def read_past(time: Time, where: Mapping[str, Any]) -> Past | None:
    """The last days, at least those of this time and the one before; None where that would read too many rows."""
    require_numbers(where)
    first = min(time.today - timedelta(days=HISTORY_DAYS), time.before().first)
    period = days(first, max(first, min(time.today, time.span.last)), time.span.timezone)
    try:
        result = ask(
            queries.ledger(), ["cost", "messages", "generations"], ["day"], since=period.since, until=period.until,
            timezone=time.span.timezone, where=where, max_rows=MAX_ROWS,
        )  # fmt: skip
    except TooManyRows:
        return None
    return Past(
        {row["day"].date(): row["cost"] for row in result if row["cost"] is not None},
        {row["day"].date(): row["messages"] for row in result},
    )


def read_forecast(time: Time, past: Past | None, cost: Decimal | None) -> Forecast | TooLittle | None:
    """What the running cycle will have cost, without markup; None where it does not run, or would read too much."""
    if not time.running or past is None or time.cycle is None:
        return None
    timezone, anchor = time.span.timezone, get_settings().billing_anchor_day
    first = min(past.cost, default=time.today)
    history = [
        (day, _nano(past.cost.get(day)))
        for day in (first + timedelta(days=n) for n in range((time.today - first).days))
    ]
    begun = start_of_day(time.today, timezone)
    elapsed = (to_micros(time.now) - begun) / (start_of_day(time.today + timedelta(days=1), timezone) - begun)

    def cycle_end(day: date) -> date:
        return cycle_at(from_micros(start_of_day(day, timezone)), anchor_day=anchor, timezone=timezone).last

    return forecast(
        history, today=time.today, elapsed=elapsed, spent=_nano(cost), last=time.span.last, cycle_end=cycle_end
    )


def _nano(cost: Decimal | None) -> int:
    return 0 if cost is None else int(cost.scaleb(9))


def read_parts(by: Sequence[str], spans: Iterable[Span], where: Where) -> list[dict[str, Any]]:
    """The sums of each part over all these times, markup included; rows of several times are added up."""
    parts: dict[tuple[Any, ...], dict[str, Any]] = {}
    for span in spans:
        for row in queries.ask(SUMS, span, by=by, where=where, fill=False).rows:
            if row["generations"]:
                key = tuple(row[name] for name in by)
                parts[key] = added(parts[key], row) if key in parts else dict(row)
    return [with_charges(row) for row in parts.values()]


def with_charges(row: Row) -> dict[str, Any]:
    """The row with its markup, and its average time."""
    timed = row["timed_answers"]
    duration = row["answer_duration"] / timed if timed and row["answer_duration"] is not None else None
    cost = row["cost"]
    if cost is None and queries.only_simulated(row):  # type: ignore[arg-type]
        cost = Decimal(0)
    return {**row, "list_cost": cost, "cost": charged(cost), "duration": duration}


def added(row: Row, more: Row) -> dict[str, Any]:
    """Two rows added up; what is unknown in one of them is what is known of the other."""
    return {name: _sum(value, more[name]) if name in SUMS else value for name, value in row.items()}


def total_of(rows: Sequence[Row]) -> dict[str, Any]:
    """All rows added up: the markup is that of the sum, which the sum of the rows' may miss by some nano-dollars."""
    total: dict[str, Any] = {}
    for name in SUMS:
        value = None
        for row in rows:
            value = _sum(value, row["list_cost" if name == "cost" else name])
        total[name] = value
    return total | {"list_cost": total["cost"], "cost": charged(total["cost"])}


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other
