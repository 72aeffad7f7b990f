"""Counters of limits for periods that are long over: nobody asks for them again, and a limit per minute makes many."""

from __future__ import annotations

import time

from sqlalchemy import Connection

from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.limits import HoldsLost
from llmtrack.ledger.limits.reading import read_policy
from llmtrack.ledger.schema.rollups import DAY

_STATE = "past periods"
KEPT_DAYS = {"minute": 2, "hour": 2, "day": 40, "week": 100, "month": 400, "cycle": 400}
"""For how many days after its beginning the counter of a period stays, by the limit's period; one in total always does.

A journal that comes in later counts for its period all the same, from nothing: the period is over, nothing is refused.
"""
_LATE_DAYS = 400
"""For so long a call's own record may take the place of the row that was booked for it as abandoned."""
_MOST = 5_000
"""Rows that are removed in one transaction."""


def prune_daily(ledger: Ledger, now: int | None = None) -> int | None:
    """Removes counters of periods long over, and what is left of holds long ended; returns how many rows.

    None where some process did so less than a day ago, or there never was a limit.
    """
    at = time.time_ns() // 1000 if now is None else now
    if not ledger.transact(lambda connection: _claim(connection, ledger, at)):
        return None
    with ledger.reading() as connection:
        limits = read_policy(connection, ledger.dialect).limits
    count = 0
    for limit in limits:
        if (days := KEPT_DAYS.get(limit.period)) is not None:
            before = at - days * DAY
            where = f"limit_id = {int(limit.id)} AND period < {before} AND held = 0"
            count += _remove(ledger, "limit_counter", ("limit_id", "subject", "period"), where)
    return count + _remove_ended(ledger, at)


def _remove_ended(ledger: Ledger, at: int) -> int:
    """Ends of holds that a process which died did not forget: the hold goes first, or it would count again."""
    old = f"generation IS NULL AND at < {at - 2 * DAY}"
    with ledger.reading() as connection:
        calls = [row[0] for row in connection.exec_driver_sql(f"SELECT call_id FROM hold_ended WHERE {old}")]
    if calls:
        try:
            ledger.holds.release(calls)
        except HoldsLost:
            return 0  # tried again tomorrow
    where = f"({old}) OR at < {at - _LATE_DAYS * DAY}" if calls else f"at < {at - _LATE_DAYS * DAY}"
    return _remove(ledger, "hold_ended", ("call_id",), where)


def _remove(ledger: Ledger, table: str, key: tuple[str, ...], where: str) -> int:
    """Removes rows, some at a time, so that nobody waits long."""
    names = ", ".join(key)
    some = f"SELECT {names} FROM {table} WHERE {where} LIMIT {_MOST}"
    sql = f"DELETE FROM {table} WHERE {where} AND ({names}) IN ({some})"
    done = 0
    while True:
        count = ledger.transact(lambda connection: connection.exec_driver_sql(sql).rowcount)
        done += count
        if count < _MOST:
            return done


def _claim(connection: Connection, ledger: Ledger, at: int) -> bool:
    """Notes that it is done now; False where a process did so less than a day ago, or no limit was ever set."""
    if not connection.exec_driver_sql("SELECT value FROM state WHERE key = 'limits'").scalar_one_or_none():
        return False
    sql = ledger.dialect.upsert_sql("state", ("key",), [("value", "set")])
    claimed = connection.exec_driver_sql(f"{sql} WHERE state.value <= {at - DAY}", (_STATE, at))
    return claimed.rowcount == 1
