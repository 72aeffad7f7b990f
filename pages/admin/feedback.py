"""What people think of the answers: over time, by model and feature, by time and length, and what they did next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import streamlit as st

from llmtrack.ledger import feedback, intervals, lists
from llmtrack.ledger.periods import to_micros
from llmtrack.ledger.query import Filter, stored_keys
from pages.components import card, empty_states, filters, formatting, links, queries, tables, tiles
from pages.components.charts import colours
from pages.components.conditions import dimension_name
from pages.components.engagement import band_chart
from pages.components.engagement.score_table import Score, table
from pages.components.insights.trends import trend
from pages.components.tables import Column
from pages.components.viewer import require_admin, require_numbers, require_texts

JUDGED = ("feedback", "good_feedback", "feedback_score")
SECONDS = (2, 5, 10, 20)
TOKENS = (150, 400)
MOST_ROWS = 12
PER_PAGE = 10
ORDERS = {"bad": "Bad first", "good": "Good first", "latest": "Latest"}
WEEKLY_DAYS = 14
"""A longer time is drawn by weeks: of one day there are few judgements."""
FEWEST_FOR_FINDING = 20


def draw_tiles(grain: str) -> None:
    """The score, how many answers were judged, how many with a comment, and the time of good and bad ones."""
    axis = span.axis(grain)
    traces = queries.ask_briefly(["traces"], span, where=where)
    answers = traces.totals["traces"] if traces else None
    tiles.draw(
        [
            tiles.Tile(
                "Good answers", formatting.rate(judged.good / judged.judged),
                remark=f"{formatting.count(judged.good)} of {formatting.count(judged.judged)} judged",
                trend=trend(over_time.rows, axis, "feedback_score"), href=links.here(order="good", **{"from": None}),
            ),
            tiles.Tile(
                "Judged", formatting.rate(judged.judged / answers) if answers else formatting.count(judged.judged),
                remark=f"of {formatting.counted(answers, 'answer')}" if answers else "how many answers is not counted",
                trend=trend(over_time.rows, axis, "feedback"), href=links.address("traces"),
                help="Judgements given in this time against interactions that began in it.",
            ),
            tiles.Tile(
                "With a comment", formatting.count(judged.with_comment),
                remark=f"{formatting.count(judged.bad_with_comment)} on bad answers",
                href=links.here(order="bad", **{"from": None}),
            ),
            tiles.Tile(
                "Time, median", formatting.seconds(judged.seconds_of_good),
                remark=f"of good answers · {formatting.seconds(judged.seconds_of_bad)} of bad ones",
                href=links.address("latency"), help="Of the whole interaction: all calls made to answer one message.",
            ),
        ]
    )  # fmt: skip


def draw_findings() -> None:
    """The model or feature that is judged worse than all the rest together."""
    for by in ("model", "feature"):
        rows = [row for row in scores_by(by) if row["feedback"] >= FEWEST_FOR_FINDING]
        worst = min(rows, key=lambda row: row["feedback_score"], default=None)
        if worst is None:
            continue
        others, good = max(judged.judged - worst["feedback"], 0), max(judged.good - worst["good_feedback"], 0)
        between = intervals.difference_of_shares(worst["good_feedback"], worst["feedback"], good, others)
        if between is None or between.high >= 0:
            continue
        text = str(worst[by] or "not given")
        short = formatting.short_names([text])[text] if by == "model" else text
        name = links.anchor(short, links.narrowed("feedback", by, worst[by]), title=text)
        card.note(
            f"{name} is judged worse than the rest: {formatting.percent(worst['feedback_score'])} good of "
            f"{formatting.count(worst['feedback'])}, the others {formatting.percent(good, others)} "
            f"(difference {escape(_points(between.low))} to {escape(_points(between.high))} points, 95 % interval).",
            "warn",
        )
        return


def _points(value: float) -> str:
    return f"{100 * value:+.0f}".replace("-", formatting.MINUS)


def scores_by(by: str) -> Sequence[Any]:
    """Judgements by a dimension, most judged first; none where many calls would have to be read for it."""
    if by not in _scores:
        answer = queries.ask_briefly(JUDGED, span, by=[by], where=where, fill=False, order="-feedback")
        _scores[by] = [row for row in answer.rows if row["feedback"]] if answer else []
    return _scores[by]


def draw_time(grain: str) -> None:
    """The score over the time."""
    axis = span.axis(grain)
    places = {slot.period.start: number for number, slot in enumerate(axis)}
    drawn = []
    for row in over_time.rows:
        share = intervals.share(row["good_feedback"], row["feedback"])
        if share is not None:
            first = row[grain].date()
            last = first + timedelta(days=6 if grain == "week" else 0)
            href = links.over("feedback", f"{first}", f"{last}")
            drawn.append(band_chart.Place(places[to_micros(row[grain])], share, row["feedback"], href))
    with card.card(f"Good answers per {grain}", "shaded: 95 % interval", stretch=True):
        band_chart.draw(
            drawn, axis, title="Good", counted="judged", alt_text=f"Share of good answers per {grain}, {span}"
        )


def draw_scores(by: str, title: str) -> None:
    """The score by the values of a dimension."""
    rows = scores_by(by)[:MOST_ROWS]
    colour = colours.css(by, (row[by] or "" for row in rows)) if by in ("model", "feature") else {}
    short = formatting.short_names(str(row[by]) for row in rows) if by == "model" else {}
    with card.card(f"By {title.lower()}", stretch=True):
        if not rows:
            st.caption("Nobody judged an answer, or many calls would have to be read one by one for this.")
            return
        table(
            [
                Score(
                    short.get(str(row[by]), str(row[by])) if row[by] is not None else "not given", row["feedback"],
                    intervals.share(row["good_feedback"], row["feedback"]),
                    links.narrowed("feedback", by, row[by]), colour.get(row[by] or "", ""),
                )
                for row in rows
            ],
            score, title=title, counted="Judged", of="Good", alt_text=f"Score by {by}, {span}",
        )  # fmt: skip


def draw_sizes(of: Any, edges: Sequence[float], title: str, head: str, unit: str) -> None:
    """The score by how long answers took or how much they say."""
    bins = feedback.score_by(queries.ledger(), of, edges, **given)
    rows = []
    for part in bins:
        if part.low is None:
            name = f"under {part.high:g}{unit}"
        elif part.high is None:
            name = f"from {part.low:g}{unit}"
        else:
            name = f"{part.low:g} \N{EN DASH} {part.high:g}{unit}"
        order = "-duration" if of == "seconds" else "-tokens"
        way = links.address("traces", order=order) if part.judged else None
        rows.append(Score(name, part.judged, intervals.share(part.good, part.judged), way))
    with card.card(title, stretch=True):
        table(rows, score, title=head, counted="Judged", of="Good", alt_text=f"Score by {of}, {span}")


def draw_returns() -> None:
    """Whether users came back after a good, a bad and a failed answer."""
    now = datetime.now(UTC)
    counted = feedback.returns(queries.ledger(), now=to_micros(now), **given)
    names = {"good": "after a good answer", "bad": "after a bad answer", "failed": "after a failed call"}
    hrefs = {
        "good": links.here(order=None), "bad": links.here(order=None),
        "failed": links.calls(Filter("status", ("error",))),
    }  # fmt: skip
    hrefs["good"] = links.here(order="good", **{"from": None})
    hrefs["bad"] = links.here(order="bad", **{"from": None})
    rows = [
        Score(names[one.kind], one.times, one.share, hrefs[one.kind], middle=formatting.count(one.back))
        for one in counted
    ]
    good = next(one.share for one in counted if one.kind == "good")
    with card.card("What users did next", "came back on one of the 7 days after", stretch=True):
        table(
            rows, good.value if good else None, title="Came back", counted="Days", middle="Back", of="95 % interval",
            alt_text="Users who came back within 7 days", as_interval=True,
        )  # fmt: skip
        empty_states.note(
            "Days on which a user had such an answer, with 7 whole days after them; the grey line is after good ones. "
            "Few answers are judged, and who judges is no random part of those who ask."
        )


def draw_answers() -> None:
    """The answers themselves."""
    choice = card.Choice("Order", "order", ORDERS)
    first = st.query_params.get("from", "")
    offset = int(first) if first.isascii() and first.isdigit() and len(first) < 8 else 0
    offset = min(offset, max(0, judged.judged - 1) // PER_PAGE * PER_PAGE)
    require_texts(where)
    answers = feedback.judged_answers(queries.ledger(), choice.value, limit=PER_PAGE, offset=offset, **given)  # type: ignore[arg-type]
    texts = lists.trace_previews(queries.ledger(), [answer.trace for answer in answers])
    rows = [
        {
            "text": texts.get(answer.trace) or "text not kept", "trace": answer.trace, "comment": answer.comment or "",
            "judged": "good" if answer.score > 0 else "bad", "user": answer.user or "", "model": answer.model or "",
            "at": answer.at, "took": answer.seconds, "tokens": answer.input_tokens + answer.output_tokens,
            "cost": answer.cost,
        }
        for answer in answers
    ]  # fmt: skip
    colour = colours.css("model", (str(row["model"]) for row in rows))
    columns = [
        Column("text", "Asked", pinned=True, href=lambda row: links.trace(row["trace"])),
        Column("judged", "Judged", tone=lambda row: row["judged"]),
        Column("comment", "Comment"),
        Column("user", "User", href=lambda row: links.user(row["user"]) if row["user"] else None, wide_only=True),
        Column("model", "Model", "model", wide_only=True, colour=lambda row: colour.get(row["model"])),
        Column("at", "When", "time", wide_only=True),
        Column("tokens", "Tokens", "tokens", wide_only=True),
        Column("took", "Took", "seconds", wide_only=True),
        Column("cost", "Cost", "usd", wide_only=True),
    ]
    before = links.here(**{"from": offset - PER_PAGE or None}) if offset else None
    more = offset + PER_PAGE < judged.judged
    after = links.here(**{"from": offset + PER_PAGE}) if more else None
    with card.card("Answers", "those with a comment first", choices=(choice,)):
        pages = tables.Pages(offset + 1, judged.judged, before, after) if before or after else None
        tables.table(rows, columns, alt_text="Judged answers", pages=pages)


require_admin()
view = filters.head("Feedback", "feedback")
span, where = view.span, view.where
require_numbers(where)
given: dict[str, Any] = {
    "since": span.period.since, "until": span.period.until, "timezone": span.timezone, "where": where,
}  # fmt: skip
_scores: dict[str, Sequence[Any]] = {}
grain = "week" if span.days > WEEKLY_DAYS else "day"
card.sub(view.in_words, "Thumbs on answers. Whiskers are 95 % intervals (Wilson's); the grey line is everyone.")
with st.skeleton(height=420):
    judged = feedback.summary(queries.ledger(), **given)
    if not judged.judged:
        if queries.count_calls(span, where) == 0:
            empty_states.no_calls(span, where)
        else:
            empty_states.empty(
                f"Nobody judged an answer in {span}",
                "Judgements come from the thumbs on the Chat page, from llmtrack.feedback(…) and over HTTP. "
                "A longer time above may hold some.",
                ":material/thumbs_up_down:",
            )
        st.stop()
    score = judged.good / judged.judged
    over_time = queries.ask(JUDGED, span, by=[grain], where=where)
    draw_tiles(grain)
    queries.remark(over_time)
draw_findings()
left, right = st.columns([3, 2])
with left:
    draw_time(grain)
with right:
    draw_sizes("seconds", SECONDS, "By time to answer", "Time", " s")
left, right = st.columns(2)
with left:
    draw_scores("model", "Model")
with right:
    draw_returns()
left, right = st.columns(2)
with left:
    draw_scores("feature", "Feature")
with right:
    draw_sizes("output_tokens", TOKENS, "By length of the answer", "Tokens out", "")
attributes = [key for key in stored_keys(queries.ledger()) if key.startswith("user.") and key != "user.revenue"][:2]
if attributes:
    for column, key in zip(st.columns(2), attributes, strict=False):
        with column:
            draw_scores(key, dimension_name(key).removeprefix("user.").capitalize())
draw_answers()
