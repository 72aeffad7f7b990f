"""How fast the answers are: whole, until the first token, by model and feature, and against their size.

Failures and stops say nothing about how long an answer takes: without a filter on statuses, the durations are those
of answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from llmtrack.ledger import lists
from llmtrack.ledger.query import Filter, QueryResult, Row, histogram
from llmtrack.statuses import ANSWERED
from pages.components import card, charts, empty_states, filters, formatting, links, profile, queries, tables, tiles
from pages.components.charts import colours, spread
from pages.components.conditions import both
from pages.components.insights import spike_notes
from pages.components.insights.trends import trend
from pages.components.tables import Column
from pages.components.viewer import require_admin, require_texts

QUANTILES = (50, 95, 99)
EDGES = (0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60)
DOTS = 500
REST = (
    "generations", "simulated", "first_tokens", "time_to_first_token_p50", "time_to_first_token_p95",
    "tokens_per_second", "timeouts",
)  # fmt: skip


def metrics() -> tuple[str, ...]:
    """What the tiles and tables are about."""
    return (*REST, counted, duration, *(f"{duration}_p{quantile}" for quantile in QUANTILES))


def draw_tiles(now: QueryResult, before: Row | None, by_time: QueryResult) -> None:
    """Percentiles of the time and of the first token, and the speed of writing."""
    totals, axis = now.totals, view.span.axis(view.span.grain)

    def tile(label: str, metric: str, remark: str) -> tiles.Tile:
        was = f"{formatting.seconds(before[metric])} before" if before and before[metric] is not None else remark
        return tiles.changed(
            label, formatting.seconds(totals[metric]), totals[metric], before[metric] if before else None,
            better="less", was=was, trend=trend(by_time.rows, axis, metric),
            href=links.calls(order="-duration"), help=remark,
        )  # fmt: skip

    speed = totals["tokens_per_second"]
    tiles.draw(
        [
            tile("Time, median", f"{duration}_p50", "Half of them took at most this."),
            tile("Time, P95", f"{duration}_p95", "95 % took at most this."),
            tile("Time, P99", f"{duration}_p99", "99 % took at most this."),
            tile("Time, average", duration, "From sending to the last word."),
            tile("First token, median", "time_to_first_token_p50", "Where the answer streamed."),
            tile("First token, P95", "time_to_first_token_p95", "95 % began within this."),
            tiles.changed(
                "Tokens a second", formatting.compact(speed), speed, before["tokens_per_second"] if before else None,
                better="more", was="output by seconds of writing",
                trend=trend(by_time.rows, axis, "tokens_per_second"),
            ),
            tiles.Tile(
                "Timeouts", formatting.count(totals["timeouts"]), trend=trend(by_time.rows, axis, "timeouts"),
                remark=f"of {formatting.counted(totals['generations'], 'call')}", alarming=True,
                href=links.calls(Filter("error_type", ("timeout",))),
            ),
        ]
    )  # fmt: skip


def draw_lines(title: str, metric: str, by_time: QueryResult) -> None:
    """The percentiles of a duration over the time."""
    span = view.span
    with card.card(title, f"per {span.grain}", stretch=True):
        points = [
            charts.Point(
                row[span.grain], f"p{quantile}", row[name], formatting.seconds(row[name]),
                profile.behind(span, row[span.grain].date(), []) + "&order=-duration",
            )
            for quantile in QUANTILES
            for name in (f"{metric}_p{quantile}",)
            for row in by_time.rows
            if row[name] is not None
        ]  # fmt: skip
        charts.lines_over_time(
            points, span.axis(span.grain), title=title, series="Percentile",
            alt_text=f"{title}: p50, p95 and p99 per {span.grain}, {span}",
        )  # fmt: skip
        if metric == "duration":
            spike_notes.draw(span, view.where, metric)


def draw_histogram() -> None:
    """How the times are spread."""
    span = view.span
    counts = histogram(
        queries.ledger(), f"{duration}_p50", EDGES, since=span.period.since, until=span.period.until,
        timezone=span.timezone, where=view.where, max_rows=None,
    )  # fmt: skip
    names = [f"≤ {EDGES[0]:g} s", *(f"≤ {edge:g} s" for edge in EDGES[1:]), f"> {EDGES[-1]:g} s"]
    href = links.calls(order="-duration")
    bins = [spread.Bin(name, count, href) for name, count in zip(names, counts, strict=True)]
    with card.card("How long they took", of, stretch=True):
        spread.histogram(bins, title="Calls", alt_text=f"Histogram of times, {span}")


def columns(by: str, title: str, colour: Mapping[str, str]) -> list[Column]:
    """The columns of the tables by model and by feature."""
    return [
        Column(by, title, "model" if by == "model" else "text", pinned=True,
               href=lambda row: links.narrowed("latency", by, row["id"]),
               colour=(lambda row: colour[row["id"] or ""]) if colour else None),
        Column(counted, "Timed", "count", help="Those whose time the next columns are about."),
        Column(f"{duration}_p50", "Median", "seconds"),
        Column(f"{duration}_p95", "P95", "seconds"),
        Column(f"{duration}_p99", "P99", "seconds", wide_only=True),
        Column("time_to_first_token_p50", "First token", "seconds", wide_only=True, help="Median, where it streamed."),
        Column("time_to_first_token_p95", "First token, P95", "seconds", wide_only=True),
        Column("tokens_per_second", "Tokens/s", "number", wide_only=True),
        Column("timeouts", "Timeouts", "count", wide_only=True),
    ]  # fmt: skip


def draw_table(by: str, title: str, answer: QueryResult) -> None:
    """The times by model or by feature, those with the most calls first."""
    ordered = sorted(answer.rows, key=lambda row: -row["generations"])
    colour = colours.css(by, (row[by] or "" for row in ordered))
    rows: list[dict[str, Any]] = [{**row, "id": row[by], by: row[by] or "not given"} for row in ordered]
    whole = {**answer.totals, by: f"All {title.lower()}s"}
    with card.card(f"{title}s", "most calls first"):
        tables.table(
            rows, tables.used(columns(by, title, colour), rows), alt_text=f"Times by {by}, {view.span}", total=whole,
            name=f"{by}_page",
        )  # fmt: skip


def draw_statuses() -> None:
    """How long calls took by how they ended."""
    names = ("timed", "generation_duration_p50", "generation_duration_p95")
    answer = queries.ask(("generations", *names), view.span, by=["status"], where=view.where, fill=False)
    shown = [
        Column("status", "Status", pinned=True, href=lambda row: links.calls(Filter("status", (row["id"],)))),
        Column("generations", "Calls", "count"),
        Column("generation_duration_p50", "Median", "seconds"),
        Column("generation_duration_p95", "P95", "seconds"),
    ]
    rows = [
        {**row, "id": row["status"], "status": formatting.status(row["status"] or "")}
        for row in sorted(answer.rows, key=lambda row: -row["generations"])
    ]
    with card.card("By status", "from sending to the end", stretch=True):
        tables.table(rows, shown, alt_text=f"Times by status, {view.span}")


def draw_sizes() -> None:
    """Size against time, of the latest answers."""
    span = view.span
    where = both(view.where, [] if chosen else [Filter("status", ANSWERED)])
    require_texts(where)
    page = lists.generations(
        queries.ledger(), since=span.period.since, until=span.period.until, timezone=span.timezone, where=where,
        limit=DOTS,
    )  # fmt: skip
    with card.card("Size and time", f"the latest {formatting.counted(len(page.rows), 'call')}", stretch=True):
        spread.dots(
            [
                spread.Dot(
                    (row.input_tokens or 0) + (row.output_tokens or 0), row.duration or 0, row.model or "unknown",
                    f"{formatting.count((row.input_tokens or 0) + (row.output_tokens or 0))} tokens, "
                    f"{formatting.seconds(row.duration)}",
                    links.call(row.id),
                )
                for row in page.rows
            ],
            x_title="Tokens in and out", y_title="Time", title="Call", alt_text=f"Size against time, {span}",
        )  # fmt: skip


require_admin()
view = filters.head("Latency", "latency", compare=True)
chosen = [str(value) for condition in view.where if condition.dimension == "status" for value in condition.values]
# Without a filter on statuses the times are those of answers.
duration, counted = ("generation_duration", "timed") if chosen else ("duration", "timed_answers")
of = (
    f"calls with status {formatting.plain(formatting.either(chosen))}"
    if chosen
    else "answers; failures and stops are not counted"
)

with st.skeleton(height=420):
    by_model = queries.ask(metrics(), view.span, by=["model"], where=view.where)
    totals = by_model.totals
    if not (totals[counted] or totals["first_tokens"]):
        card.sub(view.in_words)
        filters.draw_nothing_found("call", view)
        st.stop()
    card.sub(
        view.in_words,
        f"Times of {formatting.count(totals[counted])} {of}; first tokens of "
        f"{formatting.count(totals['first_tokens'])} that streamed.",
    )
    before = queries.ask(metrics(), view.against, where=view.where).totals if view.against else None
    over_time = queries.ask([*metrics(), "time_to_first_token_p99"], view.span, by=[view.span.grain], where=view.where)
    draw_tiles(by_model, before, over_time)
    queries.remark(by_model)

left, right = st.columns(2)
with left:
    draw_lines("Time of a call" if chosen else "Time of an answer", duration, over_time)
with right:
    draw_histogram()
draw_table("model", "Model", by_model)
by_feature = queries.ask(metrics(), view.span, by=["feature"], where=view.where, fill=False)
draw_table("feature", "Feature", by_feature)
left, right = st.columns([3, 2])
with left:
    draw_sizes()
with right:
    draw_statuses()
draw_lines("Time to the first token", "time_to_first_token", over_time)
empty_states.note("Percentiles are within 1 % of the exact ones.")
