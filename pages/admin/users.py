"""Who uses how much and what it costs: how it is spread over the users, and all of them with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import streamlit as st

from llmtrack.ledger.periods import days
from llmtrack.ledger.query import Row
from pages.components import card, charts, empty_states, filters, formatting, links, queries, tables, tiles
from pages.components.conditions import both
from pages.components.insights.cost_tables import NOBODY, part
from pages.components.insights.trends import trend, trends
from pages.components.span import Span
from pages.components.tables import Column, Line, Order
from pages.components.viewer import require_admin

TOTALS = (
    *queries.MONEY, "users", "users_with_cost", "cost_per_user", "cost_per_user_p95", "generations_per_user",
    "cost_per_generation",
)  # fmt: skip
OF_EACH = ("cost", "generations", "unpriced", "simulated", "errors", "cost_per_generation")
OVER_TIME = ("cost_per_user", "generations_per_user", "users")
ORDERS = {"user", "generations", "cost_per_generation", "errors", "cost"}
LONG_DAYS = 40
"""A longer time is drawn by weeks in the rows."""
WEEK = 7
MOST_ATTRIBUTES = 2


def ordered(rows: Sequence[Row]) -> tuple[list[Row], Order]:
    """The users in the order that the address says, the dearest first where it says none; unknown values last."""
    text = st.query_params.get("order", "-cost")
    column = text.removeprefix("-")
    if column not in ORDERS:
        text, column = "-cost", "cost"
    valued = [row for row in rows if row[column] is not None]
    unknown = [row for row in rows if row[column] is None]
    valued.sort(key=lambda row: (row[column], row["generations"]), reverse=text.startswith("-"))

    def address(by: str) -> str | None:
        return links.here(order=by, page=None) if by.removeprefix("-") in ORDERS else None

    return [*valued, *unknown], Order(column, text.startswith("-"), address)


def costs_of(rows: Sequence[Row]) -> list[Decimal]:
    """What each user with a name costs, where that is known."""
    return [row["cost"] for row in rows if row["user"] and row["cost"] is not None]


def draw_tiles(totals: Row, rows: Sequence[Row], by_time: Sequence[Row], p95: Decimal | None) -> None:
    """The averages of users, and who is far above them."""
    axis = span.axis(span.grain)
    costs = costs_of(rows)
    calls = [row["generations"] for row in rows if row["user"]]
    week = Span(days(max(span.first, span.last - timedelta(days=WEEK - 1)), span.last, span.timezone), span.timezone)
    active = queries.ask(["users"], week, where=where).totals["users"]
    if p95 is not None:
        above = sum(cost > p95 for cost in costs)
        last = tiles.Tile(
            "Above P95", formatting.count(above), remark=f"more than {formatting.usd(p95)}",
            help="5 % of the users cost more than the 95th percentile, by nearest rank.",
        )  # fmt: skip
    else:
        dearest = max((row for row in rows if row["cost"] is not None), key=lambda row: row["cost"], default=None)
        last = tiles.Tile(
            "Dearest user", formatting.usd(dearest["cost"] if dearest else None),
            remark=dearest["user"] or NOBODY if dearest else "nobody's cost is known",
            href=links.user(dearest["user"]) if dearest else None,
            help=f"A 95th percentile takes {queries.PERCENTILE_USERS} users.",
        )  # fmt: skip
    tiles.draw(
        [
            tiles.Tile(
                "Cost per user, mean", formatting.usd(totals["cost_per_user"]),
                remark=f"median {formatting.usd(Decimal(median(costs)))}" if costs else "",
                trend=trend(by_time, axis, "cost_per_user"),
                help=f"Over {formatting.counted(len(costs), 'user')} whose cost is known.",
            ),
            tiles.Tile(
                "Calls per user, median", f"{median(calls):,.0f}" if calls else formatting.UNKNOWN,
                remark=f"mean {totals['generations_per_user']:,.0f}" if calls else "",
                trend=trend(by_time, axis, "generations_per_user"),
            ),
            tiles.Tile(
                "Users", formatting.count(totals["users"]),
                remark=f"{formatting.count(active)} in the last {WEEK} days",
                trend=trend(by_time, axis, "users"), help="Who made at least one call.",
            ),
            last,
        ]
    )  # fmt: skip


def draw_distribution(rows: Sequence[Row], totals: Row, p95: Decimal | None) -> None:
    """A dot for each user by cost, with median, mean and 95th percentile."""
    costs = costs_of(rows)
    dots = [
        charts.Dot(
            row["user"], float(row["cost"]), formatting.usd(row["cost"]), links.user(row["user"]),
            stands_out=p95 is not None and row["cost"] > p95,
        )
        for row in rows
        if row["user"] and row["cost"] is not None
    ]  # fmt: skip
    lines = []
    if costs:
        middle = Decimal(median(costs))
        lines = [
            charts.Line(f"median {formatting.usd(middle)}", float(middle)),
            charts.Line(f"mean {formatting.usd(totals['cost_per_user'])}", float(totals["cost_per_user"])),
        ]
    if p95 is not None:
        lines.append(charts.Line(f"P95 {formatting.usd(p95)}", float(p95), strong=True))
    with card.card("Cost per user", "each dot is a user"):
        charts.distribution(dots, lines, title="Cost", thing="user", alt_text=f"Cost per user, {span}")


def attributes_of(names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What `identify` told of these users."""
    from llmtrack.ledger import lists

    page = lists.users(
        queries.ledger(), since=span.period.since, until=span.period.until, timezone=span.timezone,
        where={"user": list(names)}, limit=tables.SIZE,
    )  # fmt: skip
    return {row.user: row.attributes for row in page.rows if row.user is not None}


def last_days(rows: Sequence[Row]) -> dict[str | None, date]:
    """The last day with a call of each user."""
    seen: dict[str | None, date] = {}
    for row in rows:
        if row["generations"]:
            seen[row["user"]] = max(row["day"].date(), seen.get(row["user"], date.min))
    return seen


def draw_table(rows: Sequence[Row], totals: Row, p95: Decimal | None) -> None:
    """All users, fifty on a page, with a line below those above the 95th percentile."""
    listed, order = ordered(rows)
    shown, pages = tables.window(listed)
    names = [row["user"] for row in shown if row["user"]]
    of_these = both(where, {"user": [row["user"] for row in shown]})
    grain = "week" if span.days > LONG_DAYS else "day"
    lines = trends(
        queries.ask(["cost"], span, by=[grain, "user"], where=of_these, fill=False), span.axis(grain), "cost", "user"
    )
    seen = last_days(queries.ask(["generations"], span, by=["day", "user"], where=of_these, fill=False).rows)
    feedback = queries.ask(["feedback_score"], span, by=["user"], where=of_these, fill=False)
    liked = {row["user"]: row["feedback_score"] for row in feedback}
    attributes = attributes_of(names) if names else {}
    keys = sorted({key for given in attributes.values() for key in given})[:MOST_ATTRIBUTES]
    table = [
        {
            **row, "user": row["user"] or NOBODY, "id": row["user"], "share": part(row, totals),
            "line": lines.get(row["user"]), "seen": seen.get(row["user"]),
            "liked": None if liked.get(row["user"]) is None else formatting.percent(liked[row["user"]]),
            **{f"attribute {key}": attributes.get(row["user"] or "", {}).get(key) for key in keys},
        }
        for row in shown
    ]  # fmt: skip
    columns = [
        Column("user", "User", pinned=True, href=lambda row: links.user(row["id"])),
        *(Column(f"attribute {key}", formatting.heading(key), tone="muted", wide_only=True) for key in keys),
        Column("generations", "Calls", "count"),
        Column("errors", "Errors", "count", wide_only=True),
        Column("cost_per_generation", "Cost per call", "usd", wide_only=True),
        Column("line", f"By {grain}", "line", wide_only=True),
        Column(
            "liked", "Liked", "written", help="Of the answers somebody judged.", unknown="not judged", wide_only=True
        ),
        Column("seen", "Last seen", "seen", help="In this time.", wide_only=True),
        Column("share", "Share", "bar", wide_only=True),
        Column("cost", "Cost", "usd"),
    ]
    above = sum(row["cost"] is not None and p95 is not None and row["cost"] > p95 for row in listed if row["user"])
    after = above - (pages.first - 1 if pages else 0)
    line = None
    if p95 is not None and (order.column, order.descending) == ("cost", True) and 0 < after <= len(shown):
        verb = "user is" if above == 1 else "users are"
        line = Line(after, f"P95 {formatting.usd(p95)}", f"{formatting.count(above)} {verb} above")
    whole = {
        "user": "All users", "generations": totals["generations"], "errors": sum(row["errors"] for row in rows),
        "cost_per_generation": totals["cost_per_generation"], "share": part(totals, totals), "cost": totals["cost"],
    }  # fmt: skip
    with st.container(border=True):
        tables.table(table, columns, alt_text=f"Users, {span}", total=whole, order=order, pages=pages, line=line)


require_admin()
view = filters.head("Users", "users")
span, where = view.span, view.where

with st.skeleton(height=420):
    per_user = queries.ask(TOTALS, span, where=where)
    totals = per_user.totals
    if not totals["generations"]:
        empty_states.no_calls(span, where)
        st.stop()
    answer = queries.ask(OF_EACH, span, by=["user"], where=where, fill=False)
    over_time = queries.ask(OVER_TIME, span, by=[span.grain], where=where)
    p95 = totals["cost_per_user_p95"] if totals["users_with_cost"] >= queries.PERCENTILE_USERS else None
    card.sub(view.in_words, f"{formatting.counted(totals['users'], 'user')}, {queries.cost_text(totals)}.",
             *queries.cost_sentences(totals))  # fmt: skip
    draw_tiles(totals, answer.rows, over_time.rows, p95)
    queries.remark(per_user, answer)
draw_distribution(answer.rows, totals, p95)
draw_table(answer.rows, totals, p95)
