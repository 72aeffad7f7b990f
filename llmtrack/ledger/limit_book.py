"""Setting limits, raising them for a while, resetting what was used, removing them: each with an entry in the audit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.limits import EACH, MODES, PERIODS, SCOPES, UNITS, Holds, Limit, Policy, period_of
from llmtrack.ledger.limits.reading import COLUMNS, as_json, read_policy
from llmtrack.ledger.schema.fitting import fitted
from llmtrack.ledger.write import sealed_days
from llmtrack.ledger.write.interning import plain_json
from llmtrack.ledger.write.limit_counters import recount
from llmtrack.ledger.write.spans_and_feedback import write_audit

T = TypeVar("T")
MOST = 10**17
"""No amount is larger, so that sums stay within 64 bits."""
_SHORT = ("minute", "hour")


@dataclass(frozen=True, slots=True)
class LimitUse:
    """What of a limit is used in its present period, for one subject."""

    limit: Limit
    subject: str
    cap: int
    spent: int
    held: int
    since: int
    resets_at: int | None
    """When the next period begins; None: never. Both in microseconds since 1970."""

    @property
    def room(self) -> int:
        """What is left."""
        return max(0, self.cap - self.spent - self.held)


def policy_of(ledger: Ledger) -> Policy:
    """All limits as they are now."""
    with ledger.reading() as connection:
        return read_policy(connection, ledger.dialect)


def set_limit(ledger: Ledger, limit: Limit, *, by: str) -> Limit:
    """Sets a limit: a new one, or in place of the one with the same scope, target, unit and period.

    What counts against it so far is summed up from the calls there are. Raises `LedgerError` for what makes no sense.
    """
    limit = _checked(limit)

    def work(connection: Connection) -> Limit:
        limits = read_policy(connection, ledger.dialect).limits
        kind = _kind(limit)
        before = next((other for other in limits if _kind(other) == kind), None)
        if before is None:
            last = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM usage_limit").scalar_one()
            number = _number_after(connection, int(last))
            new = replace(limit, id=number, created_at=_now(), adjustments={})
        else:
            new = replace(limit, id=before.id, created_at=before.created_at, adjustments=before.adjustments)
        values = {column: getattr(new, column) for column in COLUMNS}
        values |= {"hard": int(new.hard), "thresholds": plain_json(list(new.thresholds))}
        sql = ledger.dialect.upsert_sql("usage_limit", ("id",), [(column, "set") for column in COLUMNS[1:]])
        connection.exec_driver_sql(sql, tuple(values.values()))
        for other in [*(other for other in limits if other.id != new.id and _kind(other)[:3] == kind[:3]), new]:
            recount(connection, ledger.dialect, other, _now())  # an exception changes what counts elsewhere
        _audit(connection, ledger, by, "limit set", new, before, new)
        return new

    return _change(ledger, work)


def remove_limit(ledger: Ledger, number: int, *, by: str) -> None:
    """Removes a limit with all that counts against it. Raises `LedgerError` where there is none."""

    def work(connection: Connection) -> None:
        limit = _limit(connection, ledger, number)
        for table in ("limit_adjustment", "limit_counter", "limit_charge", "hold"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE limit_id = {int(number)}")
        connection.exec_driver_sql(f"DELETE FROM usage_limit WHERE id = {int(number)}")
        for other in read_policy(connection, ledger.dialect).limits:
            if _kind(other)[:3] == _kind(limit)[:3]:
                recount(connection, ledger.dialect, other, _now())
        _audit(connection, ledger, by, "limit remove", limit, limit, None)

    _change(ledger, work)


def raise_limit(ledger: Ledger, number: int, amount: int, until: int, *, subject: str = EACH, by: str) -> None:
    """Lets more be used until a moment (microseconds since 1970), by one subject of a limit or by all.

    Raises `LedgerError` where that is no raise.
    """

    def work(connection: Connection) -> None:
        limit = _limit(connection, ledger, number)
        if limit.amount is None or amount <= limit.amount:
            raise LedgerError(f"Limit {number} allows {limit.amount} already: a raise has to be more than that.")
        if until <= _now():
            raise LedgerError("The raise would be over before it begins: give a later end.")
        _adjust(connection, ledger, number, subject, {"raised_to": amount, "raised_until": until})
        _audit(connection, ledger, by, "limit raise", limit, limit, None, to=amount, until=until, subject_of=subject)

    _change(ledger, work)


def reset_limit(ledger: Ledger, number: int, *, subject: str = EACH, by: str) -> None:
    """Lets only what is used from now on count, for one subject of a limit or for all; the limit stays as it is."""

    def work(connection: Connection) -> None:
        limit = _limit(connection, ledger, number)
        _adjust(connection, ledger, number, subject, {"reset_at": _now()})
        new = next(other for other in read_policy(connection, ledger.dialect).limits if other.id == number)
        recount(connection, ledger.dialect, new, _now())
        _audit(connection, ledger, by, "limit reset", limit, limit, None, subject_of=subject)

    _change(ledger, work)


def forget_user(connection: Connection, dialect: Dialect, user_id: str, name: str) -> None:
    """Gives limits of a user who is erased, and what is counted under them, the `name` that stands for the user."""
    mark, user = dialect.placeholder, fitted(user_id)
    users = "SELECT id FROM usage_limit WHERE scope = 'user'"
    for table in ("limit_counter", "limit_adjustment"):
        sql = f"UPDATE {table} SET subject = {mark} WHERE subject = {mark} AND limit_id IN ({users})"
        connection.exec_driver_sql(sql, (name, user))
    sql = f"UPDATE usage_limit SET target = {mark} WHERE target = {mark} AND scope = 'user'"
    connection.exec_driver_sql(sql, (name, user))
    connection.exec_driver_sql("UPDATE state SET value = value + 1 WHERE key = 'limits'")


def recount_all(ledger: Ledger) -> None:
    """Sums up anew what counts against every limit in its present period: after a copy, which leaves counters out."""

    def work(connection: Connection) -> None:
        for limit in read_policy(connection, ledger.dialect).limits:
            recount(connection, ledger.dialect, limit, _now())

    if policy_of(ledger).limits:
        _change(ledger, work)


def limit_use(ledger: Ledger, *, user: str | None = None) -> list[LimitUse]:
    """What of each limit is used now. Of those for each user (team, …), who has used any of it.

    With `user`: the limits of that user only, in full; nobody else's.
    """
    now = _now()
    with ledger.reading() as connection:
        policy = read_policy(connection, ledger.dialect)
        sums = {
            (limit, subject, period): (spent, held)
            for limit, subject, period, spent, held in connection.exec_driver_sql(
                "SELECT limit_id, subject, period, spent, held FROM limit_counter"
            )
        }
    held_now = _held(ledger.holds) if policy.limits and ledger.file is not None else None
    uses = []
    for limit in policy.limits:
        if limit.amount is None:
            continue
        since, until = period_of(limit, now)
        for subject in _subjects(limit, since, sums, held_now or {}, user):
            cap = limit.cap(subject, now)
            spent, held = sums.get((limit.id, subject, since), (0, 0))
            if held_now is not None:
                held = held_now.get((limit.id, subject, since), 0)
            uses.append(LimitUse(limit, subject, cap or 0, spent, held, since, until))
    return uses


def _subjects(limit: Limit, since: int, sums: Any, held: Any, user: str | None) -> list[str]:
    if user is not None:
        own = limit.scope == "user" and limit.target in (EACH, user)
        return [fitted(user)] if own else []
    if limit.target != EACH:
        return [limit.target or ""]
    counters = {*sums, *held}
    return sorted({subject for number, subject, period in counters if number == limit.id and period == since})


def _held(holds: Holds) -> dict[tuple[int, str, int], int]:
    sums: dict[tuple[int, str, int], int] = {}
    for call in holds.open_calls():
        for entry in call.entries:
            sums[entry.counter] = sums.get(entry.counter, 0) + entry.amount
    return sums


def _checked(limit: Limit) -> Limit:
    for name, word, words in (
        ("scope", limit.scope, SCOPES), ("unit", limit.unit, UNITS), ("period", limit.period, PERIODS),
        ("mode", limit.mode, MODES), ("unpriced", limit.unpriced, ("refuse", "allow", "rate")),
        ("unbounded", limit.unbounded, ("refuse", "allow")), ("unavailable", limit.unavailable, ("refuse", "allow")),
    ):  # fmt: skip
        if word not in words:
            raise LedgerError(f"The {name} of a limit is {word!r}; give one of {', '.join(words)}.")
    if (limit.scope == "all") != (limit.target is None):
        raise LedgerError("A limit for all has no target; any other needs one: a name, or * for each.")
    if limit.unit == "cost" and limit.period in _SHORT:
        raise LedgerError(f"A limit on cost cannot be per {limit.period}: give it per day or longer.")
    if limit.amount is not None and not 0 <= limit.amount <= MOST:
        raise LedgerError(f"The amount of a limit is {limit.amount}; give 0 (blocks), more, or none.")
    if limit.unpriced == "rate" and (limit.rate is None or limit.rate < 0):
        raise LedgerError("Calls without a price are to count at a stated rate, but none is stated.")
    if not all(1 <= threshold <= 100 for threshold in limit.thresholds):
        raise LedgerError(f"A limit warns at {list(limit.thresholds)}; give percentages from 1 to 100.")
    target = None if limit.target is None else fitted(limit.target.strip())
    if target == "":
        raise LedgerError("The target of a limit is empty: give a name, or * for each.")
    return replace(limit, target=target, thresholds=tuple(sorted(set(limit.thresholds))))


def _kind(limit: Limit) -> tuple[str, str, str, str | None]:
    return limit.scope, limit.unit, limit.period, limit.target


def _number_after(connection: Connection, last: int) -> int:
    """A number that no limit ever had: what was removed may still be held or recorded."""
    sql = "SELECT coalesce(max(CAST(subject AS INTEGER)), 0) FROM audit WHERE action = 'limit set'"
    return 1 + max(last, int(connection.exec_driver_sql(sql).scalar_one()))


def _limit(connection: Connection, ledger: Ledger, number: int) -> Limit:
    for limit in read_policy(connection, ledger.dialect).limits:
        if limit.id == number:
            return limit
    raise LedgerError(f"There is no limit {number}; `llmtrack limits list` lists those there are.")


def _adjust(connection: Connection, ledger: Ledger, number: int, subject: str, values: dict[str, int]) -> None:
    changes = [(column, "set") for column in values]
    sql = ledger.dialect.upsert_sql("limit_adjustment", ("limit_id", "subject"), changes)
    connection.exec_driver_sql(sql, (number, fitted(subject), *values.values()))


def _audit(
    connection: Connection, ledger: Ledger, by: str, action: str, limit: Limit, before: Limit | None,
    after: Limit | None, **more: Any,
) -> None:  # fmt: skip
    detail = {
        "before": None if before is None else as_json(before),
        "after": None if after is None else as_json(after),
        **more,
    }
    write_audit(connection, ledger.dialect, by, action, str(limit.id), detail)


def _change(ledger: Ledger, work: Callable[[Connection], T]) -> T:
    """Does `work` while nobody writes generations, and lets every process know that limits have changed."""

    def whole(connection: Connection) -> T:
        sealed_days.exclude_writers(connection)
        sql = ledger.dialect.upsert_sql("state", ("key",), [("value", "add")])
        connection.exec_driver_sql(sql, ("limits", 1))
        return work(connection)

    return ledger.transact(whole)


def _now() -> int:
    return time.time_ns() // 1000
