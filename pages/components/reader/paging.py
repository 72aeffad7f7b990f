"""A page of a list that is read page by page, whose place stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import streamlit as st

from llmtrack.ledger.lists import MAX_SORTED, Page
from llmtrack.ledger.metrics import Cancel
from llmtrack.ledger.query import parse_order
from pages.components import formatting, links, long_query, queries
from pages.components.filters import View
from pages.components.tables import Order
from pages.components.tables.html_table import Pages
from pages.components.viewer import require_texts

T = TypeVar("T")
Id = TypeVar("Id")
SIZE = 50
_TRAIL = "list_trail"


ORDERS = ("time", "cost", "duration", "tokens")
LATEST_FIRST = "-time"


def order_in_address() -> str:
    """The order that the address names, a column with a minus before it for the largest first; or the latest first."""
    order = st.query_params.get("order", LATEST_FIRST)
    return order if parse_order(order)[0] in ORDERS else LATEST_FIRST


def table_order(order: str) -> Order:
    """How a table of the list is ordered, with the addresses of its other orders, from their first page."""

    def address(column: str) -> str | None:
        if parse_order(column)[0] not in ORDERS:
            return None
        return links.here(order=column if column != LATEST_FIRST else None, after=None, **{"from": None})

    return Order(*parse_order(order), address)


def neighbours(ids: Sequence[Id], chosen: Id, opens: Callable[[Id], str]) -> tuple[str | None, str | None]:
    """The addresses of what stands before and after the chosen one on this page of the list."""
    if chosen not in ids:
        return None, None
    at = ids.index(chosen)
    return opens(ids[at - 1]) if at else None, opens(ids[at + 1]) if at + 1 < len(ids) else None


class Listing(Generic[T]):
    """The rows of the page that the address names, by ``after`` and ``from``, and the ways to the pages beside it."""

    def __init__(self, read: Callable[..., Page[T]], view: View, *, order: str, total: int | None, **more: Any) -> None:
        """Reads the page. Raises ValueError for an order, a search or a place in the list that there is not."""
        require_texts(view.where)
        self.after = st.query_params.get("after")
        number = st.query_params.get("from", "")
        self.first = int(number) if number.isascii() and number.isdigit() and len(number) < 10 and self.after else 1
        self.total = total
        span, ledger = view.span, queries.ledger()

        def work(freely: bool, cancel: Cancel | None) -> Page[T]:
            return read(
                ledger, since=span.period.since, until=span.period.until, timezone=span.timezone, where=view.where,
                order=order, after=self.after, limit=SIZE, max_sorted=None if freely else MAX_SORTED,
                cancel=cancel, **more,
            )  # fmt: skip

        self.page = long_query.read((read.__name__, view, order, self.after, *more.items()), work)
        self.rows: Sequence[T] = self.page.rows
        if self.page.after:
            self._trail()[self.page.after] = (self.after, self.first)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in the list at all."""
        return not self.rows and self.after is None and self.page.after is None

    def pages(self) -> Pages:
        """Where in the list the rows are, for a table."""
        before = None
        if self.after:
            place, first = self._trail().get(self.after, (None, 1))
            before = links.here(**{"after": place, "from": first if place else None})
        after = None
        if self.page.after:
            after = links.here(**{"after": self.page.after, "from": self.first + len(self.rows)})
        return Pages(self.first, self.total, before, after)

    @property
    def note(self) -> str:
        """What there is to say about the page; empty where nothing."""
        if self.page.complete:
            return ""
        looked = formatting.count(self.page.read)
        return f"{looked} rows were looked through for these; there may be more further on."

    @staticmethod
    def _trail() -> dict[str, tuple[str | None, int]]:
        """By the place of a page: that of the page before it, and its first number."""
        trail: dict[str, tuple[str | None, int]] = st.session_state.setdefault(_TRAIL, {})
        if len(trail) > 10_000:
            trail.clear()
        return trail
