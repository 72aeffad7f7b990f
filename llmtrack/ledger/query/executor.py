"""Reads what a query needs: for each kind of number from the tables that have it, cut along their slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.periods import Period, from_micros
from llmtrack.ledger.query import catalog, sql_distinct
from llmtrack.ledger.query.context import names_and_extent
from llmtrack.ledger.query.measures import Distribution, Measure, Sum
from llmtrack.ledger.query.names import texts_of
from llmtrack.ledger.query.planner import (
    DISTRIBUTIONS,
    TOTALS,
    Extent,
    Scan,
    Slice,
    choose_family,
    plan_scans,
    plan_sealed,
    round_to_slots,
    why_rows,
)
from llmtrack.ledger.query.query import CLOCK, Query
from llmtrack.ledger.query.sql_filters import SqlBuilder
from llmtrack.ledger.query.sql_sums import (
    DAY_USER_SUMS,
    GroupKey,
    Sums,
    UserMeans,
    UserNumbers,
    read_sums,
    read_user_means,
    read_users,
    sums_of,
)
from llmtrack.ledger.query.time_groups import TimeGroups
from llmtrack.ledger.schema.rollups import DAY_USER, Rollup

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_BY_TABLE = ("user", "session", "trace")


def _itself(value: Any) -> Any:
    return value


class TooManyRows(LedgerError):
    """The query would read more generations than allowed; the message says how many, why, and the way out."""

    def __init__(self, rows: int, allowed: int, reason: str, what: str = "generations") -> None:
        self.rows = rows
        self.allowed = allowed
        self.reason = reason
        self.what = what
        super().__init__(
            f"This question has to read {rows:,} {what} one by one, because {reason}; "
            f"{allowed:,} are allowed: ask about a shorter time or one user, or allow more."
        )


class Executor:
    """One query on one snapshot of the ledger.

    Results are by group: the number of the bucket of time, then the ids or values of the dimensions. Methods that take
    `grouped` read the whole of the query as one group when it is False.
    """

    def __init__(self, view: Snapshot, ledger: Ledger, query: Query, max_rows: int | None, feedback: bool) -> None:
        self.view = view
        self.query = query
        self._max_rows = max_rows
        self._sources: list[str] = []
        self.warnings: list[str] = []
        """What is missing from the numbers, in sentences."""
        self.names, self.extent = names_and_extent(view, ledger)
        # Filters on the clock cut the time and are no conditions of rows.
        self._where = tuple(condition for condition in query.where if condition.dimension not in CLOCK)
        self.builder = SqlBuilder(view, self.names, self._where, query.dimensions)
        self._since, self._until = self._bounds(feedback)
        self.times = TimeGroups(query, self._since, self._until)

    @property
    def period(self) -> Period:
        """The time of the query; where it is open at an end, to the first or last generation."""
        zone = self.query.timezone
        return Period(from_micros(self._since, zone), from_micros(self._until, zone))

    def sums(self, sums: Sequence[Sum]) -> Sums:
        """Each sum by group."""
        return self._sums(self.builder, sums)

    def user_sums(self, sums: Sequence[Sum]) -> dict[GroupKey, dict[int, list[int]]]:
        """Each sum by group, then by user."""
        builder = SqlBuilder(self.view, self.names, self._where, (*self.query.dimensions, "user"))
        by_group: dict[GroupKey, dict[int, list[int]]] = {}
        for key, values in self._sums(builder, sums).items():
            by_group.setdefault(key[:-1], {})[key[-1]] = values  # type: ignore[index]
        return by_group

    def user_means(self, measures: Sequence[Measure], *, grouped: bool = True) -> UserMeans | None:
        """What means over users are taken from, by group; None where the users have to be fetched (`user_sums`)."""
        dimensions = (*self.query.dimensions, "user") if grouped else ("user",)
        builder = SqlBuilder(self.view, self.names, self._where, dimensions)
        sums = (Sum("generations"), *sums_of(measures))
        return read_user_means(builder, measures, *self._scans_of(builder, sums, grouped=grouped))

    def of_users(
        self, measures: Sequence[Measure], sums: Sequence[Sum], *, each: bool, grouped: bool = True
    ) -> UserNumbers | None:
        """Sums, means over users and the number of users, by group; None where more than their days has to be read."""
        builder = self._builder(grouped)
        if not builder.columns <= {"app_user"} or "app_user" in builder.selective_columns:
            return None
        if not all(entry in DAY_USER_SUMS for entry in (*sums_of(measures), *sums)):
            return None
        scans, rest = plan_scans(self._spans(grouped), (DAY_USER,), self.extent)
        if rest or not scans:
            return None
        self._note_source("totals and users", str(scans[0]), (), "")
        return read_users(builder, measures, sums, scans[0], each=each)

    def distribution(self, distribution: Distribution) -> Mapping[GroupKey, Any]:
        """A distribution by group."""
        from llmtrack.ledger.query.sql_percentiles import read_distribution

        needed = self.builder.columns | {catalog.DIMENSIONS[name].column for name, _, _ in distribution.only}
        family = choose_family(DISTRIBUTIONS, needed, self.builder.selective_columns)
        rollups = family.rollups if family else ()
        why = why_rows(DISTRIBUTIONS, self.builder.columns)
        scans, rows = self._plan(f"{distribution.of} percentiles", rollups, rollups, why, rounding=True)
        return read_distribution(self.builder, distribution, scans, rows)

    def merged(self, distributions: Mapping[GroupKey, Any]) -> Any:
        """All distributions as one."""
        from llmtrack.ledger.query.sql_percentiles import merged

        return merged(distributions)

    def count_distinct(self, of: str, *, grouped: bool = True) -> Mapping[GroupKey, int]:
        """The number of different users, traces or sessions by group."""
        builder = self._builder(grouped)
        if of == "user":
            return sql_distinct.count_users(builder, partial(self._plan, grouped=grouped))
        own_columns = builder.columns <= sql_distinct.OWN_COLUMNS[of]
        rows = [] if own_columns else [Slice(*span) for span in self._spans(grouped)]
        self._note_source(f"{of}s", f"the table {of}", rows, f"{of}s are told apart by their generations")
        return sql_distinct.count_started(builder, self._spans(grouped), of)

    def users(self) -> Mapping[GroupKey, set[int]]:
        """The different users by group, by their numbers."""
        return sql_distinct.users_of(self.builder, self._plan)

    def feedback(self, *, grouped: bool = True) -> Sums:
        """The number of judgements, and of good ones, by group."""
        builder = self._builder(grouped)
        rows = [Slice(*span) for span in self._spans(grouped)] if builder.columns else []
        self._warn_of_deleted_rows(rows, (), "judgements are told apart by generations")
        return sql_distinct.count_feedback(builder, self._spans(grouped))

    def texts(self, groups: Iterable[GroupKey]) -> dict[GroupKey, tuple[Any, ...]]:
        """The values of the dimensions as callers gave them, by the ids in `groups` (without buckets)."""
        wanted = set(groups)
        ways: list[Callable[[Any], Any]] = []
        for at, name in enumerate(self.query.dimensions):
            if name in _BY_TABLE:
                ways.append(texts_of(self.view, name, {group[at] for group in wanted}).get)  # type: ignore[misc]
            else:
                ways.append(self.names.text if catalog.dimension(name).name_kind else _itself)
        return {group: tuple(way(id) for way, id in zip(ways, group, strict=True)) for group in wanted}

    def explain(self) -> str:
        """Where the numbers were read."""
        return "; ".join(dict.fromkeys(self._sources)) or "nothing to read"

    def _builder(self, grouped: bool) -> SqlBuilder:
        return self.builder if grouped else SqlBuilder(self.view, self.names, self._where, ())

    def _sums(self, builder: SqlBuilder, sums: Sequence[Sum]) -> Sums:
        return read_sums(builder, sums, *self._scans_of(builder, sums))

    def _scans_of(
        self, builder: SqlBuilder, sums: Sequence[Sum], *, grouped: bool = True
    ) -> tuple[list[Scan], list[Slice]]:
        """Where sums are read: scans of rollups, and slices of rows."""
        conditions = (condition for entry in sums for condition in entry.only)
        needed = builder.columns | {catalog.DIMENSIONS[name].column for name, _, _ in conditions}
        family = choose_family(TOTALS, needed, builder.selective_columns)
        rollups, finer = (family.complete, family.rollups) if family else ((), ())
        all_users = builder.columns == {"app_user"} and "app_user" not in builder.selective_columns
        if all_users and all(entry in DAY_USER_SUMS for entry in sums):
            rollups = (DAY_USER,)
        return self._plan("totals", rollups, finer, why_rows(TOTALS, needed), grouped=grouped, rounding=True)

    def _plan(
        self,
        what: str,
        rollups: Sequence[Rollup],
        finer: Sequence[Rollup],
        why: str,
        *,
        grouped: bool = True,
        rounding: bool = False,
    ) -> tuple[list[Scan], list[Slice]]:
        """What to read from `rollups` and what from rows or, where these are deleted, from `finer` rollups instead.

        With `rounding` slots may be read whole and rows outside the query subtracted, where these are fewer.
        """
        scans, rest = plan_scans(self._spans(grouped), rollups, self.extent)
        sealed_scans, rows = plan_sealed(rest, finer, self.extent)
        self._warn_of_deleted_rows(rest, finer, why)
        if rounding:
            scans, rows = round_to_slots(scans, rows, rollups)
        scans += sealed_scans
        self._note_source(what, ", ".join(map(str, scans)), rows, why)
        return scans, rows

    def _warn_of_deleted_rows(self, rows: Sequence[Slice], finer: Sequence[Rollup], why: str) -> None:
        """Adds a warning where rows that would be read are deleted and no slot of `finer` replaces them exactly."""
        edge = self.extent.sealed_until if self.extent else 0
        slot = finer[-1].length if finer else 0
        if all(span.start >= edge or (slot and not span.start % slot and not span.end % slot) for span in rows):
            return
        until = from_micros(edge).date()
        warning = f"Generations before {until} are not counted in all of this: their rows are deleted, and {why}."
        if finer:
            warning = f"Before {until} rows are deleted: what was cut within a slot there counts where the slot begins."
        if warning not in self.warnings:
            self.warnings.append(warning)

    def _spans(self, grouped: bool = True) -> list[tuple[int, int, int]]:
        """The groups of time as number, start and end in microseconds, clipped to the time of the query."""
        return self.times.spans if grouped else self.times.whole

    def _bounds(self, feedback: bool) -> tuple[int, int]:
        """The time of the query; open at its end, it ends with the latest generation or, with `feedback`, judgement."""
        extent = self.extent or Extent(0, 0, 0)
        since = extent.first if self.query.since is None else self.query.since
        if self.query.until is not None:
            return since, max(since, self.query.until)
        last = extent.last
        if feedback and self.extent:
            last = max(last, self.view.one("SELECT COALESCE(MAX(at), 0) FROM feedback")[0])
        return since, max(since, last + 1)

    def _note_source(self, what: str, tables: str, rows: Sequence[Slice], why: str) -> None:
        """Notes for `explain` where something is read. Raises `TooManyRows` where that is too many rows."""
        if rows:
            count = sql_distinct.rows_within(self.view, self.builder, rows)
            if self._max_rows is not None and count > self._max_rows:
                raise TooManyRows(count, self._max_rows, why)
            tables += f"{', ' if tables else ''}at most {count:,} rows"
        self._sources.append(f"{what} from {tables or 'nothing'}")
