"""Traces and sessions: lists of them with what they cost so far, and one of them with all that happened in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.lists.generation_rows import GenerationRow, entries
from llmtrack.ledger.lists.pagination import (
    MAX_SORTED,
    NotFound,
    Page,
    cursor,
    direction,
    dollars,
    page_size,
    position,
    seconds,
)
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.query.context import Opened, opened
from llmtrack.ledger.query.executor import TooManyRows
from llmtrack.ledger.query.names import texts_of
from llmtrack.ledger.query.query import Where

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_SUMS = ("generations", "errors", "input_tokens", "output_tokens", "cost", "simulated_cost", "unpriced")
_VALUES = {
    "time": "t.started_at",
    "cost": "t.cost",
    "duration": "t.ended_at - t.started_at",
    "tokens": "t.input_tokens + t.output_tokens",
}
_MOST_SHOWN = 10_000
_STEP = 5_000
"""How many are looked through at once where filters have to be asked of their generations."""
MAX_ROWS = 200_000
"""Of these a page may look through before it is handed over unfinished."""


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
    max_rows: int | None = MAX_ROWS,
    max_sorted: int | None = MAX_SORTED,
    cancel: Cancel | None = None,
) -> Page[TraceRow]:
    """A page of the interactions that began in the time and have a generation the filters let through.

    A page that looked through `max_rows` of them is handed over as it is, not `complete`. Raises ValueError for what
    cannot be asked and `TooManyRows` where more than `max_sorted` would have to be sorted by something else than time.
    """
    with opened(ledger, since, until, timezone, where, cancel) as view:
        own = "t.trace_id, t.name, t.app_user, t.session"
        found = _listed(view, "trace", own, order, after, page_size(limit), max_rows, max_sorted)
        return Page(_trace_rows(view, found.rows), found.more, found.complete, found.read)


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
    max_rows: int | None = MAX_ROWS,
    max_sorted: int | None = MAX_SORTED,
    cancel: Cancel | None = None,
) -> Page[SessionRow]:
    """A page of the conversations that began in the time and have such a generation; see `traces`."""
    with opened(ledger, since, until, timezone, where, cancel) as view:
        own = "t.session_id, t.app_user"
        found = _listed(view, "session", own, order, after, page_size(limit), max_rows, max_sorted)
        return Page(_session_rows(view, found.rows), found.more, found.complete, found.read)


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


@dataclass(frozen=True, slots=True)
class _Listed:
    rows: list[Sequence[Any]]
    more: str | None
    """The place after them if there are more."""
    complete: bool = True
    read: int = 0


def _listed(
    view: Opened, table: str, own: str, order: str, after: str | None, size: int,
    max_rows: int | None, max_sorted: int | None,
) -> _Listed:  # fmt: skip
    """The rows of a page of `table`."""
    name, down = direction(order)
    value = _VALUES[name]
    place = position(after, 2)
    compare, way = ("<", "DESC") if down else (">", "ASC")
    conditions = ["t.generations > 0"]
    low, high = view.since, view.until
    if place:
        conditions.append(f"({value} {compare} {place[0]} OR ({value} = {place[0]} AND t.id {compare} {place[1]}))")
        if name == "time":  # lets the index begin where this page does
            low, high = (low, min(high, place[0] + 1)) if down else (max(low, place[0]), high)
    columns = {"app_user", "session"} if table == "trace" else {"app_user"}
    known = view.scope.columns <= columns
    where = view.scope.where("t" if known else "g", rows=True)
    if known:
        conditions.append(where.text.removeprefix(" AND ") or "1 = 1")
    else:
        conditions.append(f"EXISTS (SELECT 1 FROM generation AS g WHERE g.{table} = t.id{where.text})")
    tail = f" ORDER BY {value} {way}, t.id {way} LIMIT "

    def read(low: int, high: int, count: int) -> list[Sequence[Any]]:
        within = f"t.started_at >= {low} AND t.started_at < {high}"
        return _selected(view, table, own, " AND ".join([within, *conditions]) + f"{tail}{count}", where.values, value)

    if name == "time" and not known:
        found = _in_steps(view, table, low, high, down, size + 1, 2**62 if max_rows is None else max_rows, read)
        if found.more is not None:
            return found
    else:
        if name != "time":
            _check_sortable(view, table, low, high, max_sorted)
        found = _Listed(read(low, high, size + 1), None)
    rows = found.rows
    more = cursor(*rows[size - 1][:2]) if len(rows) > size else None
    return _Listed(rows[:size], more, read=found.read)


def _in_steps(
    view: Opened, table: str, low: int, high: int, down: bool, count: int, budget: int,
    read: Callable[[int, int, int], list[Sequence[Any]]],
) -> _Listed:  # fmt: skip
    """The first `count` rows that filters on generations let through, a step at a time until `budget` is spent."""
    rows: list[Sequence[Any]] = []
    done = 0
    while low < high and len(rows) < count:
        if done >= budget:
            return _Listed(rows, cursor(high if down else low - 1, 0 if down else 2**62), complete=False, read=done)
        way = "DESC" if down else "ASC"
        edge = view.snapshot.rows(
            f"SELECT started_at FROM {table} WHERE started_at >= {low} AND started_at < {high} "
            f"ORDER BY started_at {way} LIMIT 1 OFFSET {_STEP}"
        )
        if not edge:
            first, last = low, high
        elif down:
            first, last = edge[0][0], high
        else:
            first, last = low, edge[0][0] + 1
        rows += read(first, last, count - len(rows))
        done += _STEP
        low, high = (low, first) if down else (last, high)
    return _Listed(rows, None, read=done)


def _check_sortable(view: Opened, table: str, low: int, high: int, most: int | None) -> None:
    if most is None:
        return
    within = f"SELECT 1 FROM {table} WHERE started_at >= {low} AND started_at < {high} LIMIT {10 * most}"
    number = int(view.snapshot.one(f"SELECT COUNT(*) FROM ({within}) AS counted")[0])
    if number > most:
        raise TooManyRows(number, most, "they have to be sorted by something else than time", f"{table}s")


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
