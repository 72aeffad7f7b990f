"""The users above the 95th percentile of cost: what they have in common, and whether it is usage or price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from llmtrack.ledger import engagement, intervals
from llmtrack.ledger.query import Filter, Row, Where, stored_keys
from pages.components import card, empty_states, formatting, links, long_query, queries, tables
from pages.components.conditions import both, dimension_name, value_name
from pages.components.engagement import side_by_side
from pages.components.span import Span
from pages.components.tables import Column

ALWAYS = ("feature", "model", "group")
MOST_ATTRIBUTES, MOST_ROWS = 3, 12
MOST_NAMED = 3
MOSTLY = 2 / 3
"""The share of the difference from which on one of the two is named as what makes it."""


def draw(span: Span, where: Where, rows: Sequence[Row], p95: Decimal) -> None:
    """A card with one sentence and two tables; `rows` are all users with ``cost``, ``generations`` and ``user``."""
    named = [row for row in rows if row["user"] and row["cost"] is not None]
    above = [row for row in named if row["cost"] > p95]
    rest = [row for row in named if row["cost"] <= p95]
    if not above or not rest:
        return
    with card.card("Above P95: what they share", f"{formatting.counted(len(above), 'user')} against the rest"):
        card.note(_sentence(above, rest))
        names = [str(row["user"]) for row in above]
        table = common_values(span, where, names, len(above), len(rest))
        tables.table(table, _columns(), alt_text="What the users above P95 have in common")
        if not any(row["meaning"].startswith("95") for row in table):
            empty_states.note("Counts of these users; with so few of them nothing is said about others.")
        _draw_money(span, where, names)


def _sentence(above: Sequence[Row], rest: Sequence[Row]) -> str:
    cost, others = sum(row["cost"] for row in above), sum(row["cost"] for row in rest)
    calls, other_calls = sum(row["generations"] for row in above), sum(row["generations"] for row in rest)
    who = "Together"
    if len(above) <= MOST_NAMED:
        who = ", ".join(links.anchor(row["user"], links.user(row["user"])) for row in above)
    text = (
        f"{who}: {formatting.usd(cost)}, {formatting.percent(cost, cost + others)} of the cost of all named users. "
        f"{calls / len(above):,.0f} calls each at {formatting.usd(cost / calls)} a call, the rest "
        f"{other_calls / len(rest):,.0f} at {formatting.usd(others / other_calls)}"
    )
    by_usage = usage_share(calls / len(above), other_calls / len(rest), cost / calls, others / other_calls)
    if by_usage is None:
        return f"{text}."
    if by_usage >= MOSTLY:
        why = "it is how much they use"
    elif by_usage <= 1 - MOSTLY:
        why = "it is how dear their calls are"
    else:
        why = "it is both how much they use and how dear their calls are"
    return f"{text}: {why}."


def usage_share(calls: float, other_calls: float, price: Decimal, other_price: Decimal) -> float | None:
    """How much of the ratio of two costs per user is calls per user; the rest is cost per call. None where unknown.

    The costs are products of the two, so their ratio is one, and logarithms part it: below 0 usage works against it.
    """
    if min(calls, other_calls, float(price), float(other_price)) <= 0:
        return None
    usage, whole = math.log(calls / other_calls), math.log(calls * float(price) / (other_calls * float(other_price)))
    return usage / whole if whole else None


def common_values(span: Span, where: Where, names: Sequence[str], above: int, rest: int) -> list[dict[str, Any]]:
    """Values of attributes, features, models and teams that more of them have than of the rest, the largest first."""
    attributes = [key for key in stored_keys(queries.ledger()) if key.startswith("user.")][:MOST_ATTRIBUTES]
    rows: list[dict[str, Any]] = []
    for dimension in (*attributes, *ALWAYS):
        everybody = _users(span, where, dimension)
        theirs = _users(span, both(where, {"user": list(names)}), dimension)
        for value, users in everybody.items():
            if value is None:
                continue
            have = len(theirs.get(value, ()))
            others = len(users) - have
            difference = intervals.difference_of_shares(have, above, others, rest)
            if difference is None or difference.value <= 0:
                continue
            rows.append(
                {
                    "what": f"{dimension_name(dimension).removeprefix('user.')}: {value_name(value, dimension)}",
                    "above": f"{have} of {above}", "share": have / above,
                    "rest": f"{others} of {rest}", "rest_share": others / rest,
                    "difference": difference.value,
                    "meaning": side_by_side.meaning(difference, (above, rest), "ratio"),
                    "href": links.address("users", [Filter(dimension, (value,))]),
                }
            )  # fmt: skip
    rows.sort(key=lambda row: (not row["meaning"].startswith("95"), -row["difference"], row["what"]))
    return rows[:MOST_ROWS]


def _users(span: Span, where: Where, dimension: str) -> Mapping[str | None, set[int]]:
    given = {"since": span.period.since, "until": span.period.until, "timezone": span.timezone, "where": where}
    work = partial(engagement.users_by_value, queries.ledger(), dimension, **given)  # type: ignore[arg-type]

    def bounded(freely: bool, cancel: Any) -> Mapping[str | None, set[int]]:
        return work(max_rows=None if freely else queries.MAX_ROWS, cancel=cancel)

    return long_query.read(("above", span.first, span.last, where), bounded)


def _columns() -> list[Column]:
    return [
        Column("what", "More of them have", pinned=True, href=lambda row: row["href"]),
        Column("above", "Above P95", "written", wide_only=True),
        Column("share", "Share", "share"),
        Column("rest", "The rest", "written", wide_only=True),
        Column("rest_share", "Share", "share"),
        Column("meaning", "What it means", wide_only=True,
               tone=lambda row: "" if row["meaning"].startswith("95") else "muted"),
    ]  # fmt: skip


def _draw_money(span: Span, where: Where, names: Sequence[str]) -> None:
    """Where their money goes, by feature and model."""
    among = both(where, {"user": list(names)})
    theirs = queries.ask(("cost", "generations"), span, by=["feature", "model"], where=among, fill=False)
    whole = theirs.totals["cost"]
    rows = sorted((row for row in theirs.rows if row["cost"]), key=lambda row: -row["cost"])[:5]
    table = [
        {
            "what": f"{row['feature'] or 'no feature'} · {row['model'] or 'unknown model'}",
            "calls": row["generations"],
            "share": float(row["cost"] / whole) if whole else None, "cost": row["cost"],
            "href": links.calls(*among, Filter("feature", (row["feature"],)), Filter("model", (row["model"],))),
        }
        for row in rows
    ]  # fmt: skip
    columns = [
        Column("what", "What makes them dear", pinned=True, href=lambda row: row["href"]),
        Column("calls", "Calls", "count"),
        Column("share", "Share of their cost", "bar"),
        Column("cost", "Cost", "usd"),
    ]
    tables.table(table, columns, alt_text="What the users above P95 spend on")
