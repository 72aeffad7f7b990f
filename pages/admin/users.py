"""Who uses how much and what it costs: how it is spread over the users, and all of them with what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import streamlit as st

from llmtrack.ledger.periods import days
from llmtrack.ledger.query import QueryResult, Row, parse_order
from pages.components import card, charts, empty_states, filters, formatting, links, queries, tables, tiles
from pages.components.charts import MOST_DOTS
from pages.components.conditions import both
from pages.components.engagement import above_p95
from pages.components.insights import margins, user_groups
from pages.components.insights.cost_tables import NOBODY, part
from pages.components.insights.trends import trend, trends
from pages.components.span import Span
from pages.components.tables import Column, Line, Order
from pages.components.viewer import require_admin

TOTALS = (
    *queries.MONEY, "users", "users_with_cost", "cost_per_user", "cost_per_user_p95", "generations_per_user",
    "cost_per_generation", "errors",
)  # fmt: skip
OF_EACH = ("cost", "generations", "unpriced", "simulated", "errors")
"""What the totals by day and user have of each user, however many there are."""
PER_CALL = "cost_per_generation"
"""From larger totals, so that it is read of those who are listed alone unless all are sorted by it."""
OVER_TIME = ("cost_per_user", "generations_per_user", "users")
ORDERS = {"user", "generations", PER_CALL, "errors", "cost"}
LONG_DAYS = 40
"""A longer time is drawn by weeks in the rows."""
WEEK = 7
MOST_ATTRIBUTES = 2


def order() -> str:
    """The order that the address says, the dearest first where it says none."""
    text = st.query_params.get("order", "-cost")
    return text if parse_order(text)[0] in ORDERS else "-cost"


def first_rows() -> QueryResult:
    """The users that come first in the order that the address says, as many as the page needs.

    Of those with the same value the ones with more calls come first; all are asked for where the last of these rows
    are alike, since others like them may have more.
    """
    by, needed = order(), max(MOST_DOTS, tables.page_number() * tables.SIZE)
    column, _ = parse_order(by)
    metrics = (*OF_EACH, PER_CALL) if column == PER_CALL else OF_EACH
    answer = queries.ask(metrics, span, by=["user"], where=where, fill=False, order=by, limit=needed + 1)
    if len(answer) > needed and answer.rows[needed - 1][column] == answer.rows[needed][column]:
        return queries.ask(metrics, span, by=["user"], where=where, fill=False, order=by)
    return answer


def everybody() -> Sequence[Row]:
    """A row for each user, however many."""
    return queries.ask(OF_EACH, span, by=["user"], where=where, fill=False).rows


def ordered(rows: Sequence[Row]) -> tuple[list[Row], Order]:
    """The users in the order that the address says; unknown values last."""
    column, descending = parse_order(order())
    valued = [row for row in rows if row[column] is not None]
    unknown = [row for row in rows if row[column] is None]
    valued.sort(key=lambda row: (row[column], row["generations"]), reverse=descending)

    def address(by: str) -> str | None:
        return links.here(order=by, page=None) if parse_order(by)[0] in ORDERS else None

    return [*valued, *unknown], Order(column, descending, address)


def draw_tiles(totals: Row, by_time: Sequence[Row], p95: Decimal | None) -> None:
    """The averages of users, and who is far above them."""
    axis = span.axis(span.grain)
    week = Span(days(max(span.first, span.last - timedelta(days=WEEK - 1)), span.last, span.timezone), span.timezone)
    active = queries.ask(["users"], week, where=where).totals["users"]
    if p95 is not None:
        above = sum(cost > p95 for cost in costs)
        last = tiles.Tile(
            "Above P95", formatting.count(above), remark=f"more than {formatting.usd(p95)}",
            href=links.here(above=None if st.query_params.get("above") else "1"),
            help="5 % of the users cost more than the 95th percentile, by nearest rank. Opens what they share.",
        )  # fmt: skip
    else:
        dearest = next((row for row in dearest_users if row["cost"] is not None), None)
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


def draw_distribution(totals: Row, p95: Decimal | None) -> None:
    """A dot for each user by cost, with median, mean and 95th percentile."""
    named = [row for row in dearest_users if row["user"] and row["cost"] is not None]
    # Of very many users only the dearest have a name on the chart, and only those are asked for with it.
    unnamed = costs[: max(0, len(costs) - len(named))]
    dots = [
        charts.Dot(name, cost, stands_out=p95 is not None and cost > p95)
        for name, cost in (*(("", cost) for cost in unnamed), *((row["user"], row["cost"]) for row in reversed(named)))
    ]
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
        charts.distribution(dots, lines, title="Cost", thing="user", href=links.user,
                            alt_text=f"Cost per user, {span}")  # fmt: skip


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


def liked(score: float | None) -> str | None:
    """The share of good judgements, where there are any."""
    return None if score is None else formatting.percent(score)


def draw_table(rows: Sequence[Row], totals: Row, p95: Decimal | None) -> None:
    """All users, fifty on a page, with a line below those above the 95th percentile."""
    listed, sorting = ordered(rows)
    shown, pages = tables.window(listed, total=len(listed) + answer.cut)
    names = [row["user"] for row in shown if row["user"]]
    of_these = both(where, {"user": [row["user"] for row in shown]})
    grain = "week" if span.days > LONG_DAYS else "day"
    lines = trends(
        queries.ask(["cost"], span, by=[grain, "user"], where=of_these, fill=False), span.axis(grain), "cost", "user"
    )
    seen = last_days(queries.ask(["generations"], span, by=["day", "user"], where=of_these, fill=False).rows)
    more = {row["user"]: row for row in queries.ask(["feedback_score", PER_CALL], span, by=["user"], where=of_these)}
    attributes = attributes_of(names) if names else {}
    keys = sorted({key for given in attributes.values() for key in given} - {"revenue"})[:MOST_ATTRIBUTES]
    table = [
        {
            **row, "user": row["user"] or NOBODY, "id": row["user"], "share": part(row, totals),
            "line": lines.get(row["user"]), "seen": seen.get(row["user"]),
            PER_CALL: more[row["user"]][PER_CALL] if row["user"] in more else None,
            "liked": liked(more[row["user"]]["feedback_score"]) if row["user"] in more else None,
            **{f"attribute {key}": attributes.get(row["user"] or "", {}).get(key) for key in keys},
        }
        for row in shown
    ]  # fmt: skip
    columns = [
        Column("user", "User", pinned=True, href=lambda row: links.user(row["id"])),
        *(Column(f"attribute {key}", formatting.heading(key), tone="muted", wide_only=True) for key in keys),
        Column("generations", "Calls", "count"),
        Column("errors", "Errors", "count", wide_only=True),
        Column(PER_CALL, "Cost per call", "usd", wide_only=True),
        Column("line", f"By {grain}", "line", wide_only=True),
        Column(
            "liked", "Liked", "written", help="Of the answers somebody judged.", unknown="not judged", wide_only=True
        ),
        Column("seen", "Last seen", "seen", help="In this time.", wide_only=True),
        Column("share", "Share", "bar", wide_only=True),
        Column("cost", "Cost", "usd"),
    ]
    above = sum(p95 is not None and cost > p95 for cost in costs)
    after = above - (pages.first - 1 if pages else 0)
    line = None
    if p95 is not None and (sorting.column, sorting.descending) == ("cost", True) and 0 < after <= len(shown):
        verb = "user is" if above == 1 else "users are"
        line = Line(after, f"P95 {formatting.usd(p95)}", f"{formatting.count(above)} {verb} above")
    whole = {
        "user": "All users", "generations": totals["generations"], "errors": totals["errors"],
        PER_CALL: totals[PER_CALL], "share": part(totals, totals), "cost": totals["cost"],
    }  # fmt: skip
    with st.container(border=True):
        tables.table(table, columns, alt_text=f"Users, {span}", total=whole, order=sorting, pages=pages, line=line)


require_admin()
view = filters.head("Users", "users")
span, where = view.span, view.where

with st.skeleton(height=420):
    per_user = queries.ask(TOTALS, span, where=where)
    totals = per_user.totals
    if not totals["generations"]:
        empty_states.no_calls(span, where)
        st.stop()
    answer = first_rows()
    if order() == "-cost":
        dearest_users = answer.rows
    else:
        dearest_users = queries.ask(["cost"], span, by=["user"], where=where, order="-cost", limit=MOST_DOTS).rows
    spread = queries.user_values(("cost", "generations"), span, where)
    costs, calls = spread["cost"], spread["generations"]
    over_time = queries.ask(OVER_TIME, span, by=[span.grain], where=where)
    p95 = totals["cost_per_user_p95"] if totals["users_with_cost"] >= queries.PERCENTILE_USERS else None
    card.sub(view.in_words, f"{formatting.counted(totals['users'], 'user')}, {queries.cost_text(totals)}.",
             *queries.cost_sentences(totals))  # fmt: skip
    draw_tiles(totals, over_time.rows, p95)
    queries.remark(per_user, answer)
if p95 is not None and st.query_params.get("above"):
    above_p95.draw(span, where, everybody(), p95)
draw_distribution(totals, p95)
draw_table(answer.rows, totals, p95)
margins.draw(span, where, everybody)
user_groups.draw_by_attribute(span, where, totals)
