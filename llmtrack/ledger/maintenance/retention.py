"""Retention: texts, properties and rows are deleted after a number of days each; totals stay for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from llmtrack import ids
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.maintenance.verification import rebuild_day, rows_of_day, rules_in
from llmtrack.ledger.schema.rollups import DAY
from llmtrack.ledger.write import digests
from llmtrack.ledger.write.rollup_delta import RollupDelta, store_sealed
from llmtrack.ledger.write.sealed_days import (
    edge,
    exclude_writers,
    remove_rows,
    remove_texts,
    remove_unused_sets,
    seal,
)
from llmtrack.ledger.write.spans_and_feedback import write_audit

T = TypeVar("T")
_SOME = 2_000
"""Rows changed in one transaction: few, so that other writers do not wait long for the lock."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How many whole days data is kept; None: for ever."""

    text_days: int | None = None
    """Texts: prompts, answers, error messages and comments."""
    property_days: int | None = None
    row_days: int | None = None
    """The generations themselves. Their UTC days are sealed and keep all totals."""

    def __post_init__(self) -> None:
        for name in ("text_days", "property_days", "row_days"):
            days = getattr(self, name)
            if days is not None and days < 1:
                raise LedgerError(
                    f"{name} is {days}, but things are kept for at least 1 day, or for ever if it is left out."
                )

    @property
    def for_ever(self) -> bool:
        """Whether nothing is ever deleted."""
        return self.text_days is self.property_days is self.row_days is None

    def text_before(self, now: int) -> int | None:
        """Texts before this time (microseconds since 1970) go, by themselves or with their row; None: never."""
        text, _, day = _limits(self, now)
        return max(filter(None, (text, None if day is None else day * DAY)), default=None)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, or would be."""

    texts: int
    properties: int
    """Generations that lost their properties."""
    rows: int
    days: int
    """UTC days sealed."""
    backups: int
    """Backups of the file made before an upgrade that may hold what is to be removed."""


def expired(ledger: Ledger, keep: Keep, now: int | None = None) -> Removed:
    """What `retain` would remove at `now` (microseconds since 1970)."""
    text, properties, day = _limits(keep, now)
    with ledger.reading() as connection:

        def count(table: str, limit: int | None, condition: str = "") -> int:
            if limit is None:
                return 0
            sql = f"SELECT count(*) FROM {table} WHERE id < {ids.first_at(limit)} {condition}"
            return int(connection.exec_driver_sql(sql).scalar_one())

        rows = None if day is None else day * DAY
        days = 0 if day is None else len(_days_before(connection, day))
        return Removed(
            count("generation_text", max(filter(None, (text, rows)), default=None)),
            count("generation", properties, "AND property_set IS NOT NULL"),
            count("generation", rows),
            days,
            len(_old_backups(ledger, text, rows)),
        )


def retain(
    ledger: Ledger,
    keep: Keep,
    now: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    gently: bool = False,
) -> Removed:
    """Removes what is older than `keep` says, in small transactions, and returns the space to the file system.

    Rows are removed by whole UTC days. Before that, the day's totals are compared with its rows and rebuilt if they
    differ; then the day is sealed. `progress` is called with the steps done and all steps. `gently`: PostgreSQL reuses
    the space instead of returning it, which would lock whole tables.
    """
    text_edge, property_edge, edge_day = _limits(keep, now)
    with ledger.reading() as connection:
        days = [] if edge_day is None else _days_before(connection, edge_day)
    step = _Steps(len(days) + 3, progress)
    texts = _remove_texts(ledger, keep.text_before(time.time_ns() // 1000 if now is None else now))
    step()
    property_count = 0 if property_edge is None else _remove_properties(ledger, property_edge)
    step()
    rows = 0
    for day in days:
        rows += ledger.transact(lambda connection, day=day: _seal_day(connection, ledger, day))  # type: ignore[misc]
        step()
    if edge_day is not None:
        _drop(ledger, ledger.dialect.drop_empty, ids.first_at(edge_day * DAY), list[str]())
    if property_count or days:
        ledger.transact(_remove_unused)
    backups = _old_backups(ledger, text_edge, None if edge_day is None else edge_day * DAY)
    for backup in backups:
        backup.unlink(missing_ok=True)
    removed = Removed(texts, property_count, rows, len(days), len(backups))
    if removed != Removed(0, 0, 0, 0, 0):
        detail = {"texts": texts, "properties": property_count, "rows": rows, "days": len(days)}
        ledger.transact(lambda connection: write_audit(connection, ledger.dialect, "retention", "remove", None, detail))
        ledger.dialect.shrink(ledger.engine, gently=gently)
    step()
    return removed


class _Steps:
    def __init__(self, count: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._count, self._progress = 0, count, progress

    def __call__(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._count)


def _limits(keep: Keep, now: int | None) -> tuple[int | None, int | None, int | None]:
    """The times before which texts and properties go, and the UTC day before which rows do."""
    at = time.time_ns() // 1000 if now is None else now
    text, properties = (None if d is None else at - d * DAY for d in (keep.text_days, keep.property_days))
    return text, properties, None if keep.row_days is None else at // DAY - keep.row_days


def _days_before(connection: Connection, day: int) -> list[int]:
    sql = (
        "SELECT DISTINCT slot FROM rollup_day WHERE slot < {0} "
        "AND slot NOT IN (SELECT day FROM sealed_day) ORDER BY slot"
    )
    return [row[0] for row in connection.exec_driver_sql(sql.format(int(day)))]


def _remove_texts(ledger: Ledger, before: int | None) -> int:
    if before is None:
        return 0
    first, end = ids.first_at(-(2**40)), ids.first_at(before)
    count = _drop(ledger, ledger.dialect.drop_texts, end, 0)
    while removed := ledger.transact(lambda connection: remove_texts(connection, ledger.dialect, first, end)):
        count += removed
    ledger.transact(lambda connection: _remove_comments(connection, before))
    return count


def _drop(ledger: Ledger, drop: Callable[[Connection, int], T], before: int, nothing: T) -> T:
    """Does what `drop` does, without writers; where readers are in the way for long, it is left for the next time."""
    if not ledger.dialect.is_divided:
        return nothing

    def alone(connection: Connection) -> T:
        exclude_writers(connection)
        return drop(connection, before)

    try:
        return ledger.transact(alone)
    except DBAPIError as error:
        if ledger.dialect.is_transient(error):
            return nothing
        raise


def _remove_comments(connection: Connection, before: int) -> None:
    connection.exec_driver_sql(f"UPDATE feedback SET comment = NULL WHERE comment IS NOT NULL AND at < {int(before)}")
    connection.exec_driver_sql(f"UPDATE span SET error = NULL WHERE error IS NOT NULL AND started_at < {int(before)}")


def _remove_properties(ledger: Ledger, before: int) -> int:
    placeholder = ledger.dialect.placeholder
    count, last = 0, ids.first_at(-(2**40))
    while True:
        with ledger.reading() as connection:  # outside the transaction: this may take a while
            sql = (
                f"SELECT id FROM generation WHERE property_set IS NOT NULL AND id >= {last} "
                f"AND id < {ids.first_at(before)} ORDER BY id LIMIT {_SOME}"
            )
            batch = [row[0] for row in connection.exec_driver_sql(sql)]
        if not batch:
            return count
        change = f"UPDATE generation SET property_set = NULL WHERE id = {placeholder}"
        ledger.transact(lambda connection: connection.exec_driver_sql(change, [(id,) for id in batch]))  # noqa: B023
        count, last = count + len(batch), batch[-1] + 1


def _remove_unused(connection: Connection) -> None:
    """Deletes property sets that no generation has any more."""
    exclude_writers(connection)
    remove_unused_sets(connection)


def _seal_day(connection: Connection, ledger: Ledger, day: int) -> int:
    exclude_writers(connection)
    delta = RollupDelta(rules_in(connection))
    for row in rows_of_day(connection, ledger, day):
        delta.add(row)
    stored = digests.of_tables(connection, ledger.dialect, day, day + 1).get(day, {})
    before = edge(connection)
    if digests.of_delta(delta, before).get(day, {}) != stored:
        rebuild_day(connection, ledger, day)  # impossible once the rows are deleted
    if day >= before:
        store_sealed(connection, ledger.dialect, delta)
    count = remove_rows(connection, ledger.dialect, day)
    seal(connection, ledger.dialect, day)
    return count


def _old_backups(ledger: Ledger, *limits: int | None) -> list[Path]:
    """Backups beside the file that were made before any of these times."""
    before = max(filter(None, limits), default=None)
    if before is None:
        return []
    return [path for path in ledger.dialect.backups(ledger.engine) if path.stat().st_mtime * 1e6 < before]
