"""What rows add to the counters of limits, and the ends of holds: in the transaction that writes the rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.limits.policy import EACH, Caller, Limit, Policy, period_of
from llmtrack.ledger.limits.reading import read_policy
from llmtrack.ledger.records import CallHold
from llmtrack.ledger.write.generation_row import AT, COLUMNS, Row
from llmtrack.ledger.write.limit_amounts import charged, used

TOKEN = "llmtrack.token"
"""The property of a call that says which of our tokens it was made with."""
_WORDS = tuple(AT[column] for column in (
    "group_name", "feature", "request_model", "response_model", "operation", "status", "cost_status", "cost_reason",
))  # fmt: skip
_SOME = 5_000
Counter = tuple[int, str, int]


class Texts:
    """The words, users and tokens that rows refer to by number."""

    def __init__(self, connection: Connection, *, tokens: bool) -> None:
        self._connection = connection
        self._tokens = tokens
        self.words: dict[int | None, str] = {}
        self._users: dict[int | None, str] = {}
        self._sets: dict[int | None, str | None] = {None: None}

    def load(self, rows: Iterable[Row]) -> None:
        """Looks up what these rows refer to."""
        rows = list(rows)
        self._look_up("name", "text", {row[place] for row in rows for place in _WORDS}, self.words)
        self._look_up("app_user", "user_id", {row[AT["app_user"]] for row in rows}, self._users)
        if self._tokens:
            sets: dict[int | None, Any] = {}
            self._look_up("property_set", "properties", {row[AT["property_set"]] for row in rows}, sets)
            for number, properties in sets.items():
                values = json.loads(properties) if isinstance(properties, str) else properties
                token = values.get(TOKEN)
                self._sets[number] = None if token is None else str(token)

    def _look_up(self, table: str, column: str, wanted: set[Any], into: dict[int | None, Any]) -> None:
        missing = sorted(number for number in wanted if number is not None and number not in into)
        for start in range(0, len(missing), 500):
            among = ", ".join(str(int(number)) for number in missing[start : start + 500])
            for number, text in self._connection.exec_driver_sql(
                f"SELECT id, {column} FROM {table} WHERE id IN ({among})"
            ):
                into[number] = text

    def caller(self, row: Row) -> Caller:
        """Who made a call of which model."""
        model = row[AT["request_model"]]
        return Caller(
            self._users.get(row[AT["app_user"]]),
            self.words.get(row[AT["group_name"]]),
            self.words.get(row[AT["feature"]]),
            self.words.get(row[AT["response_model"]] if model is None else model),
            self._sets.get(row[AT["property_set"]]),
        )


class LimitCounters:
    """Changes of what is spent, and holds that end, of one transaction. Made after its `Interning`."""

    def __init__(self, connection: Connection, dialect: Dialect, policy: Policy | None = None) -> None:
        self._connection, self._dialect = connection, dialect
        self._policy = policy if policy is not None else read_policy(connection, dialect)
        self._counted: list[tuple[Row, int, CallHold | None]] = []
        self.ended: list[int] = []
        """Calls whose holds end with this transaction."""
        self.abandoned: dict[int, int] = {}
        """Those of them that were booked for a process that died, with the row that stands for each."""

    def add(self, row: Row, sign: int = 1, hold: CallHold | None = None) -> None:
        """Counts a row, with `sign` -1 takes it away; `hold` ends."""
        if hold is not None:
            self.ended.append(hold.call_id)
        if self._policy.limits:
            self._counted.append((row, sign, hold))

    def store(self) -> None:
        """Writes what has changed, last in the transaction: others wait for these rows."""
        spent = self._sums() if self._counted else {}
        if self._dialect.name == "postgresql":
            from llmtrack.ledger.limits.postgresql_holds import take_holds

            take_holds(self._connection, self.ended, spent)
            self._note_ended(list(self.abandoned))
            return
        if spent:
            rows = [(*counter, amount) for counter, amount in sorted(spent.items())]
            sql = self._dialect.upsert_sql("limit_counter", ("limit_id", "subject", "period"), [("spent", "add")])
            self._connection.exec_driver_sql(sql, rows)
        self._note_ended(self.ended)

    def _note_ended(self, calls: Sequence[int]) -> None:
        if calls:
            now = time.time_ns() // 1000
            sql = self._dialect.upsert_sql("hold_ended", ("call_id",), [("generation", "set"), ("at", "set")])
            self._connection.exec_driver_sql(sql, [(call, self.abandoned.get(call), now) for call in calls])

    def _sums(self) -> dict[Counter, int]:
        rows = [row for row, _, _ in self._counted]
        texts = Texts(self._connection, tokens=any(limit.scope == "token" for limit in self._policy.limits))
        texts.load(rows)
        before = self._charges([row[0] for row, sign, _ in self._counted if sign < 0])
        after: dict[tuple[int, int], int] = {}
        sums: dict[Counter, int] = {}
        for row, sign, hold in self._counted:
            at = ids.started_at(row[0])
            for limit, subject in self._policy.applying(texts.caller(row)):
                key = (row[0], limit.id)
                own = used(limit, row, texts.words)
                charge = before.get(key) if sign < 0 or own.amount is None else None
                if sign > 0 and hold is not None:
                    charge = charged(limit, row, own, hold)
                if sign > 0 and charge is not None:
                    after[key] = charge
                if at >= limit.reset_at(subject):
                    counter = (limit.id, subject, period_of(limit, at)[0])
                    sums[counter] = sums.get(counter, 0) + sign * ((own.amount or 0) if charge is None else charge)
        self._store_charges(before, after)
        return {counter: amount for counter, amount in sums.items() if amount}

    def _charges(self, generations: Sequence[int]) -> dict[tuple[int, int], int]:
        """What rows counted that did not tell themselves."""
        keys = [(id,) for id in generations]
        columns = ("limit_id", "amount")
        rows = self._dialect.select_by_key(self._connection, "limit_charge", ("generation",), columns, keys)
        return {(generation, limit): amount for generation, limit, amount in rows}

    def _store_charges(self, before: Mapping[tuple[int, int], int], after: Mapping[tuple[int, int], int]) -> None:
        placeholder = self._dialect.placeholder
        gone = sorted(set(before) - set(after))
        if gone:
            sql = f"DELETE FROM limit_charge WHERE generation = {placeholder} AND limit_id = {placeholder}"
            self._connection.exec_driver_sql(sql, gone)
        if after:
            sql = self._dialect.upsert_sql("limit_charge", ("generation", "limit_id"), [("amount", "set")])
            self._connection.exec_driver_sql(sql, [(*key, amount) for key, amount in sorted(after.items())])


def recount(connection: Connection, dialect: Dialect, limit: Limit, now: int) -> None:
    """Sums up anew, from the rows there are, what counts against a limit in its present period.

    Nobody may write generations meanwhile (`sealed_days.exclude_writers`).
    """
    own = f"WHERE limit_id = {int(limit.id)}"
    connection.exec_driver_sql(f"UPDATE limit_counter SET spent = 0 {own}")
    connection.exec_driver_sql(f"DELETE FROM limit_counter {own} AND held = 0")
    policy = Policy([other for other in read_policy(connection, dialect).limits if _of_kind(other, limit)])
    start = period_of(limit, now)[0]
    texts = Texts(connection, tokens=limit.scope == "token")
    sums: dict[Counter, int] = {}
    for rows in _rows(connection, dialect, limit, start):
        texts.load(rows)
        counters = LimitCounters(connection, dialect, policy)
        charges = counters._charges([row[0] for row in rows])
        for row in rows:
            at = ids.started_at(row[0])
            for applied, subject in policy.applying(texts.caller(row)):
                if applied.id == limit.id and at >= limit.reset_at(subject):
                    own_amount = used(limit, row, texts.words).amount or 0
                    counter = (limit.id, subject, period_of(limit, at)[0])
                    sums[counter] = sums.get(counter, 0) + charges.get((row[0], limit.id), own_amount)
    if sums:
        sql = dialect.upsert_sql("limit_counter", ("limit_id", "subject", "period"), [("spent", "add")])
        connection.exec_driver_sql(sql, [(*counter, amount) for counter, amount in sorted(sums.items())])


def _of_kind(other: Limit, limit: Limit) -> bool:
    """Whether one may be the exception from the other."""
    return (other.scope, other.unit, other.period) == (limit.scope, limit.unit, limit.period)


def _rows(connection: Connection, dialect: Dialect, limit: Limit, since: int) -> Iterator[list[Row]]:
    """The generations begun at or after `since` that a limit may be about, some at a time."""
    placeholder, more = dialect.placeholder, ""
    if limit.scope == "user" and limit.target not in (None, EACH):
        sql = f"SELECT id FROM app_user WHERE user_id = {placeholder}"
        user = connection.exec_driver_sql(sql, (limit.target,)).scalar_one_or_none()
        more = f"AND app_user = {-1 if user is None else int(user)}"
    elif limit.scope in ("team", "feature") and limit.target not in (None, EACH):
        column = {"team": "group_name", "feature": "feature"}[limit.scope]
        kind = {"team": "group", "feature": "feature"}[limit.scope]
        sql = f"SELECT id FROM name WHERE kind = {placeholder} AND text = {placeholder}"
        name = connection.exec_driver_sql(sql, (kind, limit.target)).scalar_one_or_none()
        more = f"AND {column} = {-1 if name is None else int(name)}"
    after = max(ids.first_at(since), ids.first_at(0)) - 1
    while True:
        rows = connection.exec_driver_sql(
            f"SELECT {', '.join(COLUMNS)} FROM generation WHERE id > {int(after)} {more} ORDER BY id LIMIT {_SOME}"
        ).fetchall()
        if not rows:
            return
        yield [tuple(row) for row in rows]
        after = rows[-1][0]
