"""Daily retention: done once a day, by whichever of several app processes comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.maintenance.retention import Keep, Removed, retain
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.schema.rollups import DAY, HOUR

_STATE = "retention"
_LATEST = 20


@dataclass(frozen=True, slots=True)
class Done:
    """A removal by retention or erasure, as recorded in the audit."""

    at: datetime
    by: str
    """Who did it; ``retention`` where it happened by itself or by the command of that name."""
    action: str
    subject: str | None
    detail: Mapping[str, Any]


def retain_daily(
    ledger: Ledger, keep: Keep, now: int | None = None, also: Callable[[int | None], int] | None = None
) -> Removed | None:
    """Removes what has been kept long enough, unless some process did so less than a day ago: None then.

    `also` is called with the time before which texts are removed (microseconds since 1970; None: never), to remove them
    elsewhere too. After a failure, which is raised, retention is due again in an hour.
    """
    at = time.time_ns() // 1000 if now is None else now
    if not ledger.transact(lambda connection: _claim(connection, ledger, at)):
        return None
    try:
        ledger.transact(lambda connection: ledger.dialect.make_ready(connection, at))
        if also is not None:
            also(keep.text_before(at))
        return retain(ledger, keep, now, gently=True)
    except BaseException:
        sooner = f"UPDATE state SET value = {at - DAY + HOUR} WHERE key = '{_STATE}' AND value = {at}"
        ledger.transact(lambda connection: connection.exec_driver_sql(sooner))
        raise


def _claim(connection: Connection, ledger: Ledger, at: int) -> bool:
    """Records that retention is done now; False where a process did so less than a day ago."""
    sql = ledger.dialect.upsert_sql("state", ("key",), [("value", "set")])
    claimed = connection.exec_driver_sql(f"{sql} WHERE state.value <= {at - DAY}", (_STATE, at))
    return claimed.rowcount == 1


def last_retention(ledger: Ledger, timezone: str) -> datetime | None:
    """When the app last did its daily retention; None where it never did."""
    with ledger.reading() as connection:
        sql = f"SELECT value FROM state WHERE key = '{_STATE}'"
        at = connection.exec_driver_sql(sql).scalar_one_or_none()
    return None if at is None else from_micros(at, timezone)


def removals(ledger: Ledger, timezone: str) -> list[Done]:
    """The latest removals by retention and erasure, the newest first."""
    with ledger.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT at, actor, action, subject, detail FROM audit WHERE action IN ('remove', 'erase user') "
            f"ORDER BY id DESC LIMIT {_LATEST}"
        ).fetchall()
    load = ledger.dialect.from_json
    return [
        Done(from_micros(at, timezone), by, action, subject, load(detail) or {})
        for at, by, action, subject, detail in rows
    ]
