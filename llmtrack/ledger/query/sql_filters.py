"""The WHERE and GROUP BY of a query, over a rollup or over the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.query import catalog
from llmtrack.ledger.query.catalog import ATTRIBUTE, PROPERTY
from llmtrack.ledger.query.clock import Clock
from llmtrack.ledger.query.measures import Condition, Dimension
from llmtrack.ledger.query.names import UNKNOWN_NAME, NameLookup, ascii_lower, ids_of, name_column
from llmtrack.ledger.query.query import CLOCK, Filter, Value, limit

_STORES = {PROPERTY: ("property_set", "property_set", "properties"), ATTRIBUTE: ("app_user", "app_user", "attributes")}
_BY_TABLE = ("user", "session", "trace")
_SIGNS = {"above": ">", "below": "<"}


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values of its parameters, in order."""

    text: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """A filter with the ids of its values."""

    column: str
    ids: tuple[int, ...]
    negated: bool
    inner: Sql | None = None
    """For values in JSON, and for parts of names: a subselect of the ids that have them."""
    absent: Sql | None = None
    """Likewise, of the ids that have any value under the key, where "not given" is asked for too."""
    limits: tuple[str, ...] = ()
    """Comparisons of the column itself, such as ``> 400``."""
    of_clock: str = ""
    """What the clock shows at the time of a row, if that is what is compared."""

    @property
    def is_selective(self) -> bool:
        """Whether it leaves so few values of its column that a table sorted by this column is best."""
        return (
            not self.negated
            and not self.of_clock
            and (bool(self.ids) or self.inner is not None)
            and self.absent is None
        )


class SqlBuilder:
    """Builds WHERE and GROUP BY from the filters and dimensions of a query, with the ids of one ledger.

    Methods take the alias of the table they are for, and `rows`: whether it is `generation` (or has its columns, which
    are NULL where a value is not given) rather than a rollup (where that is 0).
    """

    def __init__(
        self,
        snapshot: Snapshot,
        names: NameLookup,
        where: Sequence[Filter],
        dimensions: Sequence[str],
        clock: Clock | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.names = names
        self._clock = clock or Clock(())
        self._aliases = names.aliases
        self.clauses = tuple(self._clause(condition) for condition in where)
        self.dimensions = tuple(dimensions)

    @property
    def columns(self) -> set[str]:
        """The columns a table must have for the filters and dimensions."""
        return {clause.column for clause in self.clauses} | {column_of(name) for name in self.dimensions}

    @property
    def selective_columns(self) -> set[str]:
        """The columns that filters restrict to a few values."""
        return {clause.column for clause in self.clauses if clause.is_selective}

    def where(self, alias: str, *, rows: bool, leave_out: Iterable[str] = (), joined: bool = False) -> Sql:
        """All filters as one condition, starting with AND; empty where there is none.

        With `joined` no index is used for them: the rows are found by what they are joined by.
        """
        parts = [
            _condition(clause, f"{'+' if joined else ''}{self._clause_key(clause, alias)}", rows)
            for clause in self.clauses
            if clause.column not in leave_out
        ]
        return Sql("".join(f" AND {part.text}" for part in parts), tuple(v for part in parts for v in part.values))

    def group_keys(self, alias: str, *, rows: bool) -> Sql:
        """What to select and group by, each after a comma."""
        parts = [self.group_key(name, alias, rows=rows) for name in self.dimensions]
        return Sql("".join(f", {part.text}" for part in parts), tuple(v for part in parts for v in part.values))

    def joins(self, alias: str) -> str:
        """The joins that `group_keys` needs."""
        wanted = {name[: len(prefix)] for prefix in _STORES for name in self.dimensions if name.startswith(prefix)}
        tables = [(_STORES[prefix], prefix[0]) for prefix in sorted(wanted)]
        keys = {"app_user": self.user_key(alias)}
        return "".join(
            f" LEFT JOIN {t} AS {p}x ON {p}x.id = {keys.get(column, f'{alias}.{column}')}"
            for (column, t, _), p in tables
        )

    def user_key(self, alias: str) -> str:
        """The user that a row of a table called `alias` counts for: where ids were merged, the one they belong to now.

        Without any merge that is the column itself, so that nobody pays for what they do not use.
        """
        column = f"{alias}.app_user"
        if not self._aliases:
            return column
        return f"COALESCE((SELECT ua.target FROM user_alias AS ua WHERE ua.app_user = {column}), {column})"

    def _clause_key(self, clause: Clause, alias: str) -> str:
        """What a filter compares. The ids of a filter by user are all that count for its users: see `_merged_ids`."""
        if clause.of_clock:
            return self._clock.sql(clause.of_clock, f"{alias}.id")
        by_attribute = clause.column == "app_user" and (clause.inner or clause.absent)
        return self.user_key(alias) if by_attribute else f"{alias}.{clause.column}"

    def _merged_ids(self, ids: Iterable[int]) -> list[int]:
        """These users and everybody whose calls count for the same ones."""
        if not self._aliases:
            return list(ids)
        users = {self._aliases.get(id, id) for id in ids}
        return [*users, *(alias for alias, target in self._aliases.items() if target in users)]

    def condition(self, only: Sequence[Condition], alias: str) -> str:
        """The condition under which a generation counts in a sum; empty where all do."""
        tests = []
        for name, positive, texts in only:
            dimension = catalog.DIMENSIONS[name]
            ids = sorted({self.names.id(dimension.name_kind or "", text) for text in texts} - {UNKNOWN_NAME})
            if not ids:  # none of these names is in the ledger, so no row has one
                if positive:
                    return "1 = 0"
                continue
            value = (
                f"COALESCE({alias}.{dimension.column}, 0)" if name == "error_type" else f"{alias}.{dimension.column}"
            )
            tests.append(f"{value} {'' if positive else 'NOT '}IN ({', '.join(map(str, ids))})")
        return " AND ".join(tests)

    def group_key(self, name: str, alias: str, *, rows: bool) -> Sql:
        """What a dimension is in a table called `alias`."""
        for prefix, (_, _, column) in _STORES.items():
            if name.startswith(prefix):
                text, values = self.snapshot.json_text(f"{prefix[0]}x.{column}", name.removeprefix(prefix))
                return Sql(text, tuple(values))
        dimension = catalog.dimension(name)
        reference = self.user_key(alias) if name == "user" else f"{alias}.{dimension.column}"
        numbered = dimension.name_kind or name in _BY_TABLE
        return Sql(f"COALESCE({reference}, 0)" if rows and numbered else reference)

    def _clause(self, condition: Filter) -> Clause:
        for prefix, (reference, table, column) in _STORES.items():
            if condition.dimension.startswith(prefix):
                return self._json_clause(condition, reference, table, column, condition.dimension.removeprefix(prefix))
        dimension = catalog.dimension(condition.dimension)
        if condition.dimension in CLOCK:
            shown = {UNKNOWN_NAME if v is None else _number(condition.dimension, v) for v in condition.values}
            return Clause(dimension.column, tuple(sorted(shown)), condition.negated, of_clock=condition.dimension)
        if condition.operator in _SIGNS:
            sign = _SIGNS[condition.operator]
            limits = tuple(f"{sign} {limit(value):f}" for value in condition.values)
            return Clause(dimension.column, (), condition.negated, limits=limits)
        if condition.operator == "contains":
            return self._part_clause(condition, dimension)
        if dimension.name_kind:
            ids = [self.names.id(dimension.name_kind, value) for value in condition.values]
        elif condition.dimension in _BY_TABLE:
            ids = ids_of(self.snapshot, condition.dimension, condition.values)
            if condition.dimension == "user":
                ids = self._merged_ids(ids)
        else:
            ids = [_number(condition.dimension, value) for value in condition.values]
        return Clause(dimension.column, tuple(sorted(set(ids))), condition.negated)

    def _part_clause(self, condition: Filter, dimension: Dimension) -> Clause:
        if dimension.name_kind:
            ids = self.names.ids_with(dimension.name_kind, condition.values)
            return Clause(dimension.column, tuple(sorted(ids)), condition.negated)
        table, column = name_column(condition.dimension)
        tests = " OR ".join([self.snapshot.contains(column)] * len(condition.values)) or "1 = 0"
        parts = tuple(ascii_lower(str(value)) for value in condition.values)
        return Clause(dimension.column, (), condition.negated, Sql(f"SELECT id FROM {table} WHERE {tests}", parts))

    def _json_clause(self, condition: Filter, reference: str, table: str, column: str, key: str) -> Clause:
        text, values = self.snapshot.json_text(column, key)
        if condition.operator != "is":
            tests = [self._json_test(condition, value) for value in condition.values]
            either = " OR ".join(test.text for test in tests) or "1 = 0"
            sql = f"SELECT id FROM (SELECT id, {text} AS text FROM {table}) AS texts WHERE {either}"
            numbers_or_parts = (value for test in tests for value in test.values)
            return Clause(reference, (), condition.negated, Sql(sql, (*values, *numbers_or_parts)))
        wanted = [str(value) for value in condition.values if value is not None]
        inner = absent = None
        if wanted:
            placeholders = self.snapshot.dialect.placeholders(len(wanted))
            inner = Sql(f"SELECT id FROM {table} WHERE {text} IN ({placeholders})", (*values, *wanted))
        if None in condition.values:
            absent = Sql(f"SELECT id FROM {table} WHERE {text} IS NOT NULL", tuple(values))
        return Clause(reference, (), condition.negated, inner, absent)

    def _json_test(self, condition: Filter, value: Value) -> Sql:
        if condition.operator == "contains":
            return Sql(self.snapshot.contains("texts.text"), (ascii_lower(str(value)),))
        sql, number = self.snapshot.compares("texts.text", _SIGNS[condition.operator], limit(value))
        return Sql(sql, (number,))


def column_of(name: str) -> str:
    """The column that a table must have to be grouped by a dimension."""
    for prefix, (reference, _, _) in _STORES.items():
        if name.startswith(prefix):
            return reference
    return catalog.dimension(name).column


def _condition(clause: Clause, reference: str, rows: bool) -> Sql:
    not_null = (
        f"COALESCE({reference}, 0)" if rows and (clause.negated or 0 in clause.ids or clause.absent) else reference
    )
    tests: list[Sql] = []
    if clause.ids:
        tests.append(Sql(f"{not_null} IN ({', '.join(map(str, clause.ids))})"))
    if clause.inner:
        tests.append(Sql(f"{not_null} IN ({clause.inner.text})", clause.inner.values))
    if clause.absent:
        tests.append(Sql(f"{not_null} NOT IN ({clause.absent.text})", clause.absent.values))
    given = f"{reference} IS NOT NULL" if rows else f"{reference} <> 0"
    tests += [Sql(f"({given} AND {reference} {comparison})") for comparison in clause.limits]
    joined = " OR ".join(test.text for test in tests) or "1 = 0"
    return Sql(f"{'NOT ' if clause.negated else ''}({joined})", tuple(v for test in tests for v in test.values))


def _number(dimension: str, value: Value) -> int:
    if value is None:
        return 0
    if value in ("true", "false"):
        return int(value == "true")
    try:
        return int(value)
    except ValueError:
        return UNKNOWN_NAME
