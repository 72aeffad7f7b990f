"""The conversations of a time with what they cost; those of the chat page can be opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger import lists
from llmtrack.ledger.query import Where
from pages.components import empty_states, long_query, queries, tables
from pages.components.tables import Column, Pages
from pages.components.usage.choice import Narrowing, Time
from pages.components.usage.numbers import charged
from pages.components.usage.paging import read_page
from pages.components.viewer import require_texts

if TYPE_CHECKING:
    from llmtrack.ledger.lists import SessionRow
    from llmtrack.ledger.metrics import Cancel
    from pages.components.span import Span

CHAT = "./?c="
"""The address of a conversation on the chat page, before its number."""
COLUMNS = (
    Column("name", "Conversation", pinned=True, href=lambda row: row["href"]),
    Column("at", "Began", "time"),
    Column("generations", "Calls", "count", wide_only=True),
    Column("input_tokens", "Tokens in", "count", wide_only=True),
    Column("output_tokens", "Tokens out", "count", wide_only=True),
    Column("unpriced", "Unpriced", "count", wide_only=True),
    Column("cost", "Cost", "usd"),
)


def draw(
    time: Time, where: Where, narrowing: Narrowing, users: Sequence[str]
) -> tuple[list[Column], list[dict[str, Any]]]:
    """A page of them, the latest first."""
    require_texts(where)
    ledger = queries.ledger()

    def read(span: Span, after: str | None, limit: int) -> lists.Page[SessionRow]:
        def work(freely: bool, cancel: Cancel | None) -> lists.Page[SessionRow]:
            return lists.sessions(
                ledger, since=span.period.since, until=span.period.until, timezone=span.timezone, where=where,
                after=after, limit=limit, cancel=cancel,
            )  # fmt: skip

        return long_query.read(("sessions", span, after), work)

    page = read_page(narrowing.spans, read)
    if not page.rows:
        empty_states.empty(
            "No conversation began here",
            "Calls without a conversation are under **Every call**.",
            ":material/search_off:",
        )
        return [], []
    titles = _titles(users)
    rows = [_row(row, titles) for row in page.rows]
    columns = tables.used(COLUMNS, rows)
    tables.table(
        rows, columns, alt_text=f"By conversation, {time.span}",
        pages=Pages(page.first, None, page.before, page.after), today=time.today,
    )  # fmt: skip
    return columns, rows


def _row(row: SessionRow, titles: Mapping[str, str]) -> dict[str, Any]:
    only_simulated = row.cost is None and not row.unpriced
    return {
        "name": titles.get(row.session) or row.session,
        "href": f"{CHAT}{row.session}" if row.session in titles else None,
        "at": row.at,
        "generations": row.generations,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "unpriced": row.unpriced,
        "cost": Decimal(0) if only_simulated else charged(row.cost),
    }


def _titles(users: Sequence[str]) -> dict[str, str]:
    """The titles of one's own conversations on the chat page, by session."""
    from llmtrack.chat.conversations import Conversations

    listed = Conversations(queries.ledger(), users[0]).list()
    return {str(one.id): one.title or "New chat" for one in listed}
