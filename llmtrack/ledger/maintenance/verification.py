"""Checking that the totals are what the rows add up to, to the nano-dollar, and remaking them where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.schema.rollups import CUBES, DAY, SKETCHES
from llmtrack.ledger.schema.row_measures import TRACE_MEASURES
from llmtrack.ledger.write import digests, sealed_days
from llmtrack.ledger.write.generation_row import COLUMNS, Row
from llmtrack.ledger.write.rollup_delta import CountingRules, RollupDelta

Progress = Callable[[int, int], None]
"""Called with the days done and the days there are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found."""

    days: int
    """UTC days checked, sealed ones included."""
    sealed: int
    generations: int
    """Rows read."""
    wrong: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """The tables that are wrong, by day (since 1970)."""
    interactions: dict[str, int] = field(default_factory=dict)
    """How many rows of `trace` and `session` have wrong sums."""

    @property
    def right(self) -> bool:
        """Whether everything adds up."""
        return not self.wrong and not self.interactions

    def in_words(self) -> str:
        """What was found, in a few lines."""
        checked = f"{self.generations:,} generations on {self.days:,} days checked"
        if self.sealed:
            checked += f", {self.sealed:,} of them sealed"
        if self.right:
            return f"{checked}: all totals are right."
        lines = [f"{checked}: the totals are wrong."]
        for day, tables in sorted(self.wrong.items())[:20]:
            lines.append(f"  {date_of(day)}: {', '.join(tables)}")
        if len(self.wrong) > 20:
            lines.append(f"  … and {len(self.wrong) - 20:,} more days")
        lines += [f"  {count:,} rows of {table}" for table, count in self.interactions.items()]
        return "\n".join(lines)


def verify(ledger: Ledger, progress: Progress | None = None) -> Verdict:
    """Adds up every row and compares each day with the totals stored; days whose rows are gone, with their seal."""
    with ledger.reading() as connection:
        rules = rules_in(connection)
        sealed = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT day, digest FROM sealed_day")}
        days = days_in(connection)
        wrong: dict[int, tuple[str, ...]] = {}
        count = 0
        edge = sealed_days.edge(connection)
        stored = digests.of_tables(connection, ledger.dialect, days[0], days[-1] + 1) if days else {}
        for done, day in enumerate(days):
            if day in sealed:
                if digests.in_words(stored.get(day, {})) != sealed[day]:
                    wrong[day] = ("its seal",)
            else:
                delta = RollupDelta(rules)
                for row in rows_of_day(connection, ledger, day):
                    delta.add(row)
                    count += 1
                if tables := _different(digests.of_delta(delta, edge).get(day, {}), stored.get(day, {})):
                    wrong[day] = tables
            if progress:
                progress(done + 1, len(days))
        interactions = _wrong_interactions(connection, rules, max(sealed, default=-1))
    return Verdict(len(days), len(sealed), count, wrong, interactions)


def rebuild(ledger: Ledger, days: Sequence[int] | None = None, progress: Progress | None = None) -> int:
    """Makes the totals of these UTC days (since 1970; default: all that are not sealed) anew from the rows, each day in
    a transaction of its own, then the sums of traces and sessions; returns the number of days."""
    with ledger.reading() as connection:
        sealed = {row[0] for row in connection.exec_driver_sql("SELECT day FROM sealed_day")}
        wanted = [day for day in (days_in(connection) if days is None else days) if day not in sealed]
    for done, day in enumerate(wanted):
        ledger.transact(lambda connection, day=day: rebuild_day(connection, ledger, day))  # type: ignore[misc]
        if progress:
            progress(done + 1, len(wanted))
    ledger.transact(lambda connection: _rebuild_interactions(connection, ledger, max(sealed, default=-1)))
    return len(wanted)


def rules_in(connection: Connection) -> CountingRules:
    """How the rows of a ledger are counted."""
    sql = "SELECT id, kind, text FROM name WHERE kind IN ('status', 'operation', 'cost_status', 'cost_reason')"
    return CountingRules({(kind, text): id for id, kind, text in connection.exec_driver_sql(sql)})


def days_in(connection: Connection) -> list[int]:
    """All UTC days (since 1970) that have rows or totals."""
    first, last = connection.exec_driver_sql("SELECT min(id), max(id) FROM generation").one()
    days = {row[0] for row in connection.exec_driver_sql("SELECT DISTINCT slot FROM rollup_day")}
    days |= {row[0] for row in connection.exec_driver_sql("SELECT day FROM sealed_day")}
    if first is not None:
        days |= set(range(ids.started_at(first) // DAY, ids.started_at(last) // DAY + 1))
    return sorted(days)


def rows_of_day(connection: Connection, ledger: Ledger, day: int) -> Iterator[Row]:
    """The generations of a UTC day (since 1970)."""
    mark = ledger.dialect.placeholder
    sql = f"SELECT {', '.join(COLUMNS)} FROM generation WHERE id >= {mark} AND id < {mark}"
    span = (ids.first_at(day * DAY), ids.first_at((day + 1) * DAY))
    for row in connection.exec_driver_sql(sql, span, execution_options={"stream_results": True}):
        yield tuple(row)


def date_of(day: int) -> str:
    """A UTC day (since 1970) as people write it."""
    return datetime.fromtimestamp(day * DAY / 1e6, UTC).date().isoformat()


def _different(expected: dict[str, int], stored: dict[str, int]) -> tuple[str, ...]:
    return tuple(sorted(table for table in {*expected, *stored} if expected.get(table) != stored.get(table)))


def rebuild_day(connection: Connection, ledger: Ledger, day: int) -> None:
    """Makes the totals of one UTC day anew from its rows."""
    mark = ledger.dialect.placeholder
    ledger.dialect.lock_sketches(connection)
    delta = RollupDelta(rules_in(connection))
    for row in rows_of_day(connection, ledger, day):
        delta.add(row)
    for rollup in (*CUBES, *SKETCHES):
        slots = DAY // rollup.length
        sql = f"DELETE FROM {rollup.table} WHERE slot >= {mark} AND slot < {mark}"
        connection.exec_driver_sql(sql, (day * slots, (day + 1) * slots))
    connection.exec_driver_sql(f"DELETE FROM rollup_day_user WHERE slot = {mark}", (day,))
    when = datetime.fromtimestamp(day * DAY / 1e6, UTC)
    month, bit = when.year * 12 + when.month - 1, 1 << when.day - 1
    connection.exec_driver_sql(f"UPDATE rollup_seen SET days = days & ~{bit} WHERE slot = {mark}", (month,))
    delta.store(connection, ledger.dialect, sealed_days.edge(connection))
    connection.exec_driver_sql(f"DELETE FROM rollup_seen WHERE slot = {mark} AND days = 0", (month,))


def _sums(rules: CountingRules) -> dict[str, str]:
    return {column: f"coalesce(sum({rule.sql(rules.id_of)}), 0)" for column, rule in TRACE_MEASURES.items()}


def _wrong_interactions(connection: Connection, rules: CountingRules, sealed: int) -> dict[str, int]:
    """Traces and sessions whose sums are not those of their rows; not those of days that have lost their rows."""
    wrong = {}
    for table in ("trace", "session"):
        sums = ", ".join(f"{form} AS {column}" for column, form in _sums(rules).items())
        differs = " OR ".join(f"t.{column} <> coalesce(s.{column}, 0)" for column in TRACE_MEASURES)
        count = connection.exec_driver_sql(
            f"SELECT count(*) FROM {table} t LEFT JOIN (SELECT g.{table} AS id, {sums} FROM generation g "
            f"WHERE g.{table} IS NOT NULL GROUP BY g.{table}) s ON s.id = t.id "
            f"WHERE t.started_at >= {(sealed + 1) * DAY} AND ({differs})"
        ).scalar_one()
        if count:
            wrong[table] = count
    return wrong


def _rebuild_interactions(connection: Connection, ledger: Ledger, sealed: int) -> None:
    rules = rules_in(connection)
    for table in ("trace", "session"):
        sums = ", ".join(f"{form} AS {column}" for column, form in _sums(rules).items())
        columns = ", ".join(f"coalesce(s.{column}, 0) AS {column}" for column in TRACE_MEASURES)
        changes = ", ".join(f"{column} = anew.{column}" for column in TRACE_MEASURES)
        calls = f"SELECT g.{table} AS id, {sums} FROM generation g WHERE g.{table} IS NOT NULL GROUP BY g.{table}"
        connection.exec_driver_sql(
            f"WITH s AS MATERIALIZED ({calls}), anew AS MATERIALIZED (SELECT t.id, {columns} FROM {table} t "
            f"LEFT JOIN s ON s.id = t.id WHERE t.started_at >= {(sealed + 1) * DAY}) "
            f"UPDATE {table} SET {changes} FROM anew WHERE anew.id = {table}.id"
        )
