"""Everyone's use at a glance: what it cost, how much, how fast, what went wrong, and what moved the cost."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

import streamlit as st

from llmtrack.ledger.periods import days
from llmtrack.ledger.query import Filter, QueryResult, Row
from llmtrack.statuses import NOT_SPENT, CostStatus
from pages.components import card, charts, empty_states, filters, formatting, queries, tables, tiles
from pages.components.charts import colours
from pages.components.conditions import both
from pages.components.insights import cost_factors, cost_tables, findings
from pages.components.insights.trends import trend
from pages.components.links import address, anchor, calls, over
from pages.components.span import Span
from pages.components.tables import Column
from pages.components.viewer import require_admin

METRICS = (
    *queries.MONEY, "api_equivalent", "api_equivalent_cost",
    "users", "users_with_cost", "cost_per_user", "feedback", "feedback_score", "total_tokens",
    "time_to_first_token_p50", "duration_p95", "errors", "error_rate",
)  # fmt: skip
SHOWN = {"cost": "Cost", "generations": "Calls", "total_tokens": "Tokens", "tokens_per_request": "Tokens per call"}
PARTS = {"model": "Model", "feature": "Feature", "user": "User"}
TOP = 8
PER_USER = ("cost", "generations", "simulated")
"""What the totals by day and user have; tokens are read of those who are listed alone."""
PER_MODEL = (*PER_USER, "total_tokens")
REAL = {"cost_status": [status.value for status in CostStatus if status not in NOT_SPENT]}


def draw_tiles(now: QueryResult, before: Row | None, by_time: QueryResult, span: Span) -> None:
    """The eight numbers at the top."""
    totals, axis = now.totals, span.axis(span.grain)
    earlier = before if before and before["generations"] else None
    judged = f"{formatting.count(totals['feedback'])} judged" if totals["feedback"] else "nobody judged an answer"

    def tile(label: str, metric: str, page: str, **more: Any) -> tiles.Tile:
        def text(row: Row) -> str:
            if metric == "cost":
                return queries.cost_text(row)
            return formatting.count(row[metric]) if now.units[metric] == "count" else queries.text(now, metric, row)

        more = {"value": text(totals), "was": f"{text(earlier)} before" if earlier else "", **more}
        line = trend(by_time.rows, axis, metric)
        was = earlier[metric] if earlier else None
        return tiles.changed(label, now=totals[metric], before=was, href=address(page), trend=line, **more)

    tiles.draw(
        [
            tile("Cost", "cost", "model-cost", better="less"),
            tile("Calls", "generations", "calls"),
            tile("Users", "users", "users"),
            tile("Cost per user", "cost_per_user", "users", better="less"),
            tile(
                "Feedback", "feedback_score", "traces", better="more", rate=True, was=judged,
                value=formatting.percent(totals["feedback_score"]),
            ),
            tile("First token, median", "time_to_first_token_p50", "latency", better="less"),
            tile("Time, P95", "duration_p95", "latency", better="less"),
            tile(
                "Errors", "error_rate", "errors", better="less", rate=True, alarming=True,
                value=formatting.rate(totals["error_rate"]),
                was=f"{formatting.rate(earlier['error_rate'])} before" if earlier else "",
            ),
        ]
    )  # fmt: skip


def series_name(row: Row, by: str) -> str:
    """What a series of the chart is called."""
    return queries.model_name(row) if by == "model" else (row[by] or "not given")


def draw_chart(span: Span, metric: str, by: str) -> None:
    """Cost, calls or tokens over time, in parts; lines for what is an average."""
    largest = None
    if by == "user":  # there may be any number of them
        largest = queries.ask([metric], span, by=[by], where=where, order=f"-{metric}", limit=TOP, fill=False)
    drawn_only = where if largest is None else both(where, {by: [row[by] for row in largest.rows]})
    answer = queries.ask([metric, "simulated"], span, by=[span.grain, by], where=drawn_only, fill=False)
    title = SHOWN.get(metric, "Simulated cost")
    points = [
        charts.Point(
            row[span.grain], series_name(row, by), float(row[metric]), queries.text(answer, metric, row),
            behind(span, row[span.grain].date(), Filter(by, (row[by],))),
        )
        for row in answer.rows
        if row[metric]
    ]  # fmt: skip
    if largest is not None and largest.cut and metric in answer.additive:
        points += rest_of(span, metric, answer)
    drawn: dict[str, Any] = {
        "title": title, "unit": answer.units[metric], "series": PARTS[by],
        "alt_text": f"{title} per {span.grain} by {by}, {span}",
    }  # fmt: skip
    if metric not in answer.additive:
        charts.lines_over_time(points, span.axis(span.grain), **drawn)
        return
    charts.bars_over_time(
        points, span.axis(span.grain), **drawn,
        legend_href=lambda name: address("users") if name == colours.OTHERS else calls(
            Filter(by, (name.removesuffix(colours.SIMULATED),))
        ),
    )  # fmt: skip


def rest_of(span: Span, metric: str, answer: QueryResult) -> list[charts.Point]:
    """What of the whole is in no row of an answer, over time, under one name."""
    drawn: dict[Any, Any] = {}
    for row in answer.rows:
        drawn[row[span.grain]] = drawn.get(row[span.grain], 0) + (row[metric] or 0)
    rest = [
        Row({span.grain: row[span.grain], metric: (row[metric] or 0) - drawn.get(row[span.grain], 0)})
        for row in queries.ask([metric], span, by=[span.grain], where=where)
    ]
    return [
        charts.Point(row[span.grain], colours.OTHERS, float(row[metric]), queries.text(answer, metric, row),
                     behind(span, row[span.grain].date()))
        for row in rest
        if row[metric]
    ]  # fmt: skip


def behind(span: Span, day: date, *where: Filter, **parameters: Any) -> str:
    """The calls that a bar stands for."""
    length = {"week": 7, "month": calendar.monthrange(day.year, day.month)[1]}.get(span.grain, 1)
    return over("calls", f"{day}", f"{day + timedelta(days=length - 1)}", where, **parameters)


def one_day(day: date, timezone: str) -> Span:
    """A single day as a span."""
    return Span(days(day, day, timezone), timezone)


def thing(dimension: str, name: str, href: str) -> str:
    """A value of a dimension as a link; of a model the short name."""
    shown = formatting.short_names([name])[name] if dimension == "model" else name
    return anchor(shown, href, title=name)


def dear_sentence(dear: findings.DearDay, span: Span) -> str:
    """What a day cost above the usual, and whose calls most of it is."""
    on_day = one_day(dear.day, span.timezone)
    by = ("user", "feature", "model")
    answer = queries.ask(
        ["cost", "generations", "total_tokens"], on_day, by=by, where=where, order="-cost", limit=1, fill=False
    )
    row = answer.rows[0]
    whose = [Filter(name, (row[name],)) for name in by if row[name]]
    named = " · ".join(thing(part.dimension, row[part.dimension], behind(on_day, dear.day, part)) for part in whose)
    calls_made = formatting.counted(row["generations"], "call")
    average = row["total_tokens"] and int(round(row["total_tokens"] / row["generations"], -3))
    size = f" of {formatting.count(average)} tokens" if average else ""
    return (
        f"{anchor(formatting.short_day(dear.day, span.last), behind(on_day, dear.day))}: "
        f"<strong>{cost_factors.signed(dear.above)}</strong> above a usual {findings.weekday(dear.day)} "
        f"({formatting.usd(dear.usual)}). {formatting.percent(row['cost'], dear.cost)} of the day is {named}: "
        f"{calls_made}{size}. {anchor(f'Open the {calls_made}', behind(on_day, dear.day, *whose, order='-cost'))}"
    )


def draw_outcomes(span: Span, by_time: QueryResult) -> None:
    """Calls over time by how they ended, and the day with far more errors than usual."""
    answer = queries.ask(["generations"], span, by=[span.grain, "status"], where=where)
    with card.card(f"Calls per {span.grain}", "by outcome", stretch=True):
        charts.bars_over_time(
            [
                charts.Point(
                    row[span.grain], formatting.status(row["status"]), float(row["generations"]),
                    formatting.count(row["generations"]),
                    behind(span, row[span.grain].date(), Filter("status", (row["status"],))),
                )
                for row in answer.rows
                if row["generations"]
            ],
            span.axis(span.grain),
            title="Calls",
            unit="count",
            series="Status",
            alt_text=f"Calls per {span.grain} by status, {span}",
            legend_href=lambda name: calls(Filter("status", ("cancelled" if name == "stopped" else name,))),
        )  # fmt: skip
        if span.grain == "day" and (bad := findings.bad_day(by_time.rows)):
            card.note(bad_sentence(bad, span))


def bad_sentence(bad: findings.BadDay, span: Span) -> str:
    """How many errors a day had, and of which kind and model most of them were."""
    on_day = one_day(bad.day, span.timezone)

    def most(by: str) -> str:
        answer = queries.ask(
            ["errors"], on_day, by=[by], where={"status": "error"}, order="-errors", limit=1, fill=False
        )
        row = answer.rows[0]
        name = str(row[by] or formatting.UNKNOWN)
        href = over("errors", f"{bad.day}", f"{bad.day}", [Filter(by, (row[by],))])
        return f"{formatting.count(row['errors'])} {{}} {thing(by, name, href)}"

    day = anchor(formatting.short_day(bad.day, span.last), over("errors", f"{bad.day}", f"{bad.day}"))
    errors = formatting.counted(bad.errors, "error")
    return f"{day}: <strong>{errors}</strong>, {most('error_type').format('of them')}, {most('model').format('on')}."


def draw_factors(span: Span, against: Span | None) -> None:
    """What the cost is a product of, before and now, and how much of the change is due to each factor."""
    title = "What moved the cost"
    if against is None:
        with card.card(title, stretch=True):
            empty_states.note("Choose a time to compare with, beside the dates above.")
        return
    now, before = (queries.ask(cost_factors.METRICS, when, where=both(where, REAL)).totals for when in (span, against))
    days_before = formatting.short_span(against.first, against.last, span.last)
    with card.card(title, f"against {days_before}", stretch=True):
        factors = cost_factors.factors(now, before)
        if factors is None:
            empty_states.note(f"{days_before} has no calls with users, tokens and a cost to compare with.")
            return
        columns = [
            Column("name", "Factor", pinned=True),
            Column("before", "Before", "written"),
            Column("now", "Now", "written"),
            Column("times", "Times", "written", wide_only=True),
            Column("change", "Share of change", "written", tone=lambda row: row["tone"]),
        ]
        change = now["cost"] - before["cost"]
        total = {
            "name": "Cost", "before": formatting.usd(before["cost"]), "now": formatting.usd(now["cost"]),
            "times": cost_factors.times(now["cost"] / before["cost"]), "change": cost_factors.signed(change),
        }  # fmt: skip
        rows = cost_factors.rows(factors, change)
        tables.table(rows, columns, alt_text="Factors of the cost, before and now", total=total)
        card.note(cost_factors.sentence(factors, change))


require_admin()
view = filters.head("Overview", "overview", compare=True)
span, where = view.span, view.where

with st.skeleton(height=260):
    now = queries.ask(METRICS, span, where=where)
    totals = now.totals
    if not totals["generations"]:
        empty_states.no_calls(span, where)
        st.stop()
    before = queries.ask(METRICS, view.against, where=where).totals if view.against else None
    by_time = queries.ask(METRICS, span, by=[span.grain], where=where)
    card.sub(view.in_words, *queries.cost_sentences(totals))
    draw_tiles(now, before, by_time, span)
    queries.remark(now)

show, parts = card.Choice("Show", "show", SHOWN), card.Choice("In parts by", "by", PARTS)
metric = "simulated_cost" if show.value == "cost" and queries.only_simulated(totals) else show.value
title = f"{SHOWN.get(metric, 'Simulated cost')}{',' if metric == 'tokens_per_request' else ''} per {span.grain}"
with card.card(title, f"by {parts.value}", choices=(show, parts)):
    draw_chart(span, metric, parts.value)
    if metric == "cost" and span.grain == "day" and (dear := findings.dear_day(by_time.rows)):
        card.note(dear_sentence(dear, span))

left, right = st.columns(2)
with left:
    answer = queries.ask(PER_USER, span, by=["user"], where=where, order="-cost", limit=TOP + 1, fill=False)
    listed, others = len(answer.rows), answer.cut
    with card.card("Users", "dearest first", more=(f"All {listed + others:,}", address("users")), stretch=True):
        cost_tables.users(span, totals, answer, where=where, most=TOP)
with right:
    answer = queries.ask(PER_MODEL, span, by=["model"], where=where, fill=False)
    with card.card("Models", "dearest first", more=(f"All {len(answer.rows):,}", address("model-cost")), stretch=True):
        cost_tables.models(span, totals, answer.rows, most=TOP + 1)

left, right = st.columns(2)
with left:
    draw_outcomes(span, by_time)
with right:
    draw_factors(span, view.against)
