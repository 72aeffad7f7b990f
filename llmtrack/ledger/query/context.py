"""What lists need to read the ledger at one moment: a snapshot, the names, the extent, the time and the filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ids import first_at, started_at
from llmtrack.ledger.database.snapshot import Cancel, Snapshot, snapshot
from llmtrack.ledger.periods import instant, offsets, zone
from llmtrack.ledger.query.clock import Clock
from llmtrack.ledger.query.names import NameLookup, name_lookup
from llmtrack.ledger.query.planner import Extent
from llmtrack.ledger.query.query import CLOCK, Filter, Where, filters
from llmtrack.ledger.query.sql_filters import SqlBuilder
from llmtrack.ledger.schema.rollups import DAY

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_START, _END = 946_684_800_000_000, 3_786_912_000_000_000  # the years an id can hold: 2000 to 2089


@dataclass(frozen=True, slots=True)
class QueryContext:
    """The ledger at one moment, with the time and the filters of a list."""

    snapshot: Snapshot
    names: NameLookup
    builder: SqlBuilder
    extent: Extent | None
    since: int
    """Microseconds since 1970."""
    until: int
    timezone: str

    @property
    def low(self) -> int:
        """The smallest id in the time."""
        return first_at(self.since)

    @property
    def high(self) -> int:
        """The smallest id after it."""
        return first_at(self.until)


@contextmanager
def query_context(
    ledger: Ledger,
    since: datetime | date | None,
    until: datetime | date | None,
    timezone: str,
    where: Where | None,
    cancel: Cancel | None,
) -> Iterator[QueryContext]:
    """The ledger as it is now. Raises ValueError for a time, a time zone or a filter that is not valid."""
    zone(timezone)
    start = _START if since is None else max(_START, instant(since, timezone))
    end = _END if until is None else min(_END, instant(until, timezone))
    checked = filters(where)
    with snapshot(ledger, cancel) as view:
        names, extent = names_and_extent(view, ledger)
        clock = clock_of(checked, extent, timezone)
        yield QueryContext(view, names, SqlBuilder(view, names, checked, (), clock), extent, start, end, timezone)


def clock_of(where: Sequence[Filter], extent: Extent | None, timezone: str) -> Clock | None:
    """What filters on the clock need to know, where there are any."""
    if extent is None or not any(condition.dimension in CLOCK for condition in where):
        return None
    return Clock(offsets(extent.first, extent.last, timezone))


def names_and_extent(view: Snapshot, ledger: Ledger) -> tuple[NameLookup, Extent | None]:
    """The names of the ledger, and the time its generations cover, in one statement; no extent while it is empty."""
    first, last, sealed, last_sealed, *version = view.one(
        "SELECT (SELECT min(id) FROM generation), (SELECT max(id) FROM generation), "
        "(SELECT min(day) FROM sealed_day), (SELECT max(day) FROM sealed_day), "
        "(SELECT count(*) FROM name), (SELECT max(id) FROM name), (SELECT value FROM state WHERE key = 'names'), "
        "(SELECT value FROM state WHERE key = 'aliases')"
    )
    names = name_lookup(ledger)
    names.refresh(view, tuple(version))
    starts = [time for time in (None if first is None else started_at(first), None if sealed is None else sealed * DAY)
              if time is not None]  # fmt: skip
    if not starts:
        return names, None
    end = 0 if last_sealed is None else (last_sealed + 1) * DAY
    return names, Extent(min(starts), max(end - 1, 0 if last is None else started_at(last)), end)
