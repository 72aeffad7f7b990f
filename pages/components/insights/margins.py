"""What users bring in, what they cost, and what is left: the lowest margins first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from llmtrack.ledger.engagement import revenues, within
from llmtrack.ledger.query import Row, Where
from pages.components import card, empty_states, formatting, links, queries, tables
from pages.components.span import Span
from pages.components.tables import Column

MOST = 8
HELP = "The attribute revenue of identify is what a user brings in a month, and 30 days count as one."


def draw(span: Span, where: Where, everybody: Callable[[], Sequence[Row]]) -> None:
    """A card with those users whose revenue is known; `everybody` gives rows with ``user`` and ``cost`` of all."""
    monthly = revenues(queries.ledger())
    with card.card("Revenue, cost and margin", "lowest margin first"):
        if not monthly:
            empty_states.note('What users bring in is not known: llmtrack.identify("alice", revenue=20) tells it.')
            return
        users = everybody()
        rows = of_each(users, {user: within(amount, span.days) for user, amount in monthly.items()})
        if not rows:
            empty_states.note("No user of this time has a revenue.")
            return
        columns = [
            Column("user", "User", pinned=True, href=lambda row: links.user(row["user"])),
            Column("revenue", "Revenue", "usd", alike="money", help=HELP),
            Column("cost", "Cost", "usd", alike="money"),
            Column("part", "Of revenue", "share", wide_only=True, unknown="no revenue"),
            Column("left", "Margin", "written", tone=lambda row: row["tone"], help="Revenue less cost."),
        ]
        tables.table(rows[:MOST], columns, alt_text=f"Revenue, cost and margin, {span}", total=_whole(rows),
                     rest=_rest(rows[MOST:]))  # fmt: skip
        unknown = [row for row in users if row["user"] and row["user"] not in monthly]
        if unknown:
            cost = sum((row["cost"] for row in unknown if row["cost"] is not None), Decimal(0))
            counted = formatting.counted(len(unknown), "user")
            empty_states.note(
                f"Without {counted} whose revenue is unknown, who cost {formatting.usd(cost)}.".replace("$", "\\$")
            )
        if where:
            empty_states.note("Cost of the calls the filters let through, against all of the revenue.")


def of_each(users: Sequence[Row], revenue: Any) -> list[dict[str, Any]]:
    """A row for each user with a revenue, the lowest margin first; unknown where the cost is."""
    rows = []
    for row in users:
        if row["user"] not in revenue:
            continue
        brought, cost = revenue[row["user"]], row["cost"]
        margin = None if cost is None else brought - cost
        rows.append({
            "user": row["user"], "revenue": brought, "cost": cost, "margin": margin, **_written(margin),
            "part": float(cost / brought) if brought and cost is not None else None,
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["margin"] is None, row["margin"] or Decimal(0)))


def _written(margin: Decimal | None) -> dict[str, Any]:
    text = None if margin is None else formatting.usd_with(margin, 2)
    return {"left": text, "tone": "bad" if margin is not None and margin < 0 else ""}


def _sums(rows: Sequence[Any]) -> dict[str, Any]:
    costed = [row for row in rows if row["margin"] is not None]
    revenue = sum((row["revenue"] for row in costed), Decimal(0))
    cost = sum((row["cost"] for row in costed), Decimal(0))
    part = float(cost / revenue) if revenue else None
    return {"revenue": revenue, "cost": cost, "part": part, **_written(revenue - cost if costed else None)}


def _whole(rows: Sequence[Any]) -> dict[str, Any]:
    return {"user": "All of them", **_sums(rows)}


def _rest(rows: Sequence[Any]) -> dict[str, Any] | None:
    return {"user": f"{len(rows)} more", **_sums(rows)} if rows else None
