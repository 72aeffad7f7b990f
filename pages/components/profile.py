"""The page of one user, team, model or feature: its numbers, its time, what it is made of, and its calls."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.query import Filter, QueryResult, Row, Where
from pages.components import card, charts, empty_states, formatting, links, queries, tables, tiles
from pages.components.charts import colours
from pages.components.conditions import WHERE, both, dimension_name
from pages.components.filters import View
from pages.components.insights import cost_tables, spike_notes
from pages.components.insights.trends import trend, trends
from pages.components.span import Span
from pages.components.tables import Column
from pages.components.viewer import require_texts

METRICS = (
    *queries.MONEY, "cost_per_generation", "total_tokens", "errors", "error_rate", "duration", "feedback",
    "good_feedback",
)  # fmt: skip
SHOWN = {"cost": "Cost", "generations": "Calls", "total_tokens": "Tokens"}
PER_ROW = ("cost", "generations", "total_tokens", "cost_per_generation", "simulated")
NOT_GIVEN = {"user": "no user given", "model": formatting.UNKNOWN}
DEAREST = 8
_PAGES = {"user": links.user, "model": links.model, "feature": links.feature, "group": links.team}


def draw_crumb(title: str, page: str, before: str | None, after: str | None, place: str) -> None:
    """The way back to the list, where in it one is, and the ways to the previous and the next of it."""
    ways = [
        f"<span>{links.anchor('Previous', before, title='Previous (k)', key='k')}</span>" if before else "",
        f"<span>{links.anchor('Next', after, title='Next (j)', key='j')}</span>" if after else "",
    ]
    crumb = f"<span>{links.anchor(title, links.address(page), css='ll-k')} {escape(place and f'/ {place}')}</span>"
    st.html(f'<div class="ll ll-pages ll-crumb">{crumb}{"".join(ways)}</div>')


def neighbours(names: Sequence[str | None], name: str) -> tuple[str | None, str | None, str]:
    """The names before and after this one, and its place among them in words."""
    named = [other for other in names if other is not None]
    if name not in named:
        return None, None, ""
    at = named.index(name)
    after = named[at + 1] if at + 1 < len(named) else None
    return named[at - 1] if at else None, after, f"{at + 1:,} of {len(named):,}, dearest first"


def draw_place(view: View, by: str, name: str, title: str, page: str, link: Callable[[str], str | None]) -> None:
    """The way back to the list of all, and to the ones before and after this one, the dearest first."""
    ranking = queries.ask(["cost"], view.span, by=[by], where=view.where, order="-cost", fill=False)
    before, after, place = neighbours([row[by] for row in ranking.rows], name)
    draw_crumb(title, page, before and link(before), after and link(after), place)


def read(view: View, where: Where) -> tuple[QueryResult, Row | None]:
    """The numbers now, and before where the page compares."""
    now = queries.ask(METRICS, view.span, where=where)
    return now, queries.ask(METRICS, view.against, where=where).totals if view.against else None


def draw_tiles(view: View, where: Where, now: QueryResult, before: Row | None, everyone: Row) -> None:
    """Cost, calls, cost per call and errors, each with its line over the time."""
    span, totals = view.span, now.totals
    axis = span.axis(span.grain)
    by_time = queries.ask(METRICS, span, by=[span.grain], where=where)
    conditions = both(where)

    def was(text: str) -> str:
        return f"{text} before" if before and before["generations"] else ""

    def value(metric: str) -> Any:
        return before[metric] if before else None

    good = f"{formatting.count(totals['good_feedback'])} good of {formatting.count(totals['feedback'])}"
    per_call = formatting.usd(everyone["cost_per_generation"])
    tiles.draw(
        [
            tiles.changed(
                "Cost", queries.cost_text(totals), totals["cost"], value("cost"), better="less",
                was=was(queries.cost_text(before) if before else ""), trend=trend(by_time.rows, axis, "cost"),
                href=links.calls(*conditions, order="-cost"),
            ),
            tiles.changed(
                "Calls", formatting.count(totals["generations"]), totals["generations"], value("generations"),
                was=was(formatting.count(value("generations"))), trend=trend(by_time.rows, axis, "generations"),
                href=links.calls(*conditions),
            ),
            tiles.changed(
                "Cost per call", formatting.usd(totals["cost_per_generation"]), totals["cost_per_generation"],
                value("cost_per_generation"), better="less", was=f"everyone {per_call}",
                trend=trend(by_time.rows, axis, "cost_per_generation"), href=links.calls(*conditions, order="-cost"),
            ),
            tiles.changed(
                "Errors", formatting.rate(totals["error_rate"]), totals["error_rate"], value("error_rate"),
                better="less", rate=True, alarming=True, trend=trend(by_time.rows, axis, "error_rate"),
                was=f"{formatting.count(totals['errors'])} of {formatting.counted(totals['generations'], 'call')}",
                href=links.address("errors", conditions),
            ),
            tiles.Tile(
                "Time, average", formatting.seconds(totals["duration"]), href=links.address("latency", conditions),
                trend=trend(by_time.rows, axis, "duration"), remark="of answers",
            ),
            tiles.Tile(
                "Feedback", formatting.percent(totals["good_feedback"], totals["feedback"]),
                remark=good if totals["feedback"] else "nobody judged an answer",
                href=links.address("traces", conditions),
            ),
        ],
        across=3,
    )  # fmt: skip


def draw_time(view: View, where: Where, parts: Sequence[str]) -> None:
    """Cost, calls or tokens over the time, in parts by one of `parts`."""
    span = view.span
    show = card.Choice("Show", "show", SHOWN)
    split = card.Choice("In parts by", "by", {part: dimension_name(part) for part in parts})
    metric, by, name = show.value, split.value, SHOWN[show.value]
    answer = queries.ask([metric, "simulated"], span, by=[span.grain, by], where=where)
    if metric == "cost" and answer.rows and not any(row["cost"] for row in answer.rows):
        metric, name = "simulated_cost", "Simulated cost"
        answer = queries.ask([metric, "simulated"], span, by=[span.grain, by], where=where)
    with card.card(f"{name} per {span.grain}", f"by {dimension_name(by).lower()}", choices=(show, split)):
        charts.bars_over_time(
            [
                charts.Point(
                    row[span.grain], _series(row, by), float(row[metric]), queries.text(answer, metric, row),
                    behind(span, row[span.grain].date(), [*both(where), Filter(by, (row[by],))]),
                )
                for row in answer.rows
                if row[metric]
            ],
            span.axis(span.grain),
            title=name,
            unit=answer.units[metric],
            series=dimension_name(by),
            alt_text=f"{name} per {span.grain} by {by}, {span}",
            legend_href=lambda name: links.calls(*both(where), Filter(by, (name.removesuffix(colours.SIMULATED),))),
        )  # fmt: skip
        spike_notes.draw(span, where, metric)


def behind(span: Span, day: date, where: Iterable[Filter]) -> str:
    """The calls that a bar stands for."""
    length = {"week": 7, "month": calendar.monthrange(day.year, day.month)[1]}.get(span.grain, 1)
    return links.over("calls", f"{day}", f"{day + timedelta(days=length - 1)}", where)


def _series(row: Row, by: str) -> str:
    return queries.model_name(row) if by == "model" else (row[by] or NOT_GIVEN.get(by, "not given"))


LIST_METRICS = (
    *queries.MONEY, "users", "cost_per_user", "cost_per_generation", "total_tokens", "errors", "error_rate",
    "duration_p50",
)  # fmt: skip


def draw_list(view: View, by: str) -> None:
    """All teams or features, the dearest first, each with its line over the time."""
    span, name = view.span, dimension_name(by)
    answer = queries.ask(LIST_METRICS, span, by=[by], where=view.where, fill=False)
    over_time = queries.ask(["cost"], span, by=[span.grain, by], where=view.where, fill=False)
    lines = trends(over_time.rows, span.axis(span.grain), "cost", by)
    of_name = colours.css(by, (row[by] or "" for row in answer.rows)) if by == "feature" else {}
    columns = [
        Column(by, name, pinned=True, href=lambda row: _PAGES[by](row["id"]),
               colour=(lambda row: of_name[row["id"] or ""]) if of_name else None),
        Column("users", "Users", "count"),
        Column("generations", "Calls", "count"),
        Column("total_tokens", "Tokens", "tokens", wide_only=True),
        Column("cost_per_user", "Cost per user", "usd", wide_only=True),
        Column("cost_per_generation", "Cost per call", "usd", wide_only=True),
        Column("duration_p50", "Time, median", "seconds", wide_only=True),
        Column("error_rate", "Errors", "rate"),
        Column("line", f"Cost per {span.grain}", "line", wide_only=True),
        Column("share", "Share", "bar", wide_only=True),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    rows = [
        {**row, by: row[by] or "not given", "id": row[by], "share": cost_tables.part(row, answer.totals),
         "line": lines.get(row[by])}
        for row in cost_tables.dearest(answer.rows)
    ]  # fmt: skip
    whole = {
        **{metric: answer.totals[metric] for metric in LIST_METRICS},
        **cost_tables.total(by, f"All {name.lower()}s", answer.totals),
    }
    tables.table(rows, columns, alt_text=f"{name}s by cost, {span}", total=whole)


def draw_parts(view: View, where: Where, by: str, totals: Row) -> None:
    """A card with the features, models, users or teams it is made of, the dearest first."""
    answer = queries.ask_briefly(PER_ROW, view.span, by=[by], where=where, fill=False)
    name = dimension_name(by)
    if answer is None:
        with card.card(f"{name}s", stretch=True):
            empty_states.note("Many calls would have to be read one by one for this; choose a shorter time.")
        return
    listed = cost_tables.dearest(answer.rows, DEAREST)
    of_name = colours.css(by, (row[by] or "" for row in listed)) if by in ("model", "feature") else {}

    def colour(row: Any) -> str | None:
        return of_name.get(row["id"] or "")

    columns = [
        Column(by, name, "model" if by == "model" else "text", pinned=True, colour=colour if of_name else None,
               href=lambda row: _PAGES[by](row["id"])),
        Column("generations", "Calls", "count"),
        Column("cost_per_generation", "Cost per call", "usd", wide_only=True),
        Column("share", "Share", "bar", colour=colour if of_name else None, wide_only=True),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    rows = [{**row, by: _series(row, by), "id": row[by], "share": cost_tables.part(row, totals)} for row in listed]
    whole = cost_tables.total(by, f"All {name.lower()}s", totals)
    whole["cost_per_generation"] = totals["cost_per_generation"]
    rest = cost_tables.rest(by, cost_tables.dearest(answer.rows)[len(listed) :], totals)
    with card.card(f"{name}s", "dearest first", stretch=True):
        tables.table(rows, columns, alt_text=f"{name}s by cost, {view.span}", total=whole, rest=rest, name=f"{by}_page")


def draw_dearest_calls(view: View, where: Where, calls: int) -> None:
    """A card with the calls that cost most, and what was asked in them."""
    require_texts(where)
    span = view.span
    page = lists.generations(
        queries.ledger(), since=span.period.since, until=span.period.until, timezone=span.timezone,
        where=where, order="-cost", limit=5,
    )  # fmt: skip
    previews = lists.generation_previews(queries.ledger(), [row.id for row in page.rows])
    rows = [
        {
            "text": previews.get(row.id) or row.operation, "at": row.at, "cost": row.cost, "id": row.id,
            "tokens": None if row.input_tokens is None else row.input_tokens + (row.output_tokens or 0),
        }
        for row in page.rows
    ]  # fmt: skip
    columns = [
        Column("text", "Asked", pinned=True, href=lambda row: links.address("calls", both(where), call=row["id"],
                                                                             order="-cost")),
        Column("at", "When", "time", wide_only=True),
        Column("tokens", "Tokens", "count", wide_only=True),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    every = (f"All {formatting.count(calls)}", links.calls(*both(where), order="-cost"))
    with card.card("Dearest calls", more=every, stretch=True):
        tables.table(rows, columns, alt_text=f"Dearest calls, {span}")


def draw_conversations(view: View, user: str) -> None:
    """A card with the latest conversations of a user."""
    require_texts({"user": user})
    span = view.span
    page = lists.sessions(
        queries.ledger(), since=span.period.since, until=span.period.until, timezone=span.timezone,
        where=both(view.where, {"user": user}), limit=5,
    )  # fmt: skip
    with card.card("Conversations", "latest", more=("All", links.address("conversations", [Filter("user", (user,))])),
                   stretch=True):  # fmt: skip
        if not page.rows:
            empty_states.note("None that began in this time.")
            return
        rows = [
            {"session": row.session, "at": row.at, "traces": row.traces, "cost": row.cost or Decimal(0)
             if not row.unpriced else row.cost}
            for row in page.rows
        ]  # fmt: skip
        columns = [
            Column("session", "Conversation", pinned=True, href=lambda row: links.conversation(row["session"])),
            Column("at", "Began", "time", wide_only=True),
            Column("traces", "Interactions", "count"),
            Column("cost", "Cost", "usd"),
        ]
        tables.table(rows, columns, alt_text=f"Conversations, {span}")


def draw_feedback(view: View, user: str, totals: Row) -> None:
    """A card with what was thought of the latest judged answers to a user."""
    require_texts({"user": user})
    span = view.span
    judged = lists.judgements(
        queries.ledger(), user, since=span.period.since, until=span.period.until, timezone=span.timezone, limit=5
    )
    if view.where:  # a judgement is of an interaction, whatever calls it had
        totals = queries.ask(["feedback", "good_feedback"], span, where={"user": user}).totals
    good, of = totals["good_feedback"], totals["feedback"]
    with card.card("Feedback", f"{formatting.count(good)} good, {formatting.count(of - good)} bad", stretch=True):
        if not judged:
            empty_states.note("Nobody judged an answer in this time.")
            return
        asked_in = lists.trace_previews(queries.ledger(), [entry.trace for entry in judged])
        rows = [
            {"text": asked_in.get(entry.trace) or entry.trace, "at": entry.at, "trace": entry.trace,
             "score": "good" if entry.score > 0 else "bad"}
            for entry in judged
        ]  # fmt: skip
        columns = [
            Column("text", "Answer to", pinned=True, href=lambda row: links.trace(row["trace"])),
            Column("at", "When", "time", wide_only=True),
            Column("score", "Judged", tone=lambda row: row["score"]),
        ]
        tables.table(rows, columns, alt_text=f"Feedback, {span}")
        empty_states.note("Without the filters above: what is judged is a whole interaction." if view.where else "")


def draw_unknown(what: str, name: str, title: str, page: str) -> None:
    """In place of a thing the ledger does not have, or no longer: the way on."""
    empty_states.empty(
        f"There is no {what} {formatting.plain(name)} (any more)",
        "Names are case-sensitive. It may have been erased, or its calls deleted by the retention time.",
        ":material/search_off:",
    )
    st.html(f'<p class="ll">{links.anchor(f"All {title}", links.address(page, keep_where=False), css="ll-k")}</p>')


def draw_nothing(where_is: str) -> None:
    """In place of the numbers where there are no calls in the time."""
    empty_states.empty(
        f"No calls of {formatting.plain(where_is)} in this time", "Choose a longer time or fewer filters above."
    )
    empty_states.draw_ways(st.query_params.get_all(WHERE))
