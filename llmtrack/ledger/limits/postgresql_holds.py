"""Holds of a PostgreSQL ledger: in the ledger itself, summed up in the counters, which are locked in one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.limits.holds import Holder, Holds, HoldsLost, OpenCall, Shortage, Verdict, Wish, calls_of

WAIT_SECONDS = 2.0
"""How long a counter that another transaction has locked is waited for."""
_COLUMNS = "limit_id, subject, period, call_id, amount, ended, holder, started_at, about"
_TYPES = ("int", "text", "bigint", "bigint", "bigint", "smallint", "bigint", "bigint", "text")
_LISTS = ", ".join(f"%s::{kind}[]" for kind in _TYPES)
_COUNTERS = "unnest(%s::int[], %s::text[], %s::bigint[])"
MAKE_COUNTERS = (
    "INSERT INTO limit_counter (limit_id, subject, period) "
    f"SELECT * FROM {_COUNTERS} AS c (l, s, p) ORDER BY l, s, p ON CONFLICT DO NOTHING"
)
LOCK_COUNTERS = (
    "SELECT limit_id, subject, period, spent, held FROM limit_counter "
    f"WHERE (limit_id, subject, period) IN (SELECT * FROM {_COUNTERS}) ORDER BY limit_id, subject, period FOR UPDATE"
)
CHANGE_COUNTERS = (
    "UPDATE limit_counter c SET spent = c.spent + x.spent, held = c.held + x.held "
    "FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) "
    "AS x (limit_id, subject, period, spent, held) "
    "WHERE (c.limit_id, c.subject, c.period) = (x.limit_id, x.subject, x.period)"
)
TAKE_HOLDS = "DELETE FROM hold WHERE call_id = ANY(%s) RETURNING limit_id, subject, period, amount"
_PLACE = (
    f"INSERT INTO hold ({_COLUMNS}) SELECT * FROM unnest({_LISTS}) ON CONFLICT DO NOTHING "
    "RETURNING limit_id, subject, period, amount"
)
_ENDED = (
    "SELECT h.limit_id, h.subject, h.period, coalesce(sum(h.amount), 0)::bigint FROM hold h "
    f"WHERE h.ended = 1 AND (h.limit_id, h.subject, h.period) IN (SELECT * FROM {_COUNTERS}) GROUP BY 1, 2, 3"
)
_OPEN = "SELECT call_id, holder, started_at, about, ended, limit_id, subject, period, amount FROM hold"
_KEPT_COUNTERS = 50_000
_Counter = tuple[int, str, int]


class PostgreSQLHolds(Holds):
    """The holds of the ledger on one PostgreSQL server."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect
        self._made: set[_Counter] = set()
        """Counters that were there before; another process may have removed some with their limit."""

    def admit(self, wishes: Sequence[Wish], holder: int) -> list[Verdict]:
        counters = sorted({entry.counter for wish in wishes for entry in wish.entries})
        with self._use() as connection:
            sums = self._lock(connection, counters)
            verdicts: list[Verdict] = []
            placed: list[Wish] = []
            for wish in wishes:
                verdict = _verdict(wish, sums)
                verdicts.append(verdict)
                if not verdict:
                    placed.append(wish)
                    for entry in wish.entries:
                        sums[entry.counter][1] += entry.amount
            self._place(connection, placed, holder)
            if any(verdicts):
                verdicts = self._with_ended(connection, verdicts)
        return verdicts

    def enter(self, wishes: Sequence[Wish], holder: int) -> None:
        counters = sorted({entry.counter for wish in wishes for entry in wish.entries})
        with self._use() as connection:
            self._lock(connection, counters)
            self._place(connection, wishes, holder)

    def mark_ended(self, calls: Sequence[int]) -> None:
        with self._use() as connection:
            connection.exec_driver_sql("UPDATE hold SET ended = 1 WHERE call_id = ANY(%s)", (list(calls),))

    def release(self, calls: Sequence[int]) -> None:
        with self._use() as connection:
            take_holds(connection, list(calls), {})

    def register(self, holder: Holder) -> None:
        changes = [("host", "set"), ("pid", "set"), ("lock", "set"), ("seen_at", "set")]
        with self._use() as connection:
            sql = self._dialect.upsert_sql("holder", ("id",), changes)
            connection.exec_driver_sql(sql, (holder.id, holder.host, holder.pid, holder.lock, holder.seen_at))

    def forget(self, holder: int) -> None:
        sql = "DELETE FROM holder WHERE id = %s AND NOT EXISTS (SELECT 1 FROM hold WHERE holder = %s)"
        with self._use() as connection:
            connection.exec_driver_sql(sql, (holder, holder))

    def holders(self) -> list[Holder]:
        with self._use() as connection:
            rows = connection.exec_driver_sql("SELECT id, host, pid, lock, seen_at FROM holder").fetchall()
        return [Holder(*row) for row in rows]

    def open_calls(self, holder: int | None = None) -> list[OpenCall]:
        sql = _OPEN if holder is None else f"{_OPEN} WHERE holder = {int(holder)}"
        with self._use() as connection:
            rows = connection.exec_driver_sql(f"{sql} ORDER BY started_at, call_id").fetchall()
        return calls_of([tuple(row) for row in rows])

    def still_held(self, connection: Connection, calls: Sequence[int]) -> set[int]:
        rows = connection.exec_driver_sql("SELECT DISTINCT call_id FROM hold WHERE call_id = ANY(%s)", (list(calls),))
        return {row[0] for row in rows}

    def sweep(self, holder: int) -> None:
        """Nothing to do: what is booked is held no longer."""

    def close(self) -> None:
        """Nothing to do: the connections are the ledger's."""

    @contextmanager
    def _use(self) -> Iterator[Connection]:
        """A connection in a transaction, begun anew where another one got in its way."""
        try:
            with self._engine.connect() as connection, connection.begin():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(WAIT_SECONDS * 1000)}")
                yield connection
        except SQLAlchemyError as error:
            self._made.clear()
            raise HoldsLost(f"The holds in the ledger cannot be used: {type(error.__cause__).__name__}") from error

    def _lock(self, connection: Connection, counters: Sequence[_Counter]) -> dict[_Counter, list[int]]:
        """What is spent and held of each counter, which nobody else can change until the transaction ends."""
        missing = [counter for counter in counters if counter not in self._made]
        if missing:
            connection.exec_driver_sql(MAKE_COUNTERS, lists(missing, 3))
        sums = lock_counters(connection, counters)
        if len(sums) < len(counters):
            connection.exec_driver_sql(MAKE_COUNTERS, lists(counters, 3))
            sums = lock_counters(connection, counters)
        if len(self._made) > _KEPT_COUNTERS:
            self._made.clear()
        self._made.update(counters)
        return sums

    def _place(self, connection: Connection, wishes: Sequence[Wish], holder: int) -> None:
        rows = [
            (*entry.counter, wish.call_id, entry.amount, 0, holder, wish.started_at, wish.about if not first else None)
            for wish in wishes
            for first, entry in enumerate(wish.entries)
        ]
        if not rows:
            return
        placed = connection.exec_driver_sql(_PLACE, lists(rows, len(_TYPES))).fetchall()
        change_counters(connection, {}, _by_counter([tuple(row) for row in placed]))

    def _with_ended(self, connection: Connection, verdicts: list[Verdict]) -> list[Verdict]:
        counters = sorted({shortage.entry.counter for verdict in verdicts for shortage in verdict})
        rows = connection.exec_driver_sql(_ENDED, lists(counters, 3))
        ended = {(limit, subject, period): amount for limit, subject, period, amount in rows}
        return [
            tuple(shortage._replace(ended=ended.get(shortage.entry.counter, 0)) for shortage in verdict)
            for verdict in verdicts
        ]


def _verdict(wish: Wish, sums: dict[_Counter, list[int]]) -> Verdict:
    shortages = []
    for entry in wish.entries:
        spent, held = sums[entry.counter]
        if entry.cap is not None and entry.amount > entry.cap - spent - held:
            shortages.append(Shortage(entry, spent, held, 0))
    return tuple(shortages)


def take_holds(connection: Connection, calls: list[int], spent: dict[_Counter, int]) -> None:
    """Removes the holds of `calls`, from the counters too, and adds what was `spent`: last in a transaction."""
    taken: list[tuple[int, str, int, int]] = []
    if calls:
        taken = [(limit, subject, period, -amount) for limit, subject, period, amount
                 in connection.exec_driver_sql(TAKE_HOLDS, (calls,))]  # fmt: skip
    held = _by_counter(taken)
    counters = sorted({*spent, *held})
    if counters:
        if spent:
            connection.exec_driver_sql(MAKE_COUNTERS, lists(sorted(spent), 3))
        lock_counters(connection, counters)
        change_counters(connection, spent, held)


def lock_counters(connection: Connection, counters: Sequence[_Counter]) -> dict[_Counter, list[int]]:
    """Locks counters in the one order there is, and gives what is spent and held of each that is there."""
    rows = connection.exec_driver_sql(LOCK_COUNTERS, lists(counters, 3))
    return {(limit, subject, period): [spent, held] for limit, subject, period, spent, held in rows}


def change_counters(connection: Connection, spent: dict[_Counter, int], held: dict[_Counter, int]) -> None:
    """Adds to what is spent and held of counters that are locked."""
    rows = [(*counter, spent.get(counter, 0), held.get(counter, 0)) for counter in sorted({*spent, *held})]
    if rows:
        connection.exec_driver_sql(CHANGE_COUNTERS, lists(rows, 5))


def _by_counter(rows: Sequence[tuple[Any, ...]]) -> dict[_Counter, int]:
    sums: dict[_Counter, int] = {}
    for limit, subject, period, amount in rows:
        counter = (limit, subject, period)
        sums[counter] = sums.get(counter, 0) + amount
    return sums


def lists(rows: Sequence[tuple[Any, ...]], width: int) -> tuple[list[Any], ...]:
    """Rows as one list for each column, as `unnest` takes them."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return tuple(list(column) for column in columns)
