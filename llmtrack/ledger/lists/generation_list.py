"""Lists of generations, page by page, and the details of one.

    page = generations(ledger, since=…, where={"user": "alice"}, order="-time")
    for row in page: row.at, row.model, row.cost
    page = generations(ledger, since=…, where={"user": "alice"}, order="-time", after=page.after)

Every list takes the filters of `metrics.ask`. Sorted by time, a page costs the same however deep it lies. Sorted by
cost, duration or tokens, all generations of the time are read, two or three million in a second; that is refused beyond
`MAX_SORTED`. An index for each of these orders would slow down every write and enlarge the file.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from llmtrack.ledger.database.full_text import terms_of
from llmtrack.ledger.database.snapshot import Cancel
from llmtrack.ledger.lists import generation_pages
from llmtrack.ledger.lists.generation_rows import GenerationDetail, GenerationRow, read_detail, read_rows
from llmtrack.ledger.lists.pagination import MAX_SORTED, NotFound, Page, cursor, direction, page_size, position
from llmtrack.ledger.query.context import QueryContext, query_context
from llmtrack.ledger.query.query import Where

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

MAX_ROWS = 200_000
"""Rows that may be read for a page in the order of time; after that it is returned as far as it is filled."""
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
    the page before. A page for which `max_rows` were read is returned as it is, not `complete`. Raises ValueError for
    an order, filter or position that there is not and `TooManyRows` where more than `max_sorted` would be sorted.
    """
    column, descending = direction(order)
    size = page_size(limit)
    with query_context(ledger, since, until, timezone, where, cancel) as context:
        if column == "time":
            return _by_time(context, descending, search, after, size, max_rows)
        value = _VALUES[column].format(-1 if descending else _LARGEST)
        start = position(after, 2)
        if search is not None:
            raise ValueError(f"What was found for {search!r} can only be sorted by time.")
        pairs = generation_pages.by_value(
            context.builder, value, context.low, context.high, descending, start, size + 1, max_sorted
        )
        rows = read_rows(context.snapshot, context.names, [id for _, id in pairs[:size]], timezone)
        return Page(rows, cursor(*pairs[size - 1]) if len(pairs) > size else None)


def _by_time(
    context: QueryContext, descending: bool, search: str | None, after: str | None, size: int, max_rows: int | None
) -> Page[GenerationRow]:
    start = position(after, 1)
    low, high = context.low, context.high
    if start is not None:
        low, high = (low, min(high, start[0])) if descending else (max(low, start[0] + 1), high)
    budget = 2**62 if max_rows is None else max_rows
    if search is not None:
        terms = terms_of(context.snapshot.dialect, search)
        id_page = generation_pages.by_words(context.builder, terms, low, high, descending, size + 1, budget)
    else:
        id_page = generation_pages.by_time(context.builder, low, high, descending, size + 1, budget, context.extent)
    rows = read_rows(context.snapshot, context.names, id_page.ids[:size], context.timezone)
    if len(id_page.ids) > size:
        return Page(rows, cursor(id_page.ids[size - 1]), read=id_page.read)
    if id_page.stopped_at is not None:
        return Page(
            rows,
            cursor(id_page.stopped_at if descending else id_page.stopped_at - 1),
            complete=False,
            read=id_page.read,
        )
    return Page(rows, None, read=id_page.read)


def generation(ledger: Ledger, id: int, *, timezone: str = "UTC") -> GenerationDetail:
    """The details of one generation. Raises `NotFound` where there is none of that id."""
    with query_context(ledger, None, None, timezone, None, None) as context:
        detail = read_detail(context.snapshot, context.names, id, timezone)
    if detail is None:
        raise NotFound(f"There is no generation {id} (any more).")
    return detail
