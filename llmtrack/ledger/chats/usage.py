"""Tokens, cost and time of a conversation's answers, by the trace of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Row, Select, and_, func, select

from llmtrack.ledger.chats.records import USER, table
from llmtrack.ledger.lists.pagination import dollars, seconds
from llmtrack.ledger.schema.tables import Feedback, Generation, Name, Session, Trace
from llmtrack.ledger.write.interning import fitted

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_GENERATION, _TRACE, _SESSION, _NAME, _FEEDBACK = (
    table(model) for model in (Generation, Trace, Session, Name, Feedback)
)
_STATUS, _COST_STATUS = _NAME.alias("status_name"), _NAME.alias("cost_status_name")


@dataclass(frozen=True, slots=True)
class Figures:
    """Tokens, cost and time of one answer. None is unknown, never 0."""

    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    web_searches: int | None
    """Searches of the web that the provider ran and charges for."""
    cost: Decimal | None
    """US dollars."""
    cache_cost: Decimal | None
    """The part of `cost` that was paid for reading and writing the provider's cache."""
    tool_cost: Decimal | None
    """The part of `cost` that was paid for the provider's tools, searches of the web among them."""
    cost_status: str
    """``exact``, ``estimated``, ``unpriced``, ``provider_reported`` or ``simulated``."""
    usage_estimated: bool
    """Some of the token counts are our estimate: the provider reported none, as after Stop."""
    seconds: float | None
    first_token_seconds: float | None
    status: str
    attempts: int
    score: int | None
    """The user's judgement: 1, -1, or None."""
    comment: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """Tokens and cost of a conversation so far, on all its branches."""

    generations: int
    input_tokens: int
    output_tokens: int
    cost: Decimal
    """Real cost in US dollars, as far as it is known."""
    simulated_cost: Decimal
    """Never part of `cost`."""
    unpriced: int
    """Calls whose cost nobody knows."""


def figures(ledger: Ledger, user_id: str, trace_ids: Sequence[str]) -> dict[str, Figures]:
    """The figures of these traces of a user's, by trace; those whose row is not written yet are missing."""
    wanted = sorted({fitted(trace) for trace in trace_ids})
    if not wanted:
        return {}
    with ledger.reading() as connection:
        user = select(USER.c.id).where(USER.c.user_id == fitted(user_id)).scalar_subquery()
        by_trace: dict[str, list[Row[tuple[object, ...]]]] = {}
        for start in range(0, len(wanted), 400):
            for row in connection.execute(_query(user, wanted[start : start + 400])):
                by_trace.setdefault(row.trace_id, []).append(row)
    return {trace: _figures(rows) for trace, rows in by_trace.items()}


def total(ledger: Ledger, user_id: str, session_id: str) -> Total | None:
    """Tokens and cost of a user's session so far; None before its first row."""
    columns = ("generations", "input_tokens", "output_tokens", "cost", "simulated_cost", "unpriced")
    user = select(USER.c.id).where(USER.c.user_id == fitted(user_id)).scalar_subquery()
    own = and_(_SESSION.c.session_id == fitted(session_id), _SESSION.c.app_user == user)
    with ledger.reading() as connection:
        row = connection.execute(select(*(_SESSION.c[name] for name in columns)).where(own)).first()
    if row is None:
        return None
    real, simulated = dollars(row.cost) or Decimal(0), dollars(row.simulated_cost) or Decimal(0)
    return Total(row.generations, row.input_tokens, row.output_tokens, real, simulated, row.unpriced)


def _query(user: object, traces: Sequence[str]) -> Select[tuple[object, ...]]:
    row = _GENERATION.c
    return (
        select(
            _TRACE.c.trace_id, row.input_tokens, row.output_tokens, row.cache_read_tokens, row.cache_write_tokens,
            row.reasoning_tokens, row.web_searches, row.cache_read_cost,
            row.cache_write_cost, row.tool_cost, row.cost, row.usage_estimated, row.duration,
            row.time_to_first_token, row.attempts,
            _STATUS.c.text.label("status"), _COST_STATUS.c.text.label("cost_status"),
            func.coalesce(_FEEDBACK.c.score, 0).label("score"), _FEEDBACK.c.comment,
        )
        .join(_TRACE, _TRACE.c.id == row.trace)
        .join(_STATUS, _STATUS.c.id == row.status)
        .join(_COST_STATUS, _COST_STATUS.c.id == row.cost_status)
        .outerjoin(_FEEDBACK, and_(_FEEDBACK.c.trace == row.trace, _FEEDBACK.c.app_user == row.app_user))
        .where(_TRACE.c.trace_id.in_(traces), row.app_user == user)
        .order_by(row.id)
    )  # fmt: skip


def _figures(rows: Sequence[Row[tuple[object, ...]]]) -> Figures:
    """One trace's rows as one: a chat answer has one, a program's trace may have several."""
    last = rows[-1]

    def added(name: str) -> int | None:
        values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
        return sum(values) if values else None

    return Figures(
        added("input_tokens"), added("output_tokens"), added("cache_read_tokens"), added("cache_write_tokens"),
        added("reasoning_tokens"), added("web_searches"), dollars(added("cost")),
        dollars(_both(added("cache_read_cost"), added("cache_write_cost"))), dollars(added("tool_cost")),
        last.cost_status, any(row.usage_estimated for row in rows),
        seconds(added("duration")), seconds(rows[0].time_to_first_token), last.status, added("attempts") or 0,
        last.score or None, last.comment,
    )  # fmt: skip


def _both(first: int | None, second: int | None) -> int | None:
    return None if first is None and second is None else (first or 0) + (second or 0)
