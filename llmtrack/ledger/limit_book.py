"""Setting limits, raising them for a while, resetting what was used, removing them: each with an entry in the audit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.limits import EACH, MODES, PERIODS, SCOPES, UNITS, Caller, Holds, Limit, Policy, period_of
from llmtrack.ledger.limits.reading import COLUMNS, as_json, read_policy
from llmtrack.ledger.schema.fitting import fitted
from llmtrack.ledger.write import sealed_days
from llmtrack.ledger.write.interning import plain_json
from llmtrack.ledger.write.limit_counters import recount
from llmtrack.ledger.write.spans_and_feedback import write_audit
from llmtrack.settings import get_settings

T = TypeVar("T")
Counter = tuple[int, str, int]
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
        values["markup_percent"] = None if new.markup_percent is None else str(new.markup_percent)
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


def end_raise(ledger: Ledger, number: int, *, subject: str = EACH, by: str) -> None:
    """Ends a raise before its time. Raises `LedgerError` where there is none."""

    def work(connection: Connection) -> None:
        limit = _limit(connection, ledger, number)
        change = limit.adjustments.get(fitted(subject))
        if change is None or change.raised_to is None:
            raise LedgerError(f"Limit {number} is not raised for {'everybody' if subject == EACH else subject}.")
        _adjust(connection, ledger, number, subject, {"raised_to": None, "raised_until": None})
        _audit(connection, ledger, by, "limit raise end", limit, limit, None, subject_of=subject)

    _change(ledger, work)


def reset_limit(ledger: Ledger, number: int, *, subject: str = EACH, by: str) -> int:
    """Lets only what is used from now on count, for one subject of a limit or for all; the limit stays as it is.

    Returns the moment from which it counts, by which `undo_reset` knows it.
    """
    now = _now()

    def work(connection: Connection) -> int:
        before = _reset_to(connection, ledger, number, subject, now)
        limit = _limit(connection, ledger, number)
        _audit(connection, ledger, by, "limit reset", limit, limit, None, subject_of=subject, at=now, was=before)
        return now

    return _change(ledger, work)


def undo_reset(ledger: Ledger, number: int, at: int, *, subject: str = EACH, by: str) -> None:
    """Lets count again what the reset of the moment `at` left out.

    Raises `LedgerError` where that reset is not the one in force: another came after it, or it was undone before.
    """

    def work(connection: Connection) -> None:
        limit = _limit(connection, ledger, number)
        change = limit.adjustments.get(fitted(subject))
        if change is None or change.reset_at != at:
            raise LedgerError(f"That reset of limit {number} is not in force any more: there is nothing to undo.")
        _reset_to(connection, ledger, number, subject, _reset_before(connection, ledger, number, subject, at))
        _audit(connection, ledger, by, "limit reset undo", limit, limit, None, subject_of=subject, at=at)

    _change(ledger, work)


def _reset_to(connection: Connection, ledger: Ledger, number: int, subject: str, at: int | None) -> int | None:
    """Counts from another moment on (None: from the beginning of the period); returns the one before."""
    change = _limit(connection, ledger, number).adjustments.get(fitted(subject))
    _adjust(connection, ledger, number, subject, {"reset_at": at})
    recount(connection, ledger.dialect, _limit(connection, ledger, number), _now())
    return change.reset_at if change is not None else None


def _reset_before(connection: Connection, ledger: Ledger, number: int, subject: str, at: int) -> int | None:
    """From when a limit counted before a reset, as the audit log has it."""
    mark = ledger.dialect.placeholder
    sql = f"SELECT detail FROM audit WHERE action = 'limit reset' AND subject = {mark} ORDER BY id DESC"
    for row in connection.exec_driver_sql(sql, (str(number),)):
        detail = ledger.dialect.from_json(row[0]) or {}
        if detail.get("at") == at and detail.get("subject_of") == subject:
            was: int | None = detail.get("was")
            return was
    return None


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


def limit_use(
    ledger: Ledger, *, user: str | None = None, team: str | None = None, caller: Caller | None = None
) -> list[LimitUse]:
    """What of each limit is used now. Of those for each user (team, …), who has used any of it.

    With `user` (or `team`): the limits that hold for that user only, in full; nobody else's. With a `caller` all that a
    call of theirs counts against, those of everyone among them.
    """
    now = _now()
    with ledger.reading() as connection:
        policy = read_policy(connection, ledger.dialect)
        limits, only = list(policy.limits), None
        if user is not None or team is not None or caller is not None:
            own = [
                applied
                for applied in policy.applying(caller or Caller(user=user, team=team))
                if caller is not None or applied.limit.scope in ("user", "team")
            ]
            limits, only = [applied.limit for applied in own], {applied.limit.id: applied.subject for applied in own}
        sums: dict[Counter, tuple[int, int]] = {}
        for limit in limits:
            sums |= _counters(connection, ledger.dialect, limit.id, period_of(limit, now)[0], only)
    held_now = _held(ledger.holds) if limits and ledger.file is not None else None
    uses = []
    for limit in limits:
        if limit.amount is None:
            continue
        since, until = period_of(limit, now)
        subjects = [only[limit.id]] if only is not None else _subjects(limit, since, sums, held_now or {})
        for subject in subjects:
            cap = limit.cap(subject, now)
            spent, held = sums.get((limit.id, subject, since), (0, 0))
            if held_now is not None:
                held = held_now.get((limit.id, subject, since), 0)
            uses.append(LimitUse(limit, subject, cap or 0, spent, held, since, until))
    return uses


def _counters(
    connection: Connection, dialect: Dialect, limit: int, since: int, only: dict[int, str] | None
) -> dict[Counter, tuple[int, int]]:
    """What is spent and held of a limit in one period, by all or by the one it is asked for."""
    sql = f"SELECT subject, spent, held FROM limit_counter WHERE limit_id = {int(limit)} AND period = {int(since)}"
    parameters: tuple[str, ...] = ()
    if only is not None:
        sql, parameters = f"{sql} AND subject = {dialect.placeholder}", (only[limit],)
    rows = connection.exec_driver_sql(sql, parameters)
    return {(limit, subject, since): (spent, held) for subject, spent, held in rows}


def _subjects(limit: Limit, since: int, sums: Any, held: Any) -> list[str]:
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
    markup = limit.markup_percent if limit.unit == "cost" else None
    if markup is None and limit.unit == "cost":
        markup = get_settings().billing_markup_percent
    return replace(limit, target=target, thresholds=tuple(sorted(set(limit.thresholds))), markup_percent=markup or None)


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


def _adjust(
    connection: Connection, ledger: Ledger, number: int, subject: str, values: Mapping[str, int | None]
) -> None:
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
