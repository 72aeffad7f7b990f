"""One user with what is known about them, and what was thought of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from llmtrack.ids import started_at
from llmtrack.ledger.lists.pagination import NotFound
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.query.context import query_context

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class UserDetail:
    """A user: not the numbers, which the metrics have."""

    user: str
    attributes: Mapping[str, Any]
    """The attributes given to `llmtrack.identify`."""
    first_seen: datetime
    last_seen: datetime | None
    """Of their latest generation; None without any."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody thought of an answer."""

    at: datetime
    trace: str
    judge: str | None
    score: int
    """1 or -1."""
    comment: str | None


def user(ledger: Ledger, user_id: str, *, timezone: str = "UTC") -> UserDetail:
    """A user. Raises `NotFound` where there is none of that id."""
    with query_context(ledger, None, None, timezone, {"user": user_id}, None) as context:
        numbers = ", ".join(map(str, context.builder.clauses[0].ids))  # with those that were merged into it
        rows = context.snapshot.rows(f"SELECT user_id, attributes, first_seen FROM app_user WHERE id IN ({numbers})")
        own = next((row for row in rows if row[0] == user_id), rows[0] if rows else None)
        if own is None:
            raise NotFound(f"There is no user {user_id!r} (any more).")
        last = context.snapshot.one(f"SELECT MAX(id) FROM generation WHERE app_user IN ({numbers})")[0]
        return UserDetail(
            user=own[0],
            attributes=context.snapshot.dialect.from_json(own[1]) or {},
            first_seen=from_micros(min(row[2] for row in rows), timezone),
            last_seen=None if last is None else from_micros(started_at(last), timezone),
        )


def judgements(
    ledger: Ledger,
    user_id: str,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    limit: int = 10,
) -> Sequence[Judgement]:
    """The latest judgements given in the time on interactions of a user."""
    with query_context(ledger, since, until, timezone, {"user": user_id}, None) as context:
        numbers = ", ".join(map(str, context.builder.clauses[0].ids))
        rows = context.snapshot.rows(
            "SELECT f.at, t.trace_id, u.user_id, f.score, f.comment FROM feedback AS f "
            "JOIN trace AS t ON t.id = f.trace LEFT JOIN app_user AS u ON u.id = f.app_user "
            f"WHERE f.at >= {context.since} AND f.at < {context.until} AND t.app_user IN ({numbers}) "
            f"ORDER BY f.at DESC LIMIT {int(limit)}"
        )
        return [Judgement(from_micros(row[0], timezone), *row[1:]) for row in rows]
