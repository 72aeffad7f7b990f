"""Queries of the ledger: any metric, by any dimensions, over any period, under any filters.

    result = ask(ledger, ["cost", "generations"], by=["day", "model"], since=…, until=…, timezone="Europe/Berlin",
                 where={"user": "alice"})
    for row in result: row["day"], row["model"], row["cost"]

`METRICS` and `DIMENSIONS` are all there are, described in ``docs/metrics.md``. Rollups answer where they can, rows
where they must, and `QueryResult.explain` says which; a query that has to read many rows is refused with the reason
unless `max_rows` allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import Cancel, Cancelled
from llmtrack.ledger.query.catalog import DIMENSIONS, METRIC_GROUPS, METRICS
from llmtrack.ledger.query.measures import Dimension, Metric
from llmtrack.ledger.query.query import Filter, Query, Where, make_query, parse_filters
from llmtrack.ledger.query.result import MONEY, Money, QueryResult, Row, money
from llmtrack.ledger.query.runner import MAX_ROWS, TooManyRows, run
from llmtrack.ledger.query.top_values import OTHERS
from llmtrack.settings import get_settings

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

Answer = QueryResult
"""The former name of `QueryResult`."""

__all__ = [
    "DIMENSIONS",
    "MAX_ROWS",
    "METRICS",
    "METRIC_GROUPS",
    "MONEY",
    "OTHERS",
    "Answer",
    "Cancel",
    "Cancelled",
    "Dimension",
    "Filter",
    "Metric",
    "Money",
    "Query",
    "QueryResult",
    "Row",
    "TooManyRows",
    "ask",
    "make_query",
    "money",
    "parse_filters",
]


def ask(
    ledger: Ledger,
    metrics: str | Sequence[str],
    by: str | Sequence[str] = (),
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str | None = None,
    anchor_day: int | None = None,
    where: Where | None = None,
    order: str | None = None,
    limit: int | None = None,
    fill: bool = True,
    top: int | Sequence[str | int | None] | None = None,
    max_rows: int | None = MAX_ROWS,
    cancel: Cancel | None = None,
) -> QueryResult:
    """The metrics of the calls made, grouped by time and dimensions.

    `metrics` are names from `METRICS`, or formulas such as ``"cost / messages"``. `by` holds at most one length of time
    (``hour``, ``day``, ``week``, ``month``, ``cycle``) and any dimensions. `since` belongs to the period and `until`
    does not; a naive datetime or a date is read on the clocks of `timezone`, and None is the first or the latest
    generation. `timezone` (an IANA name) and `anchor_day` (the day of the month, 1 to 31, that a ``cycle`` starts on)
    are those of the settings unless given, as on the pages and in the terminal. `where` is
    ``{"user": "alice", "operation": ["chat", "embeddings"], "feature": None}`` or a list of `Filter`. `order` names a
    column, after ``-`` the largest first; without it rows are in the order of `by`. With `fill`, buckets of time
    without generations have rows too. `top` keeps so many values of the first dimension, those with the most of the
    first metric, or the values it names; the rest are one, called `OTHERS`, with metrics of its own.

    Raises ValueError for a metric, dimension, period or order that there is not, `TooManyRows` where more than
    `max_rows` generations would have to be read (None: never), and `Cancelled` once `cancel` was called.
    """
    if timezone is None:
        timezone = get_settings().timezone
    if anchor_day is None:
        anchor_day = get_settings().billing_anchor_day
    query = make_query(
        metrics, by, since=since, until=until, timezone=timezone, anchor_day=anchor_day,
        where=where, order=order, limit=limit, fill=fill, top=top,
    )  # fmt: skip
    return run(ledger, query, max_rows=max_rows, cancel=cancel)
