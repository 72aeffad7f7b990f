"""SQL of sums over rollups and over rows: the same numbers from either.

This is the SQL of, for example, cost by day: `_read_rollup` for whole slots, `_read_rows` for what is left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmtrack.ids import first_at
from llmtrack.ledger.query.catalog import METRICS
from llmtrack.ledger.query.measures import Measure, Sum
from llmtrack.ledger.query.planner import Scan, Slice
from llmtrack.ledger.query.sql_filters import Sql, SqlBuilder
from llmtrack.ledger.schema.rollups import DAY, DAY_USER, KEPT_APART
from llmtrack.ledger.schema.row_measures import rollup_measure

if TYPE_CHECKING:
    from llmtrack.ledger.database.dialect import Dialect

GroupKey = tuple[object, ...]
"""A group of a result: the number of the bucket of time, then the ids or values of the dimensions."""
Sums = dict[GroupKey, list[int]]

_FEW_SLICES = 8


def _day_user_sums() -> dict[Sum, str]:
    columns: dict[Sum, str] = {}
    for name in ("generations", "messages", "errors", "unpriced", "input_tokens", "output_tokens"):
        formula = METRICS[name].formula
        if isinstance(formula, Measure):
            columns[formula.sum] = f"SUM(r.{name})"
    cost = METRICS["cost"].formula
    if isinstance(cost, Measure):
        columns[cost.sum] = "SUM(CASE WHEN r.simulated = 0 THEN r.cost ELSE 0 END)"
    for status, column_value in KEPT_APART.items():
        apart = METRICS[f"{status}_cost"].formula
        if isinstance(apart, Measure):
            columns[apart.sum] = f"SUM(CASE WHEN r.simulated = {column_value} THEN r.cost ELSE 0 END)"
            columns[Sum("generations", only=apart.sum.only)] = (
                f"SUM(CASE WHEN r.simulated = {column_value} THEN r.generations ELSE 0 END)"
            )
    return columns


DAY_USER_SUMS = _day_user_sums()
"""The sums that `rollup_day_user` has, each as SQL over its own columns."""


def read_sums(builder: SqlBuilder, sums: Sequence[Sum], scans: Sequence[Scan], rows: Sequence[Slice]) -> Sums:
    """Each sum by group, over all scans and over the slices of rows, some of which are subtracted."""
    totals: Sums = {}
    subtracts = any(span.subtract for span in rows)
    # With subtraction, the number of generations is read along: it says below which groups are left.
    read = (*sums, Sum("generations")) if subtracts else sums
    for scan in scans:
        for key, values in _read_rollup(builder, read, scan):
            _add(totals, key, values)
    if rows:
        for key, values, sign in _read_rows(builder, read, rows):
            _add(totals, key, values, sign)
    if not subtracts:
        return totals
    # A slot counted whole may have groups whose generations all lie outside the query: the result has no such group.
    return {key: values[:-1] for key, values in totals.items() if values[-1]}


def _add(totals: Sums, key: GroupKey, values: Sequence[int | None], sign: int = 1) -> None:
    total = totals.get(key)
    if total is None:
        totals[key] = _integers(values) if sign > 0 else [-value for value in _integers(values)]
    else:
        for at, value in enumerate(values):
            if value:
                total[at] += sign * int(value)


def _integers(values: Sequence[Any]) -> list[int]:
    """Sums as integers: PostgreSQL has Decimal for them, and None where no row has a value."""
    return [int(value or 0) for value in values] if None in values else list(map(int, values))


def _read_rollup(
    builder: SqlBuilder, sums: Sequence[Sum], scan: Scan
) -> Iterator[tuple[GroupKey, Sequence[int | None]]]:
    narrow = scan.rollup is DAY_USER
    columns = ", ".join(DAY_USER_SUMS[entry] if narrow else _summed(builder, entry, "r") for entry in sums)
    keys, where = builder.group_keys("r", rows=False), builder.where("r", rows=False)
    width = len(builder.dimensions)
    grouping = ", ".join(str(n + 1) for n in range(width + 1))
    select, source, bucket_of = slot_spans(scan, builder)
    tables = source.format(scan.rollup.table, builder.joins("r"))
    sql = f"{select}{keys.text}, {columns} FROM {tables}{where.text} GROUP BY {grouping}"
    rows = builder.snapshot.rows(sql, (*keys.values, *where.values))
    for row in rows:
        yield (bucket_of(row[0]), *row[1 : width + 1]), row[width + 1 :]


UserMeans = dict[GroupKey, list[tuple[int, int]]]
"""By group, for each measure: the sum over the users whose value is known, and their number."""


_GENERATIONS = Sum("generations")


def sums_of(measures: Iterable[Measure]) -> list[Sum]:
    """The sums that measures are made of."""
    return [entry for of in measures for entry in (of.sum, of.missing, of.present) if entry]


def _columns_of(measures: Sequence[Measure], sums: Sequence[Sum] = ()) -> dict[Sum, str]:
    """The columns in which the sums of each user are read; the first, s0, is how many generations there are."""
    read = dict.fromkeys((_GENERATIONS, *sums_of(measures), *sums))
    return {entry: f"s{number}" for number, entry in enumerate(read)}


def _is_known(measure: Measure, user: str, column: Mapping[Sum, str], table: str = "") -> str:
    """Whether something is known of a user: somebody (0 is nobody) with a generation, and not all of it missing."""
    condition = f"{user} <> 0 AND {table}s0 > 0"
    if measure.missing and measure.present:
        condition += f" AND NOT ({table}{column[measure.missing]} <> 0 AND {table}{column[measure.present]} = 0)"
    return condition


def _means_in(row: Sequence[Any], start: int, end: int) -> list[tuple[int, int]]:
    """Pairs of a sum over users and their number."""
    return [(int(row[at] or 0), int(row[at + 1])) for at in range(start, end, 2)]


def read_user_means(
    builder: SqlBuilder, measures: Sequence[Measure], scans: Sequence[Scan], rows: Sequence[Slice]
) -> UserMeans | None:
    """What means over users are taken from, added up in the database; the last dimension of `builder` is the user.

    Where there are many users, fetching the sums of each of them takes longer than reading these. None where a scan's
    groups of time are only found after reading (`slot_spans`), and where nothing but rows is read.
    """
    by_slot = [scan for scan in scans if len(scan.slices) > _FEW_SLICES and not _led_by_time(scan, builder)]
    if by_slot or (rows and not scans):
        return None
    width = len(builder.dimensions)
    column_of = _columns_of(measures)
    read = tuple(column_of)
    sources = [_sums_of_scan(builder, read, scan) for scan in scans]
    if rows:
        sources.append(_sums_of_rows(builder, read, rows))
    if not sources:
        return {}
    keys = ", ".join(f"c{number}" for number in range(width + 1))
    added = ", ".join(f"SUM({name}) AS {name}" for name in column_of.values())
    # A user of whom everything was taken away again has no generation in the time.
    of_each = f"SELECT {keys}, {added} FROM ({' UNION ALL '.join(sql for sql, _ in sources)}) AS part GROUP BY {keys}"
    columns = []
    for measure in measures:
        counts = _is_known(measure, f"c{width}", column_of)
        columns.append(f"SUM(CASE WHEN {counts} THEN {column_of[measure.sum]} END)")
        columns.append(f"SUM(CASE WHEN {counts} THEN 1 ELSE 0 END)")
    groups = ", ".join(f"c{number}" for number in range(width))
    of_all = f"SELECT {groups}, {', '.join(columns)} FROM ({of_each}) AS users"
    sql = f"{of_all} GROUP BY {groups} HAVING SUM(s0) > 0"
    means = builder.snapshot.rows(sql, [value for _, values in sources for value in values])
    return {tuple(row[:width]): _means_in(row, width, len(row)) for row in means}


def _sums_of_scan(builder: SqlBuilder, read: Sequence[Sum], scan: Scan) -> tuple[str, tuple[object, ...]]:
    """A SELECT of bucket, dimensions (c0, c1, …) and sums (s0, s1, …) from one rollup, and its parameters."""
    narrow = scan.rollup is DAY_USER
    sums = [DAY_USER_SUMS[entry] if narrow else _summed(builder, entry, "r") for entry in read]
    keys, where = named_keys(builder, "r", rows=False), builder.where("r", rows=False)
    select, source, _ = slot_spans(scan, builder)
    tables = source.format(scan.rollup.table, builder.joins("r"))
    grouping = ", ".join(str(number + 1) for number in range(len(builder.dimensions) + 1))
    sql = (
        f"SELECT * FROM ({select} AS c0{keys.text}, {_named(sums)} FROM {tables}{where.text} GROUP BY {grouping}) AS r"
    )
    return sql, (*keys.values, *where.values)


def _sums_of_rows(builder: SqlBuilder, read: Sequence[Sum], rows: Sequence[Slice]) -> tuple[str, tuple[object, ...]]:
    """The same from generations, each span read once and added to, or taken away from, each bucket that uses it."""
    sums = [_summed(builder, entry, "g") for entry in read]
    keys, where = named_keys(builder, "g", rows=True), builder.where("g", rows=True)
    width = len(builder.dimensions)
    span_table, uses = id_spans(rows)
    used = spans([(number, bucket, sign) for number, use in enumerate(uses) for bucket, sign in use])
    grouping = ", ".join(str(number + 1) for number in range(width + 1))
    part = (
        f"SELECT span.k AS n{keys.text}, {_named(sums)} FROM span CROSS JOIN generation AS g{builder.joins('g')} "
        f"WHERE {within(builder.snapshot.dialect, rows)}{where.text} GROUP BY {grouping}"
    )
    columns = "".join(f", c{number}" for number in range(1, width + 1))
    signed = ", ".join(f"used.sign * s{number}" for number in range(len(read)))
    sql = (
        f"SELECT * FROM ({span_table}, used(n, k, sign) AS ({used}) SELECT used.k{columns}, {signed} "
        f"FROM ({part}) AS part JOIN used ON used.n = part.n) AS g"
    )
    return sql, (*keys.values, *where.values)


def _named(sums: Sequence[str]) -> str:
    return ", ".join(f"{text} AS s{number}" for number, text in enumerate(sums))


def named_keys(builder: SqlBuilder, alias: str, *, rows: bool) -> Sql:
    """The dimensions to select, each after a comma, called c1, c2, …"""
    keys = [builder.group_key(name, alias, rows=rows) for name in builder.dimensions]
    return Sql(
        "".join(f", {key.text} AS c{n}" for n, key in enumerate(keys, 1)), tuple(v for key in keys for v in key.values)
    )


def slot_spans(scan: Scan, builder: SqlBuilder) -> tuple[str, str, Callable[[int], int]]:
    """How to read the slices of a scan from its table, which is called `r`.

    Returns the start of a SELECT up to its first column; what follows FROM, with places for the table and its joins;
    and the bucket as a function of that first column.

    A rollup's key is its order on disk, so what is cheap depends on the first column of the key:

    1. Time comes first, or a filter holds the first column to a few values: the slices are joined as a list of spans
       (the CTE `span`: bucket, first slot, slot after the last), and each is one range of the key.
    2. The first column is a user or a group and no filter is on it: a range of slots would read the whole table. Its
       values are listed (the CTE `lead_values`), and the slots are looked up for each of them: one range for each value
       and span.
    3. The same with many slices: values times slices would be many lookups of nearly nothing, so each value has a
       single one, over all slots from the first slice to the last. The first column is then the slot, and its bucket is
       found in Python.
    """
    in_span = "r.slot >= span.a AND r.slot < span.b"
    span_table = f"span(k, a, b) AS ({spans([(span.bucket, span.start, span.end) for span in scan.slices])})"
    if _led_by_time(scan, builder):
        return f"WITH {span_table} SELECT span.k", f"span CROSS JOIN {{}} AS r{{}} WHERE {in_span}", int
    leading = f"lead_values AS ({leading_values(scan)})"
    matches = f"r.{scan.leading_column} = lead_values.id"
    # CROSS JOIN, here and elsewhere: SQLite keeps the order of the tables, so the lists drive the lookups.
    if len(scan.slices) <= _FEW_SLICES:
        return (
            f"WITH {leading}, {span_table} SELECT span.k",
            f"lead_values CROSS JOIN span CROSS JOIN {{}} AS r{{}} WHERE {matches} AND {in_span}",
            int,
        )
    runs = _runs(scan.slices)
    # The outer bounds are the range of the key that is read; the runs leave out the gaps between slices within it.
    slots = f"r.slot >= {runs[0][0]} AND r.slot < {runs[-1][1]}"
    if len(runs) > 1:
        slots += f" AND ({' OR '.join(f'(r.slot >= {low} AND r.slot < {high})' for low, high in runs)})"
    buckets = {slot: span.bucket for span in scan.slices for slot in range(span.start, span.end)}
    return (
        f"WITH {leading} SELECT r.slot",
        f"lead_values CROSS JOIN {{}} AS r{{}} WHERE {matches} AND {slots}",
        buckets.__getitem__,
    )


def _led_by_time(scan: Scan, builder: SqlBuilder) -> bool:
    """Whether the slots of a scan are ranges of its table's key, at most one for each of a few values."""
    return not scan.leading_column or scan.leading_column in builder.selective_columns


def _runs(slices: Sequence[Slice]) -> list[tuple[int, int]]:
    """Adjacent slices joined, whichever bucket they are in: first slot, slot after the last."""
    runs: list[tuple[int, int]] = []
    for span in sorted(slices, key=lambda span: span.start):
        if runs and runs[-1][1] == span.start:
            runs[-1] = (runs[-1][0], span.end)
        else:
            runs.append((span.start, span.end))
    return runs


def leading_values(scan: Scan) -> str:
    """A SELECT of what a table's leading column can be in the time of a scan, as `id`: groups, or users."""
    if scan.leading_column == "group_name":
        return "SELECT CAST(0 AS BIGINT) AS id UNION ALL SELECT id FROM name WHERE kind = 'group'"
    first, last = scan.slices[0].start * scan.rollup.length, scan.slices[-1].end * scan.rollup.length - 1
    return f"SELECT DISTINCT app_user AS id FROM rollup_day_user WHERE slot >= {first // DAY} AND slot <= {last // DAY}"


def _read_rows(
    builder: SqlBuilder, sums: Sequence[Sum], rows: Sequence[Slice]
) -> Iterator[tuple[GroupKey, Sequence[int | None], int]]:
    """Each sum by group, with the sign it is added with."""
    columns = ", ".join(_summed(builder, entry, "g") for entry in sums)
    keys, where = builder.group_keys("g", rows=True), builder.where("g", rows=True)
    width = len(builder.dimensions)
    grouping = ", ".join(str(n + 1) for n in range(width + 1))
    span_table, uses = id_spans(rows)
    sql = (
        f"{span_table} SELECT span.k{keys.text}, {columns} FROM span CROSS JOIN generation AS g{builder.joins('g')} "
        f"WHERE {within(builder.snapshot.dialect, rows)}{where.text} GROUP BY {grouping}"
    )
    for row in builder.snapshot.rows(sql, (*keys.values, *where.values)):
        for bucket, sign in uses[row[0]]:
            yield (bucket, *row[1 : width + 1]), row[width + 1 :], sign


def id_spans(rows: Sequence[Slice]) -> tuple[str, list[list[tuple[int, int]]]]:
    """A WITH clause of numbered spans of generation ids, and for each number its uses: bucket, and 1 or -1 (subtract).

    Slices of the same time are one span, read once: the hours subtracted from one day are those added to the next.
    """
    uses: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for span in rows:
        uses.setdefault((span.start, span.end), []).append((span.bucket, -1 if span.subtract else 1))
    ids = [(number, first_at(start), first_at(end)) for number, (start, end) in enumerate(uses)]
    return f"WITH span(k, a, b) AS ({spans(ids)})", list(uses.values())


def within(dialect: Dialect, rows: Sequence[Slice]) -> str:
    """The condition that a generation, called `g`, lies in the span."""
    in_span = "g.id >= span.a AND g.id < span.b"
    if not dialect.bound_spans:
        return in_span
    low, high = min(span.start for span in rows), max(span.end for span in rows)
    return f"{in_span} AND g.id >= {first_at(low)} AND g.id < {first_at(high)}"


def spans(numbers: Sequence[Sequence[int]]) -> str:
    """A SELECT of rows of numbers. They are our own and need no placeholders; the first row says their type."""
    head = "SELECT " + ", ".join(f"CAST({number} AS BIGINT)" for number in numbers[0])
    rest = ", ".join(f"({', '.join(map(str, row))})" for row in numbers[1:])
    return f"{head} UNION ALL VALUES {rest}" if rest else head


def _summed(builder: SqlBuilder, entry: Sum, alias: str) -> str:
    terms = []
    for column in entry.columns:
        sign, name = ("-", column[1:]) if column.startswith("-") else ("+", column)
        terms.append(f"{sign} {f'{alias}.{name}' if alias == 'r' else row_value(builder, name)}")
    value = " ".join(terms).removeprefix("+ ")
    condition = builder.condition(entry.only, alias)
    return f"SUM(CASE WHEN {condition} THEN {value} ELSE 0 END)" if condition else f"SUM({value})"


def row_value(builder: SqlBuilder, name: str) -> str:
    """What one generation, called `g`, adds to a column of the rollups, as SQL."""
    return rollup_measure(name).sql(builder.names.id)


@dataclass(slots=True)
class UserNumbers:
    """What was read, by group."""

    sums: Sums = field(default_factory=dict)
    """Over all generations, those without a user too."""
    means: UserMeans = field(default_factory=dict)
    users: dict[GroupKey, int] = field(default_factory=dict)
    """The number of users with a generation."""
    values: dict[GroupKey, list[list[int]]] = field(default_factory=dict)
    """For each measure what is known of users, one value for each of them, in order."""


def read_users(
    builder: SqlBuilder, measures: Sequence[Measure], sums: Sequence[Sum], scan: Scan, *, each: bool
) -> UserNumbers:
    """The numbers of whole days in `rollup_day_user`; the dimensions of `builder` are users and what is known of them.

    With `each` the value of every user is fetched (`UserNumbers.values`), and no `sums` are read.
    """
    column_of = _columns_of(measures, sums)
    of_each, where_values, bucket_of = _by_user(builder, tuple(column_of), scan)
    keys = named_keys(builder, "r", rows=False)
    tables = f"({of_each}) AS r{builder.joins('r')}"
    of_user = [
        f"CASE WHEN {_is_known(of, 'r.app_user', column_of, 'r.')} THEN r.{column_of[of.sum]} END" for of in measures
    ]
    values = (*keys.values, *where_values)
    width = len(builder.dimensions) + 1
    if each:
        columns = "".join(f", {value}" for value in of_user)
        sql = f"SELECT r.c0{keys.text}{columns} FROM {tables} WHERE r.app_user <> 0 AND r.s0 > 0"
        return _of_each(builder.snapshot.rows(sql, values), width, bucket_of)
    columns = "".join(f", SUM({value}), COUNT({value})" for value in of_user)
    columns += ", COUNT(CASE WHEN r.app_user <> 0 AND r.s0 > 0 THEN 1 END)"
    columns += "".join(f", SUM(r.{column_of[entry]})" for entry in sums)
    grouping = ", ".join(str(n + 1) for n in range(width))
    sql = f"SELECT r.c0{keys.text}{columns} FROM {tables} GROUP BY {grouping} HAVING SUM(r.s0) > 0"
    numbers, users_at = UserNumbers(), width + 2 * len(measures)
    for row in builder.snapshot.rows(sql, values):
        key = (bucket_of(row[0]), *row[1:width])
        numbers.means[key] = _means_in(row, width, users_at)
        if row[users_at]:
            numbers.users[key] = int(row[users_at])
        if sums:
            numbers.sums[key] = [int(value or 0) for value in row[users_at + 1 :]]
    return numbers


def added_up(numbers: UserNumbers) -> UserNumbers:
    """All groups as one, under the key (): right where no user is in two of them."""
    return UserNumbers(
        {(): [sum(column) for column in zip(*numbers.sums.values(), strict=True)]} if numbers.sums else {},
        {(): [(sum(total for total, _ in of), sum(users for _, users in of))
              for of in zip(*numbers.means.values(), strict=True)]} if numbers.means else {},
        {(): sum(numbers.users.values())} if numbers.users else {},
        {(): [sorted(value for part in of for value in part) for of in zip(*numbers.values.values(), strict=True)]}
        if numbers.values else {},
    )  # fmt: skip


def _of_each(rows: Sequence[Sequence[Any]], width: int, bucket_of: Callable[[int], int]) -> UserNumbers:
    by_group: dict[GroupKey, list[Sequence[Any]]] = {}
    for row in rows:
        by_group.setdefault((bucket_of(row[0]), *row[1:width]), []).append(row[width:])
    numbers = UserNumbers()
    for key, users in by_group.items():
        of_measures = [
            sorted(int(value) for value in column if value is not None) for column in zip(*users, strict=True)
        ]
        numbers.values[key] = of_measures
        numbers.means[key] = [(sum(values), len(values)) for values in of_measures]
        numbers.users[key] = len(users)
    return numbers


def _by_user(
    builder: SqlBuilder, read: Sequence[Sum], scan: Scan
) -> tuple[str, tuple[object, ...], Callable[[int], int]]:
    """A SELECT of bucket (c0), user and sums (s0, s1, …), its parameters, and what turns c0 into a bucket."""
    columns = ", ".join(f"{DAY_USER_SUMS[entry]} AS s{n}" for n, entry in enumerate(read))
    where, user = builder.where("r", rows=False), builder.user_key("r")
    slots = scan.slices
    if len(slots) > 1 and all(s.end - s.start == 1 for s in slots) and len({s.bucket for s in slots}) == len(slots):
        # Each bucket is one day, as in the table's key: nothing has to be sorted for the groups.
        buckets = {span.start: span.bucket for span in slots}
        listed = ", ".join(map(str, buckets))
        text = (
            f"SELECT r.slot AS c0, {user} AS app_user, {columns} FROM {DAY_USER.table} AS r "
            f"WHERE r.slot IN ({listed}){where.text} GROUP BY r.slot, {user}"
        )
        return text, where.values, buckets.__getitem__
    span_table = spans([(span.bucket, span.start, span.end) for span in slots])
    text = (
        f"WITH span(k, a, b) AS ({span_table}) SELECT span.k AS c0, {user} AS app_user, {columns} "
        f"FROM span CROSS JOIN {DAY_USER.table} AS r WHERE r.slot >= span.a AND r.slot < span.b{where.text} "
        f"GROUP BY span.k, {user}"
    )
    return text, where.values, int
