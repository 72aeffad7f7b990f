"""How pages query the ledger: after what this server's own chat has recorded is in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from llmtrack.ledger import open_ledger
from llmtrack.ledger.query import MONEY as MONEY
from llmtrack.ledger.query import filters
from pages.components import formatting, long_query
from pages.components.links import address, anchor
from pages.components.span import Span
from pages.components.viewer import require_numbers

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.metrics import Cancel
    from llmtrack.ledger.query import QueryResult, Row, Where

MAX_ROWS = 200_000
"""Calls that a page reads one by one without asking first."""
CATCH_UP_SECONDS = 0.5
"""How long a page waits at most for the answers just given to be counted."""


def ledger() -> Ledger:
    """The ledger, with what this server's own chat has recorded. Raises `LedgerError` where it cannot be opened."""
    opened = open_ledger()
    if "llmtrack.capture.tracker" in sys.modules:
        import llmtrack

        llmtrack.flush(CATCH_UP_SECONDS)
    return opened


def ask(
    metrics: Sequence[str],
    span: Span,
    *,
    by: Sequence[str] = (),
    where: Where | None = None,
    **more: Any,
) -> QueryResult:
    """`llmtrack.ledger.metrics.ask` for a span of days, in its time zone.

    The page ends as if there were none where the viewer may not see what `where` selects. Where many rows have to be
    read, the page says so and ends here until somebody wants it.
    """
    from llmtrack.ledger import metrics as ledger_metrics

    require_numbers(where or {})
    about: dict[str, Any] = {
        "since": span.period.since, "until": span.period.until, "timezone": span.timezone, "where": filters(where),
    }  # fmt: skip
    opened = ledger()

    def work(freely: bool, cancel: Cancel | None) -> QueryResult:
        most = None if freely else ledger_metrics.MAX_ROWS
        return ledger_metrics.ask(opened, list(metrics), list(by), **about, **more, max_rows=most, cancel=cancel)

    return long_query.read(("ask", span.first, span.last, about["where"]), work)


def user_values(metrics: Sequence[str], span: Span, where: Where | None = None) -> Mapping[str, Sequence[Any]]:
    """For each metric the totals of all users with a name, as far as they are known, the smallest first; see `ask`."""
    from llmtrack.ledger.query import user_values as of_each

    require_numbers(where or {})
    opened, conditions = ledger(), filters(where)

    def work(freely: bool, cancel: Cancel | None) -> Mapping[str, Sequence[Any]]:
        return of_each(
            opened, metrics, since=span.period.since, until=span.period.until, timezone=span.timezone, where=conditions,
            max_rows=None if freely else MAX_ROWS, cancel=cancel,
        )  # fmt: skip

    return long_query.read(("user values", span.first, span.last, conditions), work)


def ask_briefly(
    metrics: Sequence[str], span: Span, *, by: Sequence[str] = (), where: Where | None = None, **more: Any
) -> QueryResult | None:
    """Like `ask`, for a part of a page: None where many calls would have to be read, and the rest of it goes on."""
    from llmtrack.ledger import metrics as ledger_metrics

    require_numbers(where or {})
    try:
        return ledger_metrics.ask(
            ledger(), list(metrics), list(by), since=span.period.since, until=span.period.until,
            timezone=span.timezone, where=where, **more,
        )  # fmt: skip
    except ledger_metrics.TooManyRows:
        return None


def count_calls(span: Span, where: Where | None = None) -> int | None:
    """How many calls a list has; None where they would have to be read one by one to know."""
    answer = ask_briefly(["generations"], span, where=where)
    return None if answer is None else int(answer.totals["generations"])


def remark(*answers: QueryResult) -> None:
    """Says what is not in these numbers because rows were deleted, each thing once."""
    for sentence in dict.fromkeys(sentence for answer in answers for sentence in answer.warnings):
        st.caption(f":material/info: {formatting.plain(sentence)}")


def text(answer: QueryResult, metric: str, row: Row | None = None) -> str:
    """A metric of a row (of the totals, without one) as people read it, by its unit."""
    value, unit = (row or answer.totals)[metric], answer.units[metric]
    show: dict[str, Callable[[Any], str]] = {
        "usd": formatting.usd,
        "seconds": formatting.seconds,
        "ratio": formatting.share,
    }
    return show.get(unit, formatting.compact)(value)


def cost_text(row: Row) -> str:
    """The real cost of a row. Where every call was simulated that is nothing at all, not unknown."""
    if row["cost"] is None and row["generations"] and row["simulated"] == row["generations"]:
        return formatting.usd(Decimal(0))
    return formatting.usd(row["cost"])


def cost_remarks(row: Row) -> str:
    """What to know about the cost of a row: how many calls have no price, and what simulated ones would have cost."""
    remarks = [formatting.unpriced(row["unpriced"], row["generations"])]
    if row["simulated"]:
        calls = formatting.counted(row["simulated"], "simulated call")
        remarks.append(f"apart from it: {formatting.usd(row['simulated_cost'])} simulated cost of {calls}")
    if row.get("api_equivalent"):
        calls = formatting.counted(row["api_equivalent"], "call")
        remarks.append(f"apart from it: {formatting.usd(row['api_equivalent_cost'])} of {calls} paid by subscription")
    return " · ".join(remark for remark in remarks if remark)


def cost_sentences(row: Row, *, link: bool = True) -> list[str]:
    """What `cost_remarks` tells, in sentences of HTML for the line under a title; `link` to prices, for admins."""
    sentences = []
    if row["unpriced"]:
        way = anchor("have no price", address("prices") if link else None)
        calls = formatting.counted(row["generations"], "call")
        sentences.append(f"Cost without {formatting.count(row['unpriced'])} of {calls} that {way}.")
    if row["simulated"]:
        calls = formatting.counted(row["simulated"], "simulated call")
        sentences.append(f"Apart from it {calls}, which would have cost {formatting.usd(row['simulated_cost'])}.")
    if row.get("api_equivalent"):
        calls = formatting.counted(row["api_equivalent"], "call")
        amount = formatting.usd(row["api_equivalent_cost"])
        sentences.append(f"Apart from it {calls} paid by subscription, which the API would have charged {amount} for.")
    return sentences


def only_simulated(row: Row) -> bool:
    """Whether there is nothing but simulated cost to show."""
    return bool(row["simulated"]) and row["simulated"] == row["generations"]


def model_name(row: Row) -> str:
    """A model as charts and tables name it; simulated ones say so."""
    name = row["model"] or formatting.UNKNOWN
    return f"{name} (simulated)" if row["simulated"] else name


PERCENTILE_USERS = 20
"""Below so many users their 95th percentile, by nearest rank, is simply the highest."""


def cost_per_user_p95(cost: Decimal | None, users: int) -> tuple[str, str, str]:
    """The card of the 95th percentile of cost over `users`, those whose cost is known: label, value, help."""
    value = formatting.usd(cost)
    if users >= PERCENTILE_USERS:
        label = f"p95 cost, {formatting.counted(users, 'user')}"
        return label, value, f"95 % of the {formatting.counted(users, 'user')} cost at most this."
    most = "What the dearest user cost." if users else "Nobody's cost is known."
    label = f"Highest of {formatting.counted(users, 'user')}"  # a phone has room for no more
    return label, value, f"{most} A 95th percentile takes {PERCENTILE_USERS} users."


def metric_cards(cards: Sequence[tuple[str, str, str | None]]) -> None:
    """A row of numbers: (label, value, help), as many beside each other as fit."""
    with st.grid(min(4, len(cards)), min_column_width=150):
        for label, value, help_text in cards:
            st.metric(label, value, help=help_text, border=True, height="stretch")
