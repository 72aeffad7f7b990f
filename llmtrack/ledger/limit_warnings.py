"""Who reached how much of which limit, each told once, and the messages about it that wait to be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, and_, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from llmtrack.ids import first_at, new_id, started_at
from llmtrack.ledger.limits import Limit, period_of
from llmtrack.ledger.limits.reading import read_policy
from llmtrack.ledger.schema import limit_tables
from llmtrack.statuses import Status

if TYPE_CHECKING:
    from llmtrack.ledger.database.dialect import Dialect
    from llmtrack.ledger.ledger import Ledger

_WARNING: Table = SQLModel.metadata.tables[str(limit_tables.LimitWarning.__tablename__)]
_DELIVERY: Table = SQLModel.metadata.tables[str(limit_tables.WarningDelivery.__tablename__)]
_KEY = ("limit_id", "period", "subject", "threshold", "cap", "reset_at")
LATE = 15_000_000
"""Microseconds: what was reached so shortly before a period ended is still told."""
LOOK_BACK = 30_000_000
"""Microseconds: so far back refused calls are looked for."""
DAY = 24 * 3_600_000_000
KEEP_MESSAGES, KEEP_WARNINGS = 92 * DAY, 400 * DAY
LEASE = 120_000_000
"""Microseconds for which nobody else tries what somebody tries."""
_SOME = 500
_INSERT: Mapping[str, Callable[..., Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class WarningRecord:
    """That somebody reached so much of a limit. Times are microseconds since 1970."""

    id: int
    limit_id: int
    period: int
    """When the period began."""
    subject: str
    threshold: int
    """The percentage."""
    cap: int
    reset_at: int
    spent: int
    announced: bool
    crossed_at: int
    about: Mapping[str, Any]
    """The limit as it was: ``scope``, ``unit``, ``period``, ``hard``, ``timezone``, ``resets_at``."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent to one address."""

    channel: str
    """``webhook`` or ``mail``."""
    target: str
    body: str


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A message, and how far it got. Times are microseconds since 1970."""

    id: int
    warning: int | None
    channel: str
    target: str
    body: str
    state: str
    attempts: int
    next_at: int
    created_at: int
    ended_at: int | None
    error: str | None


def find_crossings(ledger: Ledger, now: int) -> list[WarningRecord]:
    """What was reached and not told yet; changes nothing."""
    with ledger.reading() as connection:
        limits = read_policy(connection, ledger.dialect).limits
        refused = _refused(connection, ledger.dialect, limits, now)
        return [crossing for limit in limits for crossing in _crossings(connection, limit, refused, now)]


def _refused(connection: Connection, dialect: Dialect, limits: Sequence[Limit], now: int) -> set[tuple[int, str, int]]:
    """Where a hard limit had no room for a call lately: by limit, subject and period. It may never be spent whole."""
    hard = {limit.id: limit for limit in limits if limit.hard and 100 in limit.thresholds}
    if not hard:
        return set()
    mark = dialect.placeholder
    sql = (
        f"SELECT id, usage_details FROM generation WHERE id >= {int(first_at(now - LOOK_BACK))} AND status = "
        f"(SELECT id FROM name WHERE kind = 'status' AND text = {mark})"
    )
    places = set()
    for row in connection.exec_driver_sql(sql, (Status.REFUSED.value,)):
        refusal = json.loads(row[1] or "{}").get("refusal") or {}
        limit = hard.get(refusal.get("limit") or 0)
        if limit is not None and refusal.get("reason") == "exceeded":
            places.add((limit.id, str(refusal.get("subject", "")), period_of(limit, started_at(row[0]))[0]))
    return places


def _crossings(
    connection: Connection, limit: Limit, refused: Collection[tuple[int, str, int]], now: int
) -> Iterable[WarningRecord]:
    if not limit.amount or not limit.thresholds:
        return
    for at in dict.fromkeys((now, now - LATE)):
        period, resets_at = period_of(limit, at)
        if at != now and period == period_of(limit, now)[0]:
            continue
        lowest = -(-limit.amount * min(limit.thresholds) // 100)
        sql = (
            f"SELECT subject, spent FROM limit_counter WHERE limit_id = {int(limit.id)} AND period = {int(period)} "
            f"AND spent >= {int(lowest)} ORDER BY subject"
        )
        counters = connection.exec_driver_sql(sql).fetchall()
        if not counters:
            continue
        rows = connection.execute(select(_WARNING).where(_WARNING.c.limit_id == limit.id, _WARNING.c.period == period))
        before: dict[tuple[str, int], list[Any]] = {}
        for row in rows:
            before.setdefault((row.subject, row.reset_at), []).append(row)
        for subject, spent in counters:
            earlier = before.get((subject, limit.reset_at(subject)), [])
            is_full = (limit.id, subject, period) in refused
            yield from _of_subject(limit, subject, int(spent), is_full, (period, resets_at), earlier, at, now)


def _of_subject(
    limit: Limit,
    subject: str,
    spent: int,
    is_full: bool,
    span: tuple[int, int | None],
    earlier: Sequence[Any],
    at: int,
    now: int,
) -> Iterable[WarningRecord]:
    (period, resets_at), cap = span, limit.cap(subject, at)
    if not cap:
        return
    claimed = {row.threshold for row in earlier if row.cap == cap}
    crossed = [
        share
        for share in limit.thresholds
        if (spent * 100 >= share * cap or (is_full and share == 100)) and share not in claimed
    ]
    if not crossed:
        return
    # After a raise a lower percentage is reached again at once: of that nobody has to hear.
    announced_up_to = max((row.threshold * row.cap for row in earlier if row.announced), default=0)
    for share in crossed:
        announced = share == max(crossed) and share * cap > announced_up_to
        about = {
            "scope": limit.scope, "target": limit.target, "unit": limit.unit, "period": limit.period,
            "hard": limit.hard, "timezone": limit.timezone, "resets_at": resets_at,
        }  # fmt: skip
        reset_at = limit.reset_at(subject)
        yield WarningRecord(
            new_id(now), limit.id, period, subject, share, cap, reset_at, spent, announced, now, about
        )  # fmt: skip


def claim(ledger: Ledger, crossing: WarningRecord, messages: Sequence[Message]) -> bool:
    """Notes a crossing together with the messages about it; False where another process was faster."""

    def work(connection: Connection) -> bool:
        values = {name: getattr(crossing, name) for name in _WARNING.c.keys()}  # noqa: SIM118
        values |= {"announced": int(crossing.announced), "about": dict(crossing.about)}
        statement = _INSERT[ledger.dialect.name](_WARNING).values(**values)
        statement = statement.on_conflict_do_nothing(index_elements=list(_KEY)).returning(_WARNING.c.id)
        if connection.execute(statement).first() is None:
            return False
        if crossing.announced:
            _add(connection, crossing.id, messages, crossing.crossed_at)
        return True

    return ledger.transact(work)


def enqueue_test(ledger: Ledger, message: Message, now: int) -> int:
    """Has a message sent that is about no warning; returns its number."""
    return ledger.transact(lambda connection: _add(connection, None, [message], now)[0])


def _add(connection: Connection, warning: int | None, messages: Sequence[Message], now: int) -> list[int]:
    numbers = []
    for message in messages:
        numbers.append(new_id(now))
        connection.execute(
            insert(_DELIVERY).values(
                id=numbers[-1], warning=warning, channel=message.channel, target=message.target, body=message.body,
                state="pending", attempts=0, next_at=now, created_at=now,
            )
        )  # fmt: skip
    return numbers


def next_due(ledger: Ledger, now: int) -> DeliveryRecord | None:
    """The next message to try, which nobody else tries for two minutes; None while nothing is due."""
    due = select(_DELIVERY).where(_DELIVERY.c.state == "pending", _DELIVERY.c.next_at <= now)
    with ledger.reading() as connection:
        candidates = connection.execute(due.order_by(_DELIVERY.c.next_at, _DELIVERY.c.id).limit(20)).mappings().all()

    for row in candidates:
        own = and_(_DELIVERY.c.id == row["id"], _DELIVERY.c.state == "pending", _DELIVERY.c.next_at == row["next_at"])
        taking = update(_DELIVERY).where(own).values(next_at=now + LEASE, attempts=row["attempts"] + 1)
        taking = taking.returning(_DELIVERY.c.id)
        if ledger.transact(lambda connection, taking=taking: connection.execute(taking).first()) is not None:  # type: ignore[misc]
            return DeliveryRecord(**{**row, "attempts": row["attempts"] + 1, "next_at": now + LEASE})
    return None


def finish(
    ledger: Ledger, delivery: DeliveryRecord, state: str, now: int, *, error: str | None = None, next_at: int = 0
) -> None:
    """Notes what came of an attempt: ``sent``, ``failed``, ``withdrawn``, or ``pending`` until `next_at`."""
    values: dict[str, Any] = {"state": state, "error": error, "attempts": delivery.attempts}
    values |= {"next_at": next_at} if state == "pending" else {"ended_at": now}
    changing = update(_DELIVERY).where(_DELIVERY.c.id == delivery.id).values(**values)
    ledger.transact(lambda connection: connection.execute(changing))


def prune(ledger: Ledger, now: int) -> int:
    """Removes messages that ended three months ago, and warnings of more than a year ago; returns how many rows."""

    def work(connection: Connection) -> int:
        old = delete(_DELIVERY).where(_DELIVERY.c.ended_at < now - KEEP_MESSAGES)
        gone = connection.execute(old.returning(_DELIVERY.c.id)).all()
        old = delete(_WARNING).where(_WARNING.c.crossed_at < now - KEEP_WARNINGS)
        return len(gone) + len(connection.execute(old.returning(_WARNING.c.id)).all())

    return ledger.transact(work)


def deliveries(ledger: Ledger, warnings: Sequence[int], *, tests: int = 0) -> list[DeliveryRecord]:
    """The messages about these warnings, and the latest tests, the latest first."""
    query = select(_DELIVERY).where(_DELIVERY.c.warning.in_(list(warnings))).order_by(_DELIVERY.c.id.desc())
    latest = select(_DELIVERY).where(_DELIVERY.c.warning.is_(None)).order_by(_DELIVERY.c.id.desc()).limit(tests)
    with ledger.reading() as connection:
        rows = [*connection.execute(query).mappings(), *(connection.execute(latest).mappings() if tests else ())]
    return sorted((DeliveryRecord(**row) for row in rows), key=lambda record: -record.id)


def warnings(ledger: Ledger, *, limit: int = 50, before: int | None = None) -> list[WarningRecord]:
    """What was told, the latest first; `before` is the number of one of them, for the next page."""
    query = select(_WARNING).where(_WARNING.c.announced == 1).order_by(_WARNING.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_WARNING.c.id < before)
    with ledger.reading() as connection:
        return [_record(row) for row in connection.execute(query).mappings()]


def warnings_of(ledger: Ledger, users: Sequence[str], since: int) -> list[WarningRecord]:
    """What these users reached of their own limits in periods that began at `since` or later, the latest first."""
    query = select(_WARNING).where(_WARNING.c.subject.in_(list(users)), _WARNING.c.crossed_at >= since)
    with ledger.reading() as connection:
        records = [_record(row) for row in connection.execute(query.order_by(_WARNING.c.id.desc())).mappings()]
    return [record for record in records if record.about.get("scope") == "user" and record.announced]


def count_warnings(ledger: Ledger) -> int:
    """How many were told."""
    with ledger.reading() as connection:
        return int(connection.execute(select(func.count()).where(_WARNING.c.announced == 1)).scalar_one())


def forget_warnings(connection: Connection, dialect: Dialect, user_id: str, name: str) -> None:
    """Removes the messages that name a user who is erased, and gives their warnings the `name` that stands for them."""
    mark = dialect.placeholder
    rows = connection.execute(select(_DELIVERY.c.id, _DELIVERY.c.target, _DELIVERY.c.body)).all()
    written = json.dumps(user_id)[1:-1]
    gone = [row.id for row in rows if user_id == row.target or written in row.body]
    for start in range(0, len(gone), _SOME):
        numbers = ", ".join(str(int(number)) for number in gone[start : start + _SOME])
        connection.exec_driver_sql(f"DELETE FROM warning_delivery WHERE id IN ({numbers})")
    sql = f"UPDATE limit_warning SET subject = {mark} WHERE subject = {mark}"
    connection.exec_driver_sql(sql, (name, user_id))
    for row in connection.execute(select(_WARNING.c.id, _WARNING.c.about)).all():
        if row.about and row.about.get("scope") == "user" and row.about.get("target") == user_id:
            changed = {**row.about, "target": name}
            connection.execute(update(_WARNING).where(_WARNING.c.id == row.id).values(about=changed))


def _record(row: Any) -> WarningRecord:
    return WarningRecord(**{**row, "announced": bool(row["announced"]), "about": row["about"] or {}})
