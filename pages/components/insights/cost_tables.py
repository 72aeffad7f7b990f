"""Tables of whom and what a cost is made of: the dearest users or models, the rest, and the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from llmtrack.ledger.query import QueryResult, Row, Where
from pages.components import links, queries, tables
from pages.components.charts import colours
from pages.components.conditions import both
from pages.components.insights.trends import trends
from pages.components.span import Span
from pages.components.tables import Column

NOBODY = "no user given"
MILLION = 1_000_000


def dearest(rows: Sequence[Row], most: int | None = None) -> list[Row]:
    """The rows by cost; `most` of them, unless that would leave one out alone."""
    ordered = sorted(rows, key=lambda row: (-(row["cost"] or 0), -row["generations"]))
    return ordered if most is None or len(ordered) <= most + 1 else ordered[:most]


def part(row: Mapping[str, Any], totals: Mapping[str, Any]) -> float | None:
    """The share of the whole cost; None where one of the two is unknown."""
    return float(row["cost"] / totals["cost"]) if row["cost"] is not None and totals["cost"] else None


def per_million(row: Mapping[str, Any]) -> Decimal | None:
    """Dollars per million tokens; None where one of the two is unknown."""
    return MILLION * row["cost"] / row["total_tokens"] if row["cost"] is not None and row["total_tokens"] else None


def total(key: str, title: str, totals: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the whole."""
    named = {
        key: title, "generations": totals["generations"], "total_tokens": totals["total_tokens"],
        "cost": totals["cost"], "per_million": per_million(totals),
    }  # fmt: skip
    return named | ({"share": 1.0} if totals["cost"] else {})


def rest(key: str, rows: Sequence[Row], totals: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of those that are not listed; what is unknown of some of them is left out."""
    if not rows:
        return None
    costs = [row["cost"] for row in rows if row["cost"] is not None]
    tokens = [row["total_tokens"] for row in rows if row["total_tokens"] is not None]
    summed = {
        "generations": sum(row["generations"] for row in rows),
        "total_tokens": sum(tokens) if tokens else None,
        "cost": sum(costs, Decimal(0)) if costs else None,
    }
    return {key: f"{len(rows)} more", **summed, "share": part(summed, totals)}


def users(span: Span, totals: Row, answer: QueryResult, *, where: Where, most: int) -> None:
    """The dearest users, each with its tokens and its cost over the time.

    `answer` has ``cost`` and ``generations`` of one more than the `most` dearest, where there are so many.
    """
    listed = list(answer.rows[: most if answer.cut else most + 1])
    listed_only = both(where, {"user": [row["user"] for row in listed]})
    metrics = ["cost", "total_tokens"]
    by_time = queries.ask(metrics, span, by=[span.grain, "user"], where=listed_only, fill=False) if listed else ()
    lines = trends(by_time, span.axis(span.grain), "cost", "user")
    tokens: dict[str | None, int] = {}
    for row in by_time:
        if row["total_tokens"] is not None:
            tokens[row["user"]] = tokens.get(row["user"], 0) + row["total_tokens"]
    columns = [
        Column("user", "User", pinned=True, href=lambda row: links.user(row["id"])),
        Column("generations", "Calls", "count"),
        Column("total_tokens", "Tokens", "tokens", wide_only=True),
        Column("line", f"Per {span.grain}", "line", wide_only=True),
        Column("share", "Share", "bar", wide_only=True),
        Column("cost", "Cost", "usd"),
    ]
    rows = [
        {
            **row, "user": row["user"] or NOBODY, "id": row["user"], "share": part(row, totals),
            "line": lines.get(row["user"]) if row["user"] else None, "total_tokens": tokens.get(row["user"]),
        }
        for row in listed
    ]  # fmt: skip
    left = len(answer.rows) + answer.cut - len(listed)
    tables.table(
        rows, columns, alt_text=f"Users by cost, {span}", total=total("user", "All users", totals),
        rest=remainder("user", left, rows, totals) if left else None,
    )  # fmt: skip


def remainder(key: str, left: int, listed: Sequence[Mapping[str, Any]], totals: Row) -> dict[str, Any]:
    """The row of the `left` ones that are not listed: the whole less those that are."""

    def less(name: str) -> Any:
        if totals[name] is None:
            return None
        return totals[name] - sum(row[name] for row in listed if row[name] is not None)

    summed = {name: less(name) for name in ("generations", "total_tokens", "cost")}
    return {key: f"{left:,} more", **summed, "share": part(summed, totals)}


def models(span: Span, totals: Row, answer: Sequence[Row], *, most: int) -> None:
    """The dearest models, in their colours."""
    listed = dearest(answer, most)
    of_model = colours.css("model", (row["model"] or "" for row in listed))
    columns = [
        Column(
            "model", "Model", "model", pinned=True, href=lambda row: links.model(row["id"]),
            colour=lambda row: of_model[row["id"] or ""],
        ),
        Column("generations", "Calls", "count"),
        Column("per_million", "Per 1M tokens", "usd", wide_only=True, alike="price"),
        Column("share", "Share", "bar", colour=lambda row: of_model[row["id"] or ""], wide_only=True),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    rows = [
        {
            **row, "model": queries.model_name(row), "id": row["model"], "per_million": per_million(row),
            "share": part(row, totals),
        }
        for row in listed
    ]  # fmt: skip
    tables.table(
        rows, columns, alt_text=f"Models by cost, {span}", total=total("model", "All models", totals),
        rest=rest("model", dearest(answer)[len(listed) :], totals),
    )  # fmt: skip
