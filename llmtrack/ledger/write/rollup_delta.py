"""What rows add to the rollups: summed in memory for a whole batch, then one upsert for each key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import add, itemgetter
from typing import NamedTuple

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema import row_measures, sketch
from llmtrack.ledger.schema.rollups import (
    CUBES,
    DAY,
    DAY_USER,
    DAY_USER_MEASURES,
    KEPT_APART,
    MEASURES,
    QUARTER,
    SEEN,
    SKETCHED,
    SKETCHES,
    Rollup,
)
from llmtrack.ledger.write.generation_row import AT, COLUMNS, Row
from llmtrack.ledger.write.sketch_tables import Triple, store_sketches
from llmtrack.statuses import Status

Key = tuple[int, ...]
Sums = list[int]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HALF = (1 << 48) - 1
_BITS = ("quarters_am", "quarters_pm", "days")
"""Columns that are sets of bits, which are not added up but joined."""
_TABLES = {rollup.table: rollup for rollup in (*CUBES, *SKETCHES)}
_USER_HOUR, _QUARTER = _TABLES["rollup_user_hour"], _TABLES["rollup_quarter"]
_SKETCHED_HOUR = Rollup("", _USER_HOUR.length, ("slot", "group_name", "feature", *_TABLES["sketch_hour"].key[1:]))
"""How distributions are summed up in memory: every sketch table is made from these."""
_DIMENSIONS = itemgetter(*(AT[column] for column in _USER_HOUR.key if column != "slot"))
_SKETCHED = itemgetter(*(AT[column] for column in SKETCHED))
_SUMMED = itemgetter(*(AT[name if not row_measures.has_rule(name) else "id"] for name in MEASURES))
"""The columns that most measures are sums of, in the order of `MEASURES`; others have the id in their place."""


class CountingRules:
    """How rows are counted, with the numbers that a ledger has for the words that decide it."""

    def __init__(self, names: Mapping[tuple[str, str], int]) -> None:
        def id_of(kind: str, word: str) -> int:
            return names.get((kind, word), -1)

        self.id_of = id_of
        self.pending = id_of("status", Status.PENDING.value)
        self.apart = {id_of("cost_status", status): value for status, value in KEPT_APART.items()}
        """By the number of a cost's status, where `rollup_day_user` keeps it."""
        self.trace_measures = [rule.value(id_of, AT) for rule in row_measures.TRACE_MEASURES.values()]
        """What a row adds to its trace and its session, in the order of `TRACE_MEASURES`."""
        at = {column: place for place, column in enumerate(_USER_HOUR.key)}
        self.is_message = row_measures.MESSAGE.test(id_of, at)
        """Whether the generations under a key of `rollup_user_hour` or `rollup_user_day` are messages."""
        self.is_error = row_measures.ERROR.test(id_of, at)
        self._rules = [
            (place, row_measures.rollup_measure(name).value(id_of, AT))
            for place, name in enumerate(MEASURES)
            if row_measures.has_rule(name)
        ]

    def measures_of(self, row: Row) -> Sums:
        """What a row adds to every rollup, in the order of `MEASURES`."""
        sums = [value or 0 for value in _SUMMED(row)]
        for place, value in self._rules:
            sums[place] = value(row)
        return sums


class _Group(NamedTuple):
    """Rows that are alike in all dimensions and begun in the same quarter of an hour."""

    sums: list[Sums]
    """What each of them adds, or some of them together."""
    spread: Triple


_TOGETHER = 256
"""So many rows of a group are summed up at once."""
_MOST_GROUPS = 20_000
"""So many groups are kept apart at most: where a day is counted anew there may be any number of them."""


class RollupDelta:
    """Sums and distributions of some rows, or of what some rows change.

    Rows that are alike in all dimensions, as many of a batch are, are put together first; all else is worked out once
    for each such group.
    """

    def __init__(self, rules: CountingRules) -> None:
        self._rules = rules
        self._groups: dict[Key, _Group] = {}
        self._by_user: dict[Key, Sums] = {}
        self._by_quarter: dict[Key, Sums] = {}
        self._quarters: dict[Key, int] = {}
        self._seen: dict[Key, int] = {}
        self._spread: dict[Key, Triple] = {}
        self._takes = False

    def add(self, row: Row, sign: int = 1) -> None:
        """Counts a row; with `sign` -1 takes it away again (but for the presence bits, which stay)."""
        sums: Sums = self._rules.measures_of(row)
        if sign < 0:
            self._takes = True
            sums = [-value for value in sums]
        key = (ids.started_at(row[0]) // QUARTER, *_DIMENSIONS(row))
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= _MOST_GROUPS:
                self._sum_groups()
            group = self._groups[key] = _Group([], self._count_group(key))
        group.sums.append(sums)
        if len(group.sums) == _TOGETHER:
            group.sums[:] = [list(map(sum, zip(*group.sums, strict=True)))]
        for counts, value in zip(group.spread, _SKETCHED(row), strict=True):
            if value is not None:
                bucket = sketch.bucket_of(value)
                counts[bucket] = counts.get(bucket, 0) + sign

    def _count_group(self, key: Key) -> Triple:
        """Notes the presence that a new group of rows tells of; returns where its distributions are counted."""
        quarter, *dimensions = key
        hour, day = quarter // 4, quarter // 96
        user, group, feature, provider, model, operation, status, cost_status, _ = [id or 0 for id in dimensions]
        presence = (day, user, self._rules.apart.get(cost_status, 0))
        self._quarters[presence] = self._quarters.get(presence, 0) | 1 << quarter % 96
        if status != self._rules.pending:
            month, bit = _month(day)
            seen = (month, provider, model, feature, group, user)
            self._seen[seen] = self._seen.get(seen, 0) | bit
        key = (hour, group, feature, provider, model, operation, status, cost_status)
        spread = self._spread.get(key)
        if spread is None:
            spread = self._spread[key] = ({}, {}, {})
        return spread

    def _sum_groups(self) -> None:
        """Adds what has been put together to the sums by user and by quarter-hour."""
        for (quarter, *dimensions), group in self._groups.items():
            user, team, feature, *plain, error = [id or 0 for id in dimensions]
            sums = list(map(sum, zip(*group.sums, strict=True)))
            _sum(self._by_user, (user, quarter // 4, team, feature, *plain, error), sums)
            _sum(self._by_quarter, (quarter, *plain), sums)
        self._groups.clear()

    def cubes(self) -> dict[str, dict[Key, Sums]]:
        """The sums by table and key. Each is made from a smaller one that has all of its dimensions."""
        self._sum_groups()
        sums = {_USER_HOUR.table: self._by_user, _QUARTER.table: self._by_quarter}
        for table, source in _SOURCES:
            sums[table] = _regrouped(sums[source], _regrouping(_TABLES[source], _TABLES[table]))
        return {rollup.table: sums[rollup.table] for rollup in CUBES}

    def day_users(self, user_day: Mapping[Key, Sums]) -> dict[Key, Sums]:
        """The values of `rollup_day_user` by key, in the order of `DAY_USER_MEASURES`."""
        rules, cost_status = self._rules, _TABLES["rollup_user_day"].key.index("cost_status")
        places = [MEASURES.index(name) for name in ("unpriced", "input_tokens", "output_tokens", "cost")]
        totals: dict[Key, Sums] = {}
        for key, sums in user_day.items():
            count = sums[0]
            brief = [count, count * rules.is_message(key), count * rules.is_error(key)]
            day_user = (key[1], key[0], rules.apart.get(key[cost_status], 0))
            _sum(totals, day_user, [*brief, *(sums[place] for place in places)])
        return {key: [*totals[key], *halves] for key, halves in self.quarters().items()}

    def quarters(self) -> dict[Key, tuple[int, int]]:
        """The quarter-hours of `rollup_day_user` by key, as bits in two halves."""
        return {key: (bits & _HALF, bits >> 48) for key, bits in self._quarters.items()}

    def sketches(self) -> dict[str, dict[Key, Triple]]:
        """The distributions by table and key."""
        return {rollup.table: _merged(self._spread, _regrouping(_SKETCHED_HOUR, rollup)) for rollup in SKETCHES}

    def days(self) -> set[int]:
        """The UTC days (since 1970) that have rows here."""
        return {key[0] for key in self._quarters}

    def seen(self) -> dict[Key, int]:
        """The days of `rollup_seen` by key."""
        return self._seen

    def store(self, connection: Connection, dialect: Dialect, edge: int) -> None:
        """Adds everything to the tables, in the order of their keys so that writers cannot deadlock.

        `edge` is the first UTC day after all sealed ones.
        """
        cubes = stored_cubes(self.cubes(), edge)
        for rollup in CUBES:
            _store_sums(connection, dialect, rollup, MEASURES, cubes[rollup.table])
        day_users = self.day_users(cubes["rollup_user_day"])
        _store_sums(connection, dialect, DAY_USER, DAY_USER_MEASURES, day_users)
        seen = {key: [days] for key, days in self._seen.items()}
        _store_sums(connection, dialect, SEEN, ("days",), seen)
        sketches = self.sketches()
        for rollup in SKETCHES:
            store_sketches(connection, dialect, rollup, sketches[rollup.table])
        if self._takes:
            for rollup in CUBES:
                _sweep(connection, dialect, rollup, cubes[rollup.table])


_MONTHS: dict[int, tuple[int, int]] = {}


def _month(day: int) -> tuple[int, int]:
    """The month of a day, as `rollup_seen` counts them, and the day's bit."""
    if (month := _MONTHS.get(day)) is None:
        when = date.fromordinal(day + _EPOCH_DAY)
        month = _MONTHS[day] = (when.year * 12 + when.month - 1, 1 << when.day - 1)
    return month


def stored_cubes(cubes: Mapping[str, dict[Key, Sums]], edge: int) -> dict[str, dict[Key, Sums]]:
    """Those of these sums that the tables hold while `edge` is the first UTC day after all sealed ones."""
    stored = dict(cubes)
    for rollup in CUBES:
        if rollup.sealed_only:
            slot, end = rollup.key.index("slot"), edge * (DAY // rollup.length)
            stored[rollup.table] = {key: sums for key, sums in cubes[rollup.table].items() if key[slot] < end}
    return stored


def store_sealed(connection: Connection, dialect: Dialect, delta: RollupDelta) -> None:
    """Adds what is kept of sealed days only, of a day that is being sealed."""
    cubes = delta.cubes()
    for rollup in CUBES:
        if rollup.sealed_only:
            _store_sums(connection, dialect, rollup, MEASURES, cubes[rollup.table])


def _sum(into: dict[Key, Sums], key: Key, sums: Sequence[int]) -> None:
    before = into.get(key)
    into[key] = list(sums) if before is None else list(map(add, before, sums))


_SOURCES = (
    ("rollup_user_day", "rollup_user_hour"),
    ("rollup_group_hour", "rollup_user_hour"),
    ("rollup_group_day", "rollup_group_hour"),
    ("rollup_feature_hour", "rollup_group_hour"),
    ("rollup_feature_day", "rollup_feature_hour"),
    ("rollup_hour", "rollup_feature_hour"),
    ("rollup_day", "rollup_hour"),
)
"""Each rollup with the one that it is summed up from, in order."""


def _regrouping(source: Rollup, target: Rollup) -> Callable[[Key], Key]:
    """The function that makes a key of `target` from one of `source`: its dimensions by name, its slot by length."""
    pick = itemgetter(*(source.key.index(column) for column in target.key))
    ratio, place = target.length // source.length, target.key.index("slot")
    if ratio == 1:
        return pick

    def regroup(key: Key) -> Key:
        picked = pick(key)
        return (*picked[:place], picked[place] // ratio, *picked[place + 1 :])

    return regroup


def _regrouped(sums: Mapping[Key, Sums], regroup: Callable[[Key], Key]) -> dict[Key, Sums]:
    totals: dict[Key, Sums] = {}
    for key, values in sums.items():
        _sum(totals, regroup(key), values)
    return totals


def _merged(spread: Mapping[Key, Triple], regroup: Callable[[Key], Key]) -> dict[Key, Triple]:
    merged: dict[Key, Triple] = {}
    for key, triple in spread.items():
        into = merged.setdefault(regroup(key), ({}, {}, {}))
        for counts, more in zip(into, triple, strict=True):
            for bucket, count in more.items():
                counts[bucket] = counts.get(bucket, 0) + count
    return merged


def _store_sums(
    connection: Connection,
    dialect: Dialect,
    rollup: Rollup,
    columns: Sequence[str],
    sums: Mapping[Key, Sequence[int]],
) -> None:
    if not sums:
        return
    # Most measures are 0 in most batches (no audio, no images): what is 0 throughout is left out of the statement.
    used = [place for place, values in enumerate(zip(*sums.values(), strict=True)) if any(values)]
    changes = [(columns[place], "or" if columns[place] in _BITS else "add") for place in used]
    if changes:
        rows = [(*key, *[values[place] for place in used]) for key, values in sorted(sums.items())]
        dialect.upsert_numbers(connection, rollup.table, rollup.key, changes, rows)


def _sweep(connection: Connection, dialect: Dialect, rollup: Rollup, sums: Mapping[Key, Sums]) -> None:
    """Deletes the totals that nothing is left of."""
    where = " AND ".join(f"{column} = {dialect.placeholder}" for column in rollup.key)
    keys = sorted(key for key, values in sums.items() if values[0] <= 0)
    if keys:
        connection.exec_driver_sql(f"DELETE FROM {rollup.table} WHERE {where} AND generations = 0", keys)


def correct_presence(connection: Connection, dialect: Dialect, rules: CountingRules, gone: Row) -> None:
    """Makes the presence bits right that the row `gone` had set, from the rows its user still has on that day.

    Adding rows sets bits; taking rows away cannot clear them, since other rows may have set them too.
    """
    before, after = RollupDelta(rules), RollupDelta(rules)
    before.add(gone)
    for row in _rows_of(connection, dialect, gone[AT["app_user"]], ids.started_at(gone[0]) // DAY):
        after.add(row)
    where = " AND ".join(f"{column} = {dialect.placeholder}" for column in DAY_USER.key)
    for key in before.quarters():
        am, pm = after.quarters().get(key, (0, 0))
        changes = f"quarters_am = {dialect.placeholder}, quarters_pm = {dialect.placeholder}"
        connection.exec_driver_sql(f"UPDATE rollup_day_user SET {changes} WHERE {where}", (am, pm, *key))
        connection.exec_driver_sql(f"DELETE FROM rollup_day_user WHERE {where} AND generations = 0", key)
    where = " AND ".join(f"{column} = {dialect.placeholder}" for column in SEEN.key)
    for key, bit in before.seen().items():
        if key not in after.seen():
            connection.exec_driver_sql(f"UPDATE rollup_seen SET days = days & ~{bit} WHERE {where}", key)
            connection.exec_driver_sql(f"DELETE FROM rollup_seen WHERE {where} AND days = 0", key)


def _rows_of(connection: Connection, dialect: Dialect, user: int | None, day: int) -> list[Row]:
    who = "app_user IS NULL" if user is None else f"app_user = {user}"
    within = f"id >= {ids.first_at(day * DAY)} AND id < {ids.first_at((day + 1) * DAY)}"
    sql = f"SELECT {', '.join(COLUMNS)} FROM generation WHERE {who} AND {within}"
    return [tuple(row) for row in connection.exec_driver_sql(sql)]
