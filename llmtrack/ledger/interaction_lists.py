"""Traces and sessions: lists of them with what they cost so far, and one of them with all that happened in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.entries import GenerationRow, entries
from llmtrack.ledger.listing import NotFound, Page, cursor, direction, dollars, page_size, position, seconds
from llmtrack.ledger.opened import Opened, opened
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.question import Where
from llmtrack.ledger.snapshot import Cancel
from llmtrack.ledger.words import texts_of

if TYPE_CHECKING:
    from llmtrack.ledger.store import Ledger

_SUMS = ("generations", "errors", "input_tokens", "output_tokens", "cost", "simulated_cost", "unpriced")
_VALUES = {
    "time": "t.started_at",
    "cost": "t.cost",
    "duration": "t.ended_at - t.started_at",
    "tokens": "t.input_tokens + t.output_tokens",
}
_MOST_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class TraceRow:
    """An interaction as a list shows it."""

    trace: str
    name: str | None
    """Its root span's name."""
    user: str | None
    session: str | None
    at: datetime
    duration: float
    """Seconds from the start of its first generation or span to the end of its last."""
    generations: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """Real cost in US dollars, without what is `unpriced`; None where nothing of it is known."""
    simulated_cost: Decimal
    unpriced: int
    score: int | None
    """Sum of the judgements of it, each 1 or -1; None where there is none."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A conversation as a list shows it."""

    session: str
    user: str | None
    at: datetime
    duration: float
    """Seconds."""
    traces: int
    generations: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    simulated_cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A timed step of a trace."""

    id: int
    parent_id: int | None
    name: str
    at: datetime
    duration: float
    """Seconds."""
    error: str | None


@dataclass(frozen=True, slots=True)
class TraceDetail:
    """An interaction with all that happened in it, in the order of time."""

    row: TraceRow
    spans: Sequence[SpanRow]
    generations: Sequence[GenerationRow]
    feedback: Sequence[tuple[str | None, int, str | None]]
    """Who, the score (1 or -1), and what they said."""


def traces(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    order: str = "-time",
    after: str | None = None,
    limit: int = 50,
    cancel: Cancel | None = None,
) -> Page[TraceRow]:
    """A page of the interactions that began in the time and have a generation the filters let through."""
    with opened(ledger, since, until, timezone, where, cancel) as view:
        found, more = _listed(
            view, "trace", "t.trace_id, t.name, t.app_user, t.session", order, after, page_size(limit)
        )
        return Page(_trace_rows(view, found), more)


def sessions(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    order: str = "-time",
    after: str | None = None,
    limit: int = 50,
    cancel: Cancel | None = None,
) -> Page[SessionRow]:
    """A page of the conversations that began in the time and have a generation the filters let through."""
    with opened(ledger, since, until, timezone, where, cancel) as view:
        found, more = _listed(view, "session", "t.session_id, t.app_user", order, after, page_size(limit))
        return Page(_session_rows(view, found), more)


def trace(ledger: Ledger, trace_id: str, *, timezone: str = "UTC") -> TraceDetail:
    """An interaction with all that happened in it. Raises `NotFound` where there is none of that name."""
    with opened(ledger, None, None, timezone, {"trace": trace_id}, None) as view:
        (number,) = view.scope.clauses[0].ids
        found = _selected(view, "trace", "t.trace_id, t.name, t.app_user, t.session", f"t.id = {number}")
        if not found:
            raise NotFound(f"There is no trace {trace_id!r} (any more).")
        (row,) = _trace_rows(view, found)
        spans = view.snapshot.rows(
            "SELECT id, parent_id, name, started_at, duration, error FROM span "
            f"WHERE trace = {number} ORDER BY started_at, id LIMIT {_MOST_SHOWN}"
        )
        ids = view.snapshot.rows(f"SELECT id FROM generation WHERE trace = {number} ORDER BY id LIMIT {_MOST_SHOWN}")
        said = view.snapshot.rows(
            "SELECT u.user_id, f.score, f.comment FROM feedback AS f LEFT JOIN app_user AS u ON u.id = f.app_user "
            f"WHERE f.trace = {number} ORDER BY f.at"
        )
        return TraceDetail(
            row,
            [SpanRow(s[0], s[1], s[2], from_micros(s[3], timezone), s[4] / 1_000_000, s[5]) for s in spans],
            entries(view.snapshot, view.words, [id for (id,) in ids], timezone),
            [(who, score, comment) for who, score, comment in said],
        )


def session(ledger: Ledger, session_id: str, *, timezone: str = "UTC") -> SessionRow:
    """A conversation with what it cost; its traces are ``traces(where={"session": …})``. Raises `NotFound`."""
    with opened(ledger, None, None, timezone, {"session": session_id}, None) as view:
        (number,) = view.scope.clauses[0].ids
        found = _selected(view, "session", "t.session_id, t.app_user", f"t.id = {number}")
        if not found:
            raise NotFound(f"There is no session {session_id!r} (any more).")
        return _session_rows(view, found)[0]


def _listed(
    view: Opened, table: str, own: str, order: str, after: str | None, size: int
) -> tuple[list[Sequence[Any]], str | None]:
    """The rows of a page of `table`, and the place after it if there are more."""
    name, down = direction(order)
    value = _VALUES[name]
    place = position(after, 2)
    compare, way = ("<", "DESC") if down else (">", "ASC")
    conditions = [f"t.started_at >= {view.since} AND t.started_at < {view.until} AND t.generations > 0"]
    if place:
        conditions.append(f"({value} {compare} {place[0]} OR ({value} = {place[0]} AND t.id {compare} {place[1]}))")
        if name == "time":
            conditions.append(f"t.started_at {compare}= {place[0]}")  # lets the index begin where this page does
    values: tuple[Any, ...] = ()
    columns = {"app_user", "session"} if table == "trace" else {"app_user"}
    if view.scope.columns <= columns:
        where = view.scope.where("t", rows=True)
        conditions.append(where.text.removeprefix(" AND ") or "1 = 1")
    else:
        where = view.scope.where("g", rows=True)
        conditions.append(f"EXISTS (SELECT 1 FROM generation AS g WHERE g.{table} = t.id{where.text})")
    values = where.values
    tail = f" ORDER BY {value} {way}, t.id {way} LIMIT {size + 1}"
    found = _selected(view, table, f"{own}", " AND ".join(conditions) + tail, values, value)
    more = cursor(*found[size - 1][:2]) if len(found) > size else None
    return found[:size], more


def _selected(
    view: Opened, table: str, own: str, condition: str, values: Sequence[Any] = (), value: str = "t.started_at"
) -> list[Sequence[Any]]:
    sums = ", ".join(f"t.{name}" for name in _SUMS)
    sql = f"SELECT {value}, t.id, t.started_at, t.ended_at, {sums}, {own} FROM {table} AS t WHERE {condition}"
    return view.snapshot.rows(sql, values)


def _shared(row: Sequence[Any], timezone: str) -> dict[str, Any]:
    sums = dict(zip(_SUMS, row[4 : 4 + len(_SUMS)], strict=True))
    unknown = sums["unpriced"] and not sums["cost"]
    return {
        **sums,
        "at": from_micros(row[2], timezone),
        "duration": seconds(row[3] - row[2]),
        "cost": None if unknown else dollars(sums["cost"]),
        "simulated_cost": dollars(sums["simulated_cost"]),
    }


def _trace_rows(view: Opened, found: Sequence[Sequence[Any]]) -> list[TraceRow]:
    users = texts_of(view.snapshot, "user", {row[-2] for row in found})
    named = texts_of(view.snapshot, "session", {row[-1] for row in found})
    scores: dict[int, int] = {}
    if found:
        ids = ", ".join(str(row[1]) for row in found)
        judged = view.snapshot.rows(f"SELECT trace, SUM(score) FROM feedback WHERE trace IN ({ids}) GROUP BY trace")
        scores = {row[0]: int(row[1]) for row in judged}
    return [
        TraceRow(
            trace=row[-4],
            name=row[-3],
            user=users.get(row[-2]),
            session=named.get(row[-1]),
            score=scores.get(row[1]),
            **_shared(row, view.timezone),
        )
        for row in found
    ]


def _session_rows(view: Opened, found: Sequence[Sequence[Any]]) -> list[SessionRow]:
    users = texts_of(view.snapshot, "user", {row[-1] for row in found})
    counts: dict[int, int] = {}
    if found:
        ids = ", ".join(str(row[1]) for row in found)
        sql = f"SELECT session, COUNT(*) FROM trace WHERE session IN ({ids}) AND generations > 0 GROUP BY session"
        counts = {row[0]: row[1] for row in view.snapshot.rows(sql)}
    return [
        SessionRow(
            session=row[-2], user=users.get(row[-1]), traces=counts.get(row[1], 0), **_shared(row, view.timezone)
        )
        for row in found
    ]
