"""Lists of traces and sessions, page by page with their cost so far, and the details of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.lists.generation_rows import GenerationRow, read_rows
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
from llmtrack.ledger.query.context import QueryContext, query_context
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
_MAX_DETAILS = 10_000
_FIRST_STEP, _LARGEST_STEP = 100, 5_000
"""Traces or sessions read at once where filters are on columns of their generations: each time twice as many."""
MAX_ROWS = 200_000
"""Of these a page may read before it is returned as far as it is filled."""


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A trace in a list: an interaction with all calls made for it."""

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
    """Sum of its judgements, each 1 or -1; None without any."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in a list: a conversation."""

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
    """A trace with its spans, generations and judgements, in the order of time."""

    row: TraceRow
    spans: Sequence[SpanRow]
    generations: Sequence[GenerationRow]
    feedback: Sequence[tuple[str | None, int, str | None]]
    """User, score (1 or -1) and comment."""


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

    A page for which `max_rows` of them were read is returned as it is, not `complete`. Raises ValueError for an order,
    filter or position that there is not and `TooManyRows` where more than `max_sorted` would be sorted by something
    else than time.
    """
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        columns = "t.trace_id, t.name, t.app_user, t.session"
        page = _page(context, "trace", columns, order, after, page_size(limit), max_rows, max_sorted)
        return Page(_trace_rows(context, page.rows), page.more, page.complete, page.read)


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
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        columns = "t.session_id, t.app_user"
        page = _page(context, "session", columns, order, after, page_size(limit), max_rows, max_sorted)
        return Page(_session_rows(context, page.rows), page.more, page.complete, page.read)


def trace(ledger: Ledger, trace_id: str, *, timezone: str = "UTC") -> TraceDetail:
    """The details of a trace. Raises `NotFound` where there is none of that id."""
    with query_context(ledger, None, None, timezone, {"trace": trace_id}, None) as context:
        (number,) = context.builder.clauses[0].ids
        rows = _selected(context, "trace", "t.trace_id, t.name, t.app_user, t.session", f"t.id = {number}")
        if not rows:
            raise NotFound(f"There is no trace {trace_id!r} (any more).")
        (row,) = _trace_rows(context, rows)
        spans = context.snapshot.rows(
            "SELECT id, parent_id, name, started_at, duration, error FROM span "
            f"WHERE trace = {number} ORDER BY started_at, id LIMIT {_MAX_DETAILS}"
        )
        ids = context.snapshot.rows(
            f"SELECT id FROM generation WHERE trace = {number} ORDER BY id LIMIT {_MAX_DETAILS}"
        )
        feedback = context.snapshot.rows(
            "SELECT u.user_id, f.score, f.comment FROM feedback AS f LEFT JOIN app_user AS u ON u.id = f.app_user "
            f"WHERE f.trace = {number} ORDER BY f.at"
        )
        return TraceDetail(
            row,
            [SpanRow(s[0], s[1], s[2], from_micros(s[3], timezone), s[4] / 1_000_000, s[5]) for s in spans],
            read_rows(context.snapshot, context.names, [id for (id,) in ids], timezone),
            [(who, score, comment) for who, score, comment in feedback],
        )


def session(ledger: Ledger, session_id: str, *, timezone: str = "UTC") -> SessionRow:
    """A conversation with what it cost; its traces are ``traces(where={"session": …})``. Raises `NotFound`."""
    with query_context(ledger, None, None, timezone, {"session": session_id}, None) as context:
        (number,) = context.builder.clauses[0].ids
        rows = _selected(context, "session", "t.session_id, t.app_user", f"t.id = {number}")
        if not rows:
            raise NotFound(f"There is no session {session_id!r} (any more).")
        return _session_rows(context, rows)[0]


@dataclass(frozen=True, slots=True)
class _RowPage:
    rows: list[Sequence[Any]]
    more: str | None
    """The cursor after them if there are more."""
    complete: bool = True
    read: int = 0


def _page(
    context: QueryContext, table: str, own: str, order: str, after: str | None, size: int,
    max_rows: int | None, max_sorted: int | None,
) -> _RowPage:  # fmt: skip
    """The rows of a page of `table`."""
    column, descending = direction(order)
    value = _VALUES[column]
    start = position(after, 2)
    compare, way = ("<", "DESC") if descending else (">", "ASC")
    conditions = ["t.generations > 0"]
    low, high = context.since, context.until
    if start:
        conditions.append(f"({value} {compare} {start[0]} OR ({value} = {start[0]} AND t.id {compare} {start[1]}))")
        if column == "time":  # the index is read from where this page begins
            low, high = (low, min(high, start[0] + 1)) if descending else (max(low, start[0]), high)
    own_columns = {"app_user", "session"} if table == "trace" else {"app_user"}
    own_filters = context.builder.columns <= own_columns
    where = context.builder.where("t" if own_filters else "g", rows=True)
    if own_filters:
        conditions.append(where.text.removeprefix(" AND ") or "1 = 1")
    tail = f" ORDER BY {value} {way}, t.id {way} LIMIT "

    def read(low: int, high: int, count: int) -> list[Sequence[Any]]:
        tests = [f"t.started_at >= {low} AND t.started_at < {high}", *conditions]
        if not own_filters:
            begun = f"SELECT b.id FROM {table} AS b WHERE b.started_at >= {low} AND b.started_at < {high}"
            calls = f"SELECT g.{table} FROM generation AS g WHERE g.{table} IN ({begun}){where.text}"
            tests.append(f"t.id IN ({calls})")
        return _selected(context, table, own, " AND ".join(tests) + f"{tail}{count}", where.values, value)

    if column == "time" and not own_filters:
        page = _in_steps(context, table, low, high, descending, size + 1, 2**62 if max_rows is None else max_rows, read)
        if page.more is not None:
            return page
    else:
        if column != "time":
            _check_sortable(context, table, low, high, max_sorted)
        page = _RowPage(read(low, high, size + 1), None)
    rows = page.rows
    after_page = cursor(*rows[size - 1][:2]) if len(rows) > size else None
    return _RowPage(rows[:size], after_page, read=page.read)


def _in_steps(
    context: QueryContext, table: str, low: int, high: int, descending: bool, count: int, budget: int,
    read: Callable[[int, int, int], list[Sequence[Any]]],
) -> _RowPage:  # fmt: skip
    """The first `count` rows that filters on generations let through, a step at a time until `budget` is spent."""
    rows: list[Sequence[Any]] = []
    rows_read = 0
    step = _FIRST_STEP  # nobody reads thousands where the first ones do
    while low < high and len(rows) < count:
        if rows_read >= budget:
            return _RowPage(
                rows,
                cursor(high if descending else low - 1, 0 if descending else 2**62),
                complete=False,
                read=rows_read,
            )
        direction = "DESC" if descending else "ASC"
        edge = context.snapshot.rows(
            f"SELECT started_at FROM {table} WHERE started_at >= {low} AND started_at < {high} "
            f"ORDER BY started_at {direction} LIMIT 1 OFFSET {step}"
        )
        if not edge:
            first, last = low, high
        elif descending:
            first, last = edge[0][0], high
        else:
            first, last = low, edge[0][0] + 1
        rows += read(first, last, count - len(rows))
        rows_read += step
        step = min(2 * step, _LARGEST_STEP)
        low, high = (low, first) if descending else (last, high)
    return _RowPage(rows, None, read=rows_read)


def _check_sortable(context: QueryContext, table: str, low: int, high: int, max_sorted: int | None) -> None:
    if max_sorted is None:
        return
    within = f"SELECT 1 FROM {table} WHERE started_at >= {low} AND started_at < {high} LIMIT {10 * max_sorted}"
    rows = int(context.snapshot.one(f"SELECT COUNT(*) FROM ({within}) AS counted")[0])
    if rows > max_sorted:
        raise TooManyRows(rows, max_sorted, "they have to be sorted by something else than time", f"{table}s")


def _selected(
    context: QueryContext, table: str, own: str, condition: str, values: Sequence[Any] = (), value: str = "t.started_at"
) -> list[Sequence[Any]]:
    sums = ", ".join(f"t.{name}" for name in _SUMS)
    sql = f"SELECT {value}, t.id, t.started_at, t.ended_at, {sums}, {own} FROM {table} AS t WHERE {condition}"
    return context.snapshot.rows(sql, values)


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


def _trace_rows(context: QueryContext, rows: Sequence[Sequence[Any]]) -> list[TraceRow]:
    users = texts_of(context.snapshot, "user", {row[-2] for row in rows})
    sessions = texts_of(context.snapshot, "session", {row[-1] for row in rows})
    scores: dict[int, int] = {}
    if rows:
        ids = ", ".join(str(row[1]) for row in rows)
        sums = context.snapshot.rows(f"SELECT trace, SUM(score) FROM feedback WHERE trace IN ({ids}) GROUP BY trace")
        scores = {row[0]: int(row[1]) for row in sums}
    return [
        TraceRow(
            trace=row[-4],
            name=row[-3],
            user=users.get(row[-2]),
            session=sessions.get(row[-1]),
            score=scores.get(row[1]),
            **_shared(row, context.timezone),
        )
        for row in rows
    ]


def _session_rows(context: QueryContext, rows: Sequence[Sequence[Any]]) -> list[SessionRow]:
    users = texts_of(context.snapshot, "user", {row[-1] for row in rows})
    counts: dict[int, int] = {}
    if rows:
        ids = ", ".join(str(row[1]) for row in rows)
        sql = f"SELECT session, COUNT(*) FROM trace WHERE session IN ({ids}) AND generations > 0 GROUP BY session"
        counts = {row[0]: row[1] for row in context.snapshot.rows(sql)}
    return [
        SessionRow(
            session=row[-2], user=users.get(row[-1]), traces=counts.get(row[1], 0), **_shared(row, context.timezone)
        )
        for row in rows
    ]
