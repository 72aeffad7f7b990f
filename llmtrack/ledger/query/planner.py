"""Which rollups answer a query exactly while reading least: time is cut into days, hours, quarter-hours and rows.

A query's time is sliced along the slots of the rollups that have its dimensions, the longest slots first:

    bucket      |---------------------------------------------|      11:40 on the 3rd to 09:10 on the 6th
    rollup_day             |==========|==========|                   the 4th and the 5th
    rollup_hour     |=====|                      |=====|             12:00 to 24:00, and 00:00 to 09:00
    rollup_quarter ||                                  |             11:45 to 12:00
    rows           .                                    .            11:40 to 11:45, and 09:00 to 09:10

Every slice is counted once, so the sum over all of them is what a scan of all rows would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmtrack.ledger.query.catalog import DIMENSION_OF_COLUMN
from llmtrack.ledger.schema.rollups import CUBES, DAY, HOUR, QUARTER, SKETCHES, Rollup

ROWS = Rollup("generation", 0, ())
"""The generations themselves, where no rollup has what the query needs."""
_SLOT_NAMES = {DAY: "day", HOUR: "hour", QUARTER: "quarter-hour"}


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive slots of a rollup, all in one bucket of the result; of rows: microseconds instead of slots."""

    bucket: int
    start: int
    end: int
    """The first slot (or microsecond) after it."""
    subtract: bool = False
    """Its rows are subtracted: they lie in a slot that was counted whole, but not in the time of the query."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The slices read from one table."""

    rollup: Rollup
    slices: tuple[Slice, ...]

    @property
    def leading_column(self) -> str | None:
        """The first column of the table's key, if it is not time: without a filter on it the whole table is read."""
        return _leading_column(self.rollup)

    def __str__(self) -> str:
        if not self.rollup.length:
            return "rows"
        slots = sum(span.end - span.start for span in self.slices)
        return f"{slots:,} {_SLOT_NAMES[self.rollup.length]}{'' if slots == 1 else 's'} of {self.rollup.table}"


@dataclass(frozen=True, slots=True)
class Extent:
    """The time that the ledger's generations cover, in microseconds since 1970."""

    first: int
    last: int
    sealed_until: int
    """Before this instant rows may be deleted; their totals are not."""


@dataclass(frozen=True, slots=True)
class RollupFamily:
    """Rollups with the same dimensions, the longest slots first."""

    rollups: tuple[Rollup, ...]

    @property
    def leading_column(self) -> str | None:
        """The first column of these tables' keys, if it is not time."""
        return _leading_column(self.rollups[0])

    @property
    def complete(self) -> tuple[Rollup, ...]:
        """The rollups that hold every day, sealed or not."""
        return tuple(rollup for rollup in self.rollups if not rollup.sealed_only)

    @property
    def dimensions(self) -> frozenset[str]:
        """The columns these tables are grouped by, besides time."""
        return frozenset(self.rollups[0].key) - {"slot"}


def _leading_column(rollup: Rollup) -> str | None:
    return rollup.key[0] if rollup.key and rollup.key[0] != "slot" else None


def _families(rollups: Iterable[Rollup]) -> tuple[RollupFamily, ...]:
    """The rollups by family, those with the fewest dimensions (and so the fewest rows) first."""
    by_key: dict[frozenset[str], list[Rollup]] = {}
    for rollup in rollups:
        by_key.setdefault(frozenset(rollup.key), []).append(rollup)
    families = (RollupFamily(tuple(sorted(group, key=lambda rollup: -rollup.length))) for group in by_key.values())
    return tuple(sorted(families, key=lambda family: len(family.dimensions)))


TOTALS = _families(CUBES)
DISTRIBUTIONS = _families(SKETCHES)


def choose_family(
    families: Sequence[RollupFamily], needed: Iterable[str], selective: Iterable[str]
) -> RollupFamily | None:
    """The family that has all `needed` columns and reads least; None where no family has them.

    A family whose leading column a filter restricts to a few values (`selective` columns) reads only theirs; otherwise
    one that is sorted by time reads only the slots of the query.
    """
    columns, restricted = set(needed), set(selective)
    able = [family for family in families if columns <= family.dimensions]
    led_by_filter = [family for family in able if family.leading_column in restricted]
    led_by_time = [family for family in able if family.leading_column is None]
    return next(iter(led_by_filter or led_by_time or able), None)


def why_rows(families: Sequence[RollupFamily], needed: Iterable[str]) -> str:
    """Why rows have to be read for what no family has, as a clause for people, in the names that they ask by."""
    available = frozenset().union(*(family.dimensions for family in families))
    unavailable = _asked_by(set(needed) - available)
    if unavailable:
        return f"no rollup has {' or '.join(unavailable)}"
    return f"no rollup has {', '.join(_asked_by(needed))} at once, or slots that short"


def _asked_by(columns: Iterable[str]) -> list[str]:
    return sorted(DIMENSION_OF_COLUMN.get(column, column) for column in columns)


def plan_scans(
    buckets: Sequence[tuple[int, int, int]], rollups: Sequence[Rollup], extent: Extent | None
) -> tuple[list[Scan], list[Slice]]:
    """Cuts buckets (number, start, end in microseconds) along the slots of `rollups`, the longest slots first.

    Returns the scans of rollups and the slices of microseconds that no slot fits into. Nothing lies before the extent's
    first generation or after its last, so a bucket that reaches beyond one is widened to whole days there: longer
    slots, the same generations.
    """
    if extent is None:
        return [], []
    rest: list[Slice] = []
    for number, start, end in buckets:
        if end <= extent.first or start > extent.last:
            continue
        if start <= extent.first:
            start -= start % DAY
        if end > extent.last:
            end += -end % DAY
        rest.append(Slice(number, start, end))
    scans = []
    for rollup in rollups:
        slots, rest = _whole_slots(rest, rollup.length)
        if slots:
            scans.append(Scan(rollup, tuple(slots)))
    return scans, rest


def _whole_slots(spans: Sequence[Slice], length: int) -> tuple[list[Slice], list[Slice]]:
    """The whole slots within slices of microseconds, and the microseconds before and after these slots."""
    slots: list[Slice] = []
    rest: list[Slice] = []
    for span in spans:
        low, high = -(-span.start // length), span.end // length  # rounded up, rounded down
        if low >= high:  # no whole slot fits in
            rest.append(span)
            continue
        slots.append(Slice(span.bucket, low, high))
        if span.start < low * length:
            rest.append(Slice(span.bucket, span.start, low * length))
        if high * length < span.end:
            rest.append(Slice(span.bucket, high * length, span.end))
    return slots, rest


def plan_sealed(
    rest: Sequence[Slice], rollups: Sequence[Rollup], extent: Extent | None
) -> tuple[list[Scan], list[Slice]]:
    """Replaces those slices of rows whose rows are deleted by scans of `rollups`; returns these and the other slices.

    A slot of a sealed day cannot be cut: it counts, whole, in the bucket in which it begins. Without rollups the
    deleted part is left out.
    """
    if extent is None or not extent.sealed_until:
        return [], list(rest)
    edge = extent.sealed_until
    deleted = [Slice(span.bucket, span.start, min(span.end, edge)) for span in rest if span.start < edge]
    available = [Slice(span.bucket, max(span.start, edge), span.end) for span in rest if span.end > edge]
    scans = []
    for rollup in rollups[:-1]:
        slots, deleted = _whole_slots(deleted, rollup.length)
        if slots:
            scans.append(Scan(rollup, tuple(slots)))
    if rollups:
        # The shortest slots: both ends are rounded up, so a slot goes to the slice that holds its beginning, and two
        # slices that meet within a slot count it once.
        length = rollups[-1].length
        begun = [Slice(span.bucket, -(-span.start // length), -(-span.end // length)) for span in deleted]
        if slots_begun := tuple(span for span in begun if span.start < span.end):
            scans.append(Scan(rollups[-1], slots_begun))
    return scans, available


def round_to_slots(
    scans: Sequence[Scan], rest: Sequence[Slice], rollups: Sequence[Rollup]
) -> tuple[list[Scan], list[Slice]]:
    """Reads a slot whole where that leaves fewer rows to read: the rows outside the query, which are then subtracted.

    A day in Berlin from 23:00 UTC to 23:00 UTC fills 23 hours of the UTC day in which it ends: the whole UTC day is
    read, and one hour of rows is subtracted instead of 23 hours added.
    """
    if not rollups:
        return list(scans), list(rest)
    shortest = rollups[-1]
    whole: list[Slice] = []
    rows: list[Slice] = []
    for span in rest:
        for start, end, slot in _within_slots(span, shortest.length):
            if 2 * (end - start) <= shortest.length:  # at most half of the slot: its rows are read and added
                rows.append(Slice(span.bucket, start, end))
                continue
            whole.append(Slice(span.bucket, slot, slot + 1))
            slot_start, slot_end = slot * shortest.length, (slot + 1) * shortest.length
            outside = ((slot_start, start), (end, slot_end))
            rows += [Slice(span.bucket, low, high, subtract=True) for low, high in outside if low < high]
    if not whole:
        return list(scans), rows
    same_table = next((scan for scan in scans if scan.rollup == shortest), Scan(shortest, ()))
    others = [scan for scan in scans if scan is not same_table]
    slices = sorted((*same_table.slices, *whole), key=lambda span: span.start)
    return [*others, Scan(shortest, tuple(slices))], rows


def _within_slots(span: Slice, length: int) -> Iterator[tuple[int, int, int]]:
    """What a slice of microseconds has of each slot: start, end, and the slot's number."""
    start = span.start
    while start < span.end:
        slot = start // length
        end = min(span.end, (slot + 1) * length)
        yield start, end, slot
        start = end
