"""Lists of generations, traces, sessions and users, page by page; and all there is to see of one of them.

    page = generations(ledger, since=…, where={"user": "alice"}, order="-time")
    for row in page: row.at, row.model, row.cost
    page = generations(ledger, since=…, where={"user": "alice"}, order="-time", after=page.after)

Every list takes the filters of `metrics.ask`. Sorted by time, a page costs the same however deep it lies. Sorted by
cost, duration or tokens, all there is in the time is looked through, two or three million generations in a second; that
is refused beyond `MAX_SORTED`. An index for each would make every call that is written, and the file, pay for it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ledger.database.full_text import terms_of
from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.lists import generation_pages
from llmtrack.ledger.lists import generation_rows as told
from llmtrack.ledger.lists.generation_rows import GenerationDetail, GenerationRow
from llmtrack.ledger.lists.pagination import MAX_SORTED, NotFound, Page, cursor, direction, page_size, position
from llmtrack.ledger.lists.trace_list import (
    SessionRow,
    SpanRow,
    TraceDetail,
    TraceRow,
    session,
    sessions,
    trace,
    traces,
)
from llmtrack.ledger.lists.user_list import UserRow, users
from llmtrack.ledger.query.context import Opened, opened
from llmtrack.ledger.query.query import Where

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

__all__ = [
    "MAX_SORTED",
    "GenerationDetail",
    "GenerationRow",
    "NotFound",
    "Page",
    "SessionRow",
    "SpanRow",
    "TraceDetail",
    "TraceRow",
    "UserRow",
    "generation",
    "generations",
    "session",
    "sessions",
    "trace",
    "traces",
    "users",
]

MAX_ROWS = 200_000
"""Rows a page in the order of time may look through before it is handed over unfinished."""
_VALUES = {
    "cost": "COALESCE(g.cost, {})",
    "duration": "COALESCE(g.duration, {})",
    "tokens": "COALESCE(g.input_tokens + COALESCE(g.output_tokens, 0), g.output_tokens, {})",
}
_LARGEST = 2**63 - 1


def generations(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    search: str | None = None,
    order: str = "-time",
    after: str | None = None,
    limit: int = 50,
    max_rows: int | None = MAX_ROWS,
    max_sorted: int | None = MAX_SORTED,
    cancel: Cancel | None = None,
) -> Page[GenerationRow]:
    """A page of generations, by `order`: ``time``, ``cost``, ``duration`` or ``tokens``, after ``-`` the largest first.

    `search` finds words in prompts and answers (``"in quotation marks"`` in this order). `after` is the `Page.after` of
    the page before. A page that looked through `max_rows` is handed over as it is, not `complete`. Raises ValueError
    for what cannot be asked and `TooManyRows` where more than `max_sorted` generations would have to be sorted.
    """
    name, down = direction(order)
    size = page_size(limit)
    with opened(ledger, since, until, timezone, where, cancel) as view:
        if name == "time":
            return _by_time(view, down, search, after, size, max_rows)
        value = _VALUES[name].format(-1 if down else _LARGEST)
        place = position(after, 2)
        if search is not None:
            raise ValueError(f"What was found for {search!r} can only be sorted by time.")
        found = generation_pages.by_value(view.scope, value, view.low, view.high, down, place, size + 1, max_sorted)
        rows = told.entries(view.snapshot, view.words, [id for _, id in found[:size]], timezone)
        return Page(rows, cursor(*found[size - 1]) if len(found) > size else None)


def _by_time(
    view: Opened, down: bool, search: str | None, after: str | None, size: int, max_rows: int | None
) -> Page[GenerationRow]:
    place = position(after, 1)
    low, high = view.low, view.high
    if place is not None:
        low, high = (low, min(high, place[0])) if down else (max(low, place[0] + 1), high)
    budget = 2**62 if max_rows is None else max_rows
    if search is not None:
        terms = terms_of(view.snapshot.dialect, search)
        found = generation_pages.by_words(view.scope, terms, low, high, down, size + 1, budget)
    else:
        found = generation_pages.by_time(view.scope, low, high, down, size + 1, budget, view.extent)
    rows = told.entries(view.snapshot, view.words, found.ids[:size], view.timezone)
    if len(found.ids) > size:
        return Page(rows, cursor(found.ids[size - 1]), read=found.read)
    if found.stopped_at is not None:
        return Page(rows, cursor(found.stopped_at if down else found.stopped_at - 1), complete=False, read=found.read)
    return Page(rows, None, read=found.read)


def generation(ledger: Ledger, id: int, *, timezone: str = "UTC") -> GenerationDetail:
    """All there is to see of one generation. Raises `NotFound` where there is none of that id."""
    with opened(ledger, None, None, timezone, None, None) as view:
        found = told.detail(view.snapshot, view.words, id, timezone)
    if found is None:
        raise NotFound(f"There is no generation {id} (any more).")
    return found
