"""Errors: which kinds, since when, of whom, on whose side, and the calls that failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

import streamlit as st

from llmtrack.error_types import CALLER_ERRORS, PROVIDER_ERRORS, ErrorType
from llmtrack.ledger import lists
from llmtrack.ledger.lists import FailureGroup
from llmtrack.ledger.query import Filter, QueryResult, Row
from pages.components import card, charts, empty_states, filters, formatting, links, profile, queries, tables, tiles
from pages.components.conditions import both
from pages.components.insights import spike_notes
from pages.components.insights.trends import trend
from pages.components.tables import Column
from pages.components.tables.matrix import matrix
from pages.components.viewer import require_admin, require_texts

METRICS = (
    "generations", "errors", "error_rate", "timeouts", "timeout_rate", "rate_limits", "user_errors", "provider_errors",
    "other_errors", "refused", "cancelled", "incomplete",
)  # fmt: skip
OVER_TIME = ("errors", "error_rate", "timeouts", "cancelled", "refused")
BEFORE = ("generations", "errors", "error_rate")
FAILED = Filter("status", ("error",))
RETRIED = (Filter("attempts", (1,), operator="above"), Filter("status", ("ok",)))
OTHER = "other"
SIDES = {**dict.fromkeys(CALLER_ERRORS, "caller"), **dict.fromkeys(PROVIDER_ERRORS, "provider"),
         ErrorType.RATE_LIMIT.value: "rate limit"}  # fmt: skip
MOST_GROUPS = 50


def draw_tiles(now: QueryResult, before: Row | None, by_time: QueryResult) -> None:
    """Rate, errors, timeouts, what a retry hid, and what is no error: stopped, refused, cut short."""
    totals, axis = now.totals, view.span.axis(view.span.grain)
    any_before = before is not None and bool(before["generations"])
    calls = formatting.counted(totals["generations"], "call")

    def line(metric: str) -> list[float | None]:
        return trend(by_time.rows, axis, metric)

    def was(text: str) -> str:
        return f"{text} before" if any_before else ""

    retried = queries.count_calls(view.span, both(view.where, RETRIED))
    hit, users = (
        queries.ask(["users"], view.span, where=where).totals["users"]
        for where in (both(view.where, [FAILED]), view.where)
    )
    tiles.draw(
        [
            tiles.changed(
                "Error rate", formatting.rate(totals["error_rate"]), totals["error_rate"],
                before["error_rate"] if before else None, better="less", rate=True, alarming=True,
                was=was(formatting.rate(before["error_rate"]) if before else ""), trend=line("error_rate"),
                href=links.calls(FAILED),
            ),
            tiles.changed(
                "Errors", formatting.count(totals["errors"]), totals["errors"], before["errors"] if before else None,
                better="less", was=f"of {calls}", alarming=True, trend=line("errors"), href=links.calls(FAILED),
            ),
            tiles.Tile(
                "Users hit", formatting.count(hit), href=links.address("users", [FAILED]),
                remark=f"of {formatting.counted(users, 'user')}",
            ),
            tiles.Tile(
                "Timeouts", formatting.percent(totals["timeouts"], totals["errors"]), trend=line("timeouts"),
                remark=f"{formatting.count(totals['timeouts'])} of {formatting.counted(totals['errors'], 'error')}",
                href=links.calls(FAILED, Filter("error_type", ("timeout",))),
            ),
            tiles.Tile(
                "Hidden by a retry", formatting.count(retried), href=links.calls(*RETRIED),
                remark="answered all the same" if retried is not None else "would be read call by call",
            ),
            tiles.Tile(
                "Stopped", formatting.count(totals["cancelled"]), trend=line("cancelled"),
                remark=f"by the user; {formatting.count(totals['incomplete'])} cut short",
                href=links.calls(Filter("status", ("cancelled",))),
            ),
            tiles.Tile(
                "Refused", formatting.count(totals["refused"]), trend=line("refused"),
                remark="by a limit, before sending", href=links.calls(Filter("status", ("refused",))),
            ),
            tiles.Tile("Whose side", sides_text(totals), remark="caller · provider · rate limit · other"),
        ]
    )  # fmt: skip


def sides_text(totals: Row) -> str:
    """The errors by side: the caller's, the provider's, rate limits, no known side."""
    parts = (totals["user_errors"], totals["provider_errors"], totals["rate_limits"], totals["other_errors"])
    return " · ".join(map(formatting.count, parts))


def draw_time() -> None:
    """Errors over the time by kind."""
    span = view.span
    answer = queries.ask(["errors"], span, by=[span.grain, "error_type"], where=both(view.where, [FAILED]))
    with card.card(f"Errors per {span.grain}", "by kind", stretch=True):
        charts.bars_over_time(
            [
                charts.Point(
                    row[span.grain], row["error_type"] or OTHER, row["errors"], formatting.count(row["errors"]),
                    profile.behind(span, row[span.grain].date(), [FAILED, Filter("error_type", (row["error_type"],))]),
                )
                for row in answer.rows
                if row["errors"]
            ],
            span.axis(span.grain),
            title="Errors",
            unit="count",
            series="Kind",
            alt_text=f"Errors per {span.grain} by kind, {span}",
            legend_href=lambda name: links.calls(FAILED, Filter("error_type", (None if name == OTHER else name,))),
        )  # fmt: skip
        spike_notes.draw(span, view.where, "errors")


def draw_matrix() -> None:
    """Which features meet which kinds of errors."""
    answer = queries.ask(["errors"], view.span, by=["feature", "error_type"], where=both(view.where, [FAILED]))
    counts = {(row["feature"] or "not given", row["error_type"] or OTHER): row["errors"] for row in answer.rows}

    def ordered(at: int) -> list[str]:
        sums: dict[str, int] = {}
        for key, number in counts.items():
            sums[key[at]] = sums.get(key[at], 0) + number
        return sorted(sums, key=lambda name: (-sums[name], name))

    def href(feature: str, kind: str) -> str:
        return links.calls(
            FAILED,
            Filter("feature", (None if feature == "not given" else feature,)),
            Filter("error_type", (None if kind == OTHER else kind,)),
        )

    with card.card("Feature and kind", "errors", stretch=True):
        matrix(counts, ordered(0), ordered(1), alt_text=f"Errors by feature and kind, {view.span}", corner="Feature",
               href=href)  # fmt: skip


def draw_models(by_model: QueryResult) -> None:
    """Errors by model."""
    columns = [
        Column("model", "Model", "model", pinned=True, href=lambda row: links.narrowed("errors", "model", row["id"])),
        Column("generations", "Calls", "count", wide_only=True),
        Column("errors", "Errors", "count"),
        Column("rate_limits", "Rate limits", "count", wide_only=True),
        Column("user_errors", "Caller's side", "count", wide_only=True),
        Column("provider_errors", "Provider's side", "count", wide_only=True, help="Timeouts too."),
        Column("timeouts", "of these timeouts", "count", wide_only=True),
        Column("other_errors", "Other", "count", help="Errors of no known side.", wide_only=True),
        Column("refused", "Refused", "count", help="Stopped by a limit before they were sent.", wide_only=True),
        Column("error_rate", "Error rate", "rate"),
    ]
    rows: list[dict[str, Any]] = [
        {**row, "id": row["model"], "model": row["model"] or formatting.UNKNOWN}
        for row in sorted(by_model.rows, key=lambda row: (-row["errors"], -row["generations"]))
    ]
    whole = {**{name: by_model.totals[name] for name in METRICS}, "model": "All models"}
    with card.card("Models", "most errors first"):
        tables.table(rows, tables.used(columns, rows), alt_text=f"Errors by model, {view.span}", total=whole)


def groups_of(failures: lists.Failures) -> list[dict[str, Any]]:
    """The rows of the table of groups."""
    span = view.span
    days = [span.first + timedelta(days=number) for number in range(span.days)]

    def line(group: FailureGroup) -> list[float]:
        by_day: dict[date, int] = dict(group.by_day)
        return [float(by_day.get(day, 0)) for day in days]

    return [
        {
            "message": group.message or "no text kept", "kind": group.error_type, "fingerprint": group.fingerprint,
            "side": SIDES.get(group.error_type, OTHER), "calls": group.calls, "users": group.users, "line": line(group),
            "first": group.first_seen, "last": group.last_seen,
        }
        for group in failures.groups[:MOST_GROUPS]
    ]  # fmt: skip


def draw_groups(failures: lists.Failures) -> None:
    """The failures by message, the most frequent first."""
    columns = [
        Column("message", "Message", pinned=True, width="large",
               href=lambda row: links.error_group(row["kind"], row["fingerprint"])),
        Column("kind", "Kind"),
        Column("side", "Side", tone="muted", wide_only=True),
        Column("line", "Per day", "line", wide_only=True),
        Column("first", "First seen", "time", wide_only=True),
        Column("last", "Last seen", "time", wide_only=True),
        Column("users", "Users", "count"),
        Column("calls", "Errors", "count"),
    ]  # fmt: skip
    remark = "ids, numbers and times replaced"
    if not failures.complete:
        remark = f"of the latest {formatting.counted(failures.read, 'error')}, {remark}"
    with card.card("Messages", remark):
        tables.table(groups_of(failures), columns, alt_text=f"Errors by message, {view.span}", name="messages")


def _part_link(kind: str, dimension: str, row: Mapping[str, Any]) -> str:
    return links.calls(FAILED, Filter("error_type", (kind,)), Filter(dimension, (row["id"],)))


def draw_group(failures: lists.Failures, chosen: str) -> None:
    """One group: when, of whom, with which models and features, and its latest calls."""
    kind, _, fingerprint = chosen.rpartition(":")
    names = [(group.error_type, group.fingerprint) for group in failures.groups]
    if (kind, fingerprint) not in names:
        empty_states.empty(
            "No errors like that in this time", "Choose a longer time or fewer filters above.", ":material/search_off:"
        )
        st.html(f'<p class="ll">{links.anchor("All errors", links.address("errors"), css="ll-k")}</p>')
        return
    at = names.index((kind, fingerprint))
    group = failures.groups[at]
    before = links.error_group(*names[at - 1]) if at else None
    after = links.error_group(*names[at + 1]) if at + 1 < len(names) else None
    profile.draw_crumb("Errors", "errors", before, after, f"{at + 1:,} of {len(names):,}, most frequent first")
    today = view.span.last
    with card.card(group.message or "no text kept", group.error_type):
        tiles.draw(
            [
                tiles.Tile("Errors", formatting.count(group.calls), alarming=True, trend=groups_of(
                    lists.Failures([group], group.calls, True))[0]["line"], remark=SIDES.get(group.error_type, OTHER)),
                tiles.Tile("Users hit", formatting.count(group.users)),
                tiles.Tile("First seen", formatting.short_moment(group.first_seen, today)),
                tiles.Tile("Last seen", formatting.short_moment(group.last_seen, today)),
                tiles.Tile("Tried again", formatting.count(group.retried), remark="and failed all the same"),
            ],
            across=5,
        )  # fmt: skip
        left, right = st.columns(2)
        for column, name, parts in ((left, "Model", group.models), (right, "Feature", group.features)):
            with column:
                rows = [{"name": value or "not given", "id": value, "calls": number} for value, number in parts[:8]]
                columns = [
                    Column("name", name, pinned=True, href=partial(_part_link, kind, name.lower())),
                    Column("calls", "Errors", "count"),
                ]
                tables.table(rows, columns, alt_text=f"{name}s")
    examples = [
        {"at": row.at, "user": row.user or "", "model": row.model, "feature": row.feature or "", "id": row.id,
         "attempts": row.attempts, "duration": row.duration}
        for row in group.examples
    ]  # fmt: skip
    with card.card("Latest calls", more=("All", links.calls(FAILED, Filter("error_type", (kind,))))):
        tables.table(examples, [
            Column("at", "When", "time", pinned=True, href=lambda row: links.call(row["id"])),
            Column("user", "User", href=lambda row: links.user(row["user"] or None)),
            Column("model", "Model", "model"),
            Column("feature", "Feature", wide_only=True),
            Column("attempts", "Attempts", "count", wide_only=True),
            Column("duration", "Took", "seconds"),
        ], alt_text="Latest calls of this group")  # fmt: skip


require_admin()
view = filters.head("Errors", "errors", compare=True)
require_texts(view.where)
card.sub(view.in_words)
with st.skeleton(height=300):
    by_model = queries.ask(METRICS, view.span, by=["provider", "model"], where=view.where)
    if not by_model.totals["generations"]:
        filters.draw_nothing_found("call", view)
        st.stop()
    failures = lists.failure_groups(
        queries.ledger(), since=view.span.period.since, until=view.span.period.until, timezone=view.span.timezone,
        where=view.where,
    )  # fmt: skip
    if chosen := st.query_params.get("error"):
        draw_group(failures, chosen)
        st.stop()
    before = queries.ask(BEFORE, view.against, where=view.where).totals if view.against else None
    over_time = queries.ask(OVER_TIME, view.span, by=[view.span.grain], where=view.where)
    draw_tiles(by_model, before, over_time)
    queries.remark(by_model)

if by_model.totals["errors"]:
    left, right = st.columns([2, 3])
    with left:
        draw_time()
    with right:
        draw_matrix()
    draw_groups(failures)
draw_models(by_model)
