"""What rows add to the rollups: summed in memory for a whole batch, then one upsert for each key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import add

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema import sketch
from llmtrack.ledger.schema.rollups import CUBES, DAY, MEASURES, QUARTER, SKETCHES, Rollup, is_message
from llmtrack.ledger.write.generation_row import AT, Row
from llmtrack.ledger.write.sketch_tables import Triple, store_sketches
from llmtrack.pricing.reasons import NOT_COUNTED, Reason

Key = tuple[int, ...]
Sums = list[int]

DAY_USER = (
    "generations",
    "messages",
    "errors",
    "unpriced",
    "input_tokens",
    "output_tokens",
    "cost",
    "quarters_am",
    "quarters_pm",
)
DAY_USER_KEY = ("slot", "app_user", "simulated")
SEEN_KEY = ("slot", "provider", "model", "feature", "group_name", "app_user")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_HALF = (1 << 48) - 1
_TOKENS = slice(AT["input_tokens"], AT["web_searches"] + 1)
_COSTS = slice(AT["cost"], AT["tool_cost"] + 1)
(_USER, _FEATURE, _GROUP, _PROVIDER, _OPERATION, _MODEL, _STATUS, _ERROR, _COST_STATUS, _REASON) = (
    AT[column]
    for column in (
        "app_user",
        "feature",
        "group_name",
        "provider",
        "operation",
        "model",
        "status",
        "error_type",
        "cost_status",
        "cost_reason",
    )
)
_DURATION, _FIRST = AT["duration"], AT["time_to_first_token"]


class Words:
    """The numbers of the words that decide how a row is counted."""

    def __init__(self, names: Mapping[tuple[str, str], int]) -> None:
        self.ok = names.get(("status", "ok"), -1)
        self.incomplete = names.get(("status", "incomplete"), -1)
        self.error = names.get(("status", "error"), -1)
        self.pending = names.get(("status", "pending"), -1)
        self.simulated = names.get(("cost_status", "simulated"), -1)
        self.usage_missing = names.get(("cost_reason", Reason.USAGE_MISSING.value), -1)
        self.not_counted = {names.get(("cost_reason", reason.value), -1) for reason in NOT_COUNTED}
        operations = [(id, text) for (kind, text), id in names.items() if kind == "operation"]
        statuses = [(id, text) for (kind, text), id in names.items() if kind == "status"]
        self.messages = {
            (o, s) for o, operation in operations for s, status in statuses if is_message(operation, status)
        }

    def is_unpriced(self, row: Row) -> bool:
        """What `llmtrack.pricing.reasons.counts_as_unpriced` says of a row's cost."""
        real = row[_COST_STATUS] != self.simulated
        return row[_COSTS][0] is None and real and row[_REASON] not in self.not_counted


def measures_of(row: Row, words: Words) -> Sums:
    """What a row adds to every rollup, in the order of `MEASURES`."""
    tokens, costs = row[_TOKENS], row[_COSTS]
    input, output, read, write, write_1h, reasoning, audio_in, audio_out, _, image_in, image_out, searches = tokens
    duration, first = row[_DURATION], row[_FIRST]
    speed_tokens = speed_time = 0
    if duration is not None and output is not None and row[_STATUS] in (words.ok, words.incomplete):
        writing = duration - (first or 0)
        if writing > 0:
            speed_tokens, speed_time = output, writing
    unpriced = words.is_unpriced(row)
    return [
        1,
        int(input is None),
        int(output is None),
        int(unpriced),
        int(unpriced and row[_REASON] == words.usage_missing),
        *[
            each or 0
            for each in (input, output, read, write, write_1h, reasoning, audio_in, audio_out, image_in, image_out)
        ],
        searches or 0,
        *[each or 0 for each in costs],
        duration or 0,
        int(duration is not None),
        first or 0,
        int(first is not None),
        speed_tokens,
        speed_time,
    ]


class Totals:
    """Sums and distributions of some rows, or of what some rows change."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._by_user: dict[Key, Sums] = {}
        self._by_quarter: dict[Key, Sums] = {}
        self._quarters: dict[Key, int] = {}
        self._seen: dict[Key, int] = {}
        self._spread: dict[Key, Triple] = {}
        self._takes = False

    def add(self, row: Row, sign: int = 1) -> None:
        """Counts a row; with `sign` -1 takes it away again (but for the marks of who was there, which stay)."""
        words = self._words
        sums: Sequence[int] = measures_of(row, words)
        if sign < 0:
            self._takes = True
            sums = [-each for each in sums]
        quarter = ids.started_at(row[0]) // QUARTER
        hour = quarter // 4
        day = quarter // 96
        user, group, feature = row[_USER] or 0, row[_GROUP] or 0, row[_FEATURE] or 0
        plain = (row[_PROVIDER], row[_MODEL] or 0, row[_OPERATION], row[_STATUS], row[_COST_STATUS])
        _sum(self._by_user, (user, hour, group, feature, *plain, row[_ERROR] or 0), sums)
        _sum(self._by_quarter, (quarter, *plain), sums)
        simulated = int(plain[4] == words.simulated)
        mark = (day, user, simulated)
        self._quarters[mark] = self._quarters.get(mark, 0) | 1 << quarter % 96
        if plain[3] != words.pending:
            month, bit = _month(day)
            seen = (month, plain[0], plain[1], feature, group, user)
            self._seen[seen] = self._seen.get(seen, 0) | bit
        spread = self._spread.get(key := (hour, group, feature, *plain))
        if spread is None:
            spread = self._spread[key] = ({}, {}, {})
        cost = row[_COSTS.start]
        for counts, value in zip(spread, (row[_DURATION], row[_FIRST], cost), strict=True):
            if value is not None:
                bucket = sketch.bucket_of(value)
                counts[bucket] = counts.get(bucket, 0) + sign

    def cubes(self) -> dict[str, dict[Key, Sums]]:
        """The sums by table and key."""
        user_hour = self._by_user
        user_day = _regrouped(user_hour, lambda k: (k[0], k[1] // 24, *k[2:]))
        group_hour = _regrouped(user_hour, lambda k: (k[2], k[1], *k[3:]))
        group_day = _regrouped(group_hour, lambda k: (k[0], k[1] // 24, *k[2:]))
        feature_hour = _regrouped(group_hour, lambda k: k[1:])
        feature_day = _regrouped(feature_hour, lambda k: (k[0] // 24, *k[1:]))
        hour = _regrouped(feature_hour, lambda k: (k[0], *k[2:7]))
        return {
            "rollup_quarter": self._by_quarter,
            "rollup_hour": hour,
            "rollup_day": _regrouped(hour, lambda k: (k[0] // 24, *k[1:])),
            "rollup_feature_hour": feature_hour,
            "rollup_feature_day": feature_day,
            "rollup_group_hour": group_hour,
            "rollup_group_day": group_day,
            "rollup_user_hour": user_hour,
            "rollup_user_day": user_day,
        }

    def day_users(self, user_day: Mapping[Key, Sums]) -> dict[Key, Sums]:
        """The values of `rollup_day_user` by key, in the order of `DAY_USER`."""
        words, places = self._words, [MEASURES.index(m) for m in ("unpriced", "input_tokens", "output_tokens", "cost")]
        found: dict[Key, Sums] = {}
        for key, sums in user_day.items():
            count, status = sums[0], key[7]
            brief = [count, count * ((key[6], status) in words.messages), count * (status == words.error)]
            _sum(found, (key[1], key[0], int(key[8] == words.simulated)), [*brief, *(sums[place] for place in places)])
        return {key: [*found[key], *halves] for key, halves in self.quarters().items()}

    def quarters(self) -> dict[Key, tuple[int, int]]:
        """The quarter-hours of `rollup_day_user` by key, as bits in two halves."""
        return {mark: (bits & _HALF, bits >> 48) for mark, bits in self._quarters.items()}

    def sketches(self) -> dict[str, dict[Key, Triple]]:
        """The distributions by table and key."""
        hour = _merged(self._spread, lambda k: (k[0], *k[3:]))
        return {
            "sketch_hour": hour,
            "sketch_day": _merged(hour, lambda k: (k[0] // 24, *k[1:])),
            "sketch_feature_day": _merged(self._spread, lambda k: (k[0] // 24, k[2], *k[3:])),
            "sketch_group_day": _merged(self._spread, lambda k: (k[1], k[0] // 24, *k[3:])),
        }

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
        cubes = kept(self.cubes(), edge)
        for rollup in CUBES:
            _store_sums(connection, dialect, rollup.table, rollup.key, MEASURES, cubes[rollup.table])
        day_users = self.day_users(cubes["rollup_user_day"])
        _store_sums(connection, dialect, "rollup_day_user", DAY_USER_KEY, DAY_USER, day_users)
        seen = {key: [days] for key, days in self._seen.items()}
        _store_sums(connection, dialect, "rollup_seen", SEEN_KEY, ("days",), seen)
        sketches = self.sketches()
        for rollup in SKETCHES:
            store_sketches(connection, dialect, rollup, sketches[rollup.table])
        if self._takes:
            for rollup in CUBES:
                _sweep(connection, dialect, rollup, cubes[rollup.table])


_MONTHS: dict[int, tuple[int, int]] = {}


def _month(day: int) -> tuple[int, int]:
    """The month of a day, as `rollup_seen` counts them, and the day's bit."""
    if (found := _MONTHS.get(day)) is None:
        when = date.fromordinal(day + _EPOCH_DAY)
        found = _MONTHS[day] = (when.year * 12 + when.month - 1, 1 << when.day - 1)
    return found


def kept(cubes: Mapping[str, dict[Key, Sums]], edge: int) -> dict[str, dict[Key, Sums]]:
    """What of these sums the tables hold while `edge` is the first UTC day after all sealed ones."""
    held = dict(cubes)
    for rollup in CUBES:
        if rollup.sealed_only:
            slot, end = rollup.key.index("slot"), edge * (DAY // rollup.length)
            held[rollup.table] = {key: sums for key, sums in cubes[rollup.table].items() if key[slot] < end}
    return held


def store_sealed(connection: Connection, dialect: Dialect, totals: Totals) -> None:
    """Adds what is kept of sealed days only, of a day that is being sealed."""
    cubes = totals.cubes()
    for rollup in CUBES:
        if rollup.sealed_only:
            _store_sums(connection, dialect, rollup.table, rollup.key, MEASURES, cubes[rollup.table])


def _sum(into: dict[Key, Sums], key: Key, sums: Sequence[int]) -> None:
    known = into.get(key)
    into[key] = list(sums) if known is None else list(map(add, known, sums))


def _regrouped(sums: Mapping[Key, Sums], key: Callable[[Key], Key]) -> dict[Key, Sums]:
    found: dict[Key, Sums] = {}
    for each, values in sums.items():
        _sum(found, key(each), values)
    return found


def _merged(spread: Mapping[Key, Triple], key: Callable[[Key], Key]) -> dict[Key, Triple]:
    found: dict[Key, Triple] = {}
    for each, triple in spread.items():
        into = found.setdefault(key(each), ({}, {}, {}))
        for counts, more in zip(into, triple, strict=True):
            for bucket, count in more.items():
                counts[bucket] = counts.get(bucket, 0) + count
    return found


def _store_sums(
    connection: Connection,
    dialect: Dialect,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    sums: Mapping[Key, Sequence[int]],
) -> None:
    if not sums:
        return
    # Most measures are 0 in most batches (no audio, no images): what is 0 throughout is left out of the statement.
    used = [place for place, values in enumerate(zip(*sums.values(), strict=True)) if any(values)]
    bits = ("quarters_am", "quarters_pm", "days")
    changes = [(columns[place], "or" if columns[place] in bits else "add") for place in used]
    if changes:
        rows = [(*each, *[values[place] for place in used]) for each, values in sorted(sums.items())]
        dialect.upsert_numbers(connection, table, key, changes, rows)


def _sweep(connection: Connection, dialect: Dialect, rollup: Rollup, sums: Mapping[Key, Sums]) -> None:
    """Deletes the totals that nothing is left of."""
    where = " AND ".join(f"{column} = {dialect.mark}" for column in rollup.key)
    keys = sorted(key for key, values in sums.items() if values[0] <= 0)
    if keys:
        connection.exec_driver_sql(f"DELETE FROM {rollup.table} WHERE {where} AND generations = 0", keys)
