"""Pages of a list over one time or several, by the parameter ``page`` of the address: ``number.time.cursor``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import streamlit as st

from pages.components.links import here
from pages.components.tables import SIZE

if TYPE_CHECKING:
    from llmtrack.ledger.lists import Page
    from pages.components.span import Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Some rows of the list."""

    rows: Sequence[T]
    first: int
    """The number of the first row, from 1."""
    before: str | None
    """The address of the first page, from a later one: each page is read after the one before, and none back."""
    after: str | None
    """The address of the next page."""


def read_page(spans: Sequence[Span], read: Callable[[Span, str | None, int], Page[T]]) -> ListPage[T]:
    """The page that the address names: times from the last to the first, each read on where the page before ended."""
    number, place, cursor = _position(st.query_params.get("page", ""), len(spans))
    latest_first = list(reversed(spans))
    rows: list[T] = []
    after: str | None = None
    for index in range(place, len(latest_first)):
        page = read(latest_first[index], cursor if index == place else None, SIZE - len(rows))
        rows += page.rows
        if page.after is not None:
            after = f"{number + 1}.{index}.{page.after}"
            break
        if len(rows) >= SIZE:
            after = f"{number + 1}.{index + 1}." if index + 1 < len(latest_first) else None
            break
    first_page = here(page=None, call=None) if number > 1 else None
    return ListPage(rows, (number - 1) * SIZE + 1, first_page, here(page=after, call=None) if after else None)


def _position(text: str, spans: int) -> tuple[int, int, str | None]:
    number, _, rest = text.partition(".")
    place, _, cursor = rest.partition(".")
    numbers = f"{number}{place}"
    plain = bool(number and place) and numbers.isascii() and numbers.isdigit() and len(numbers) < 12
    if plain and int(number) > 1 and int(place) < spans:
        return int(number), int(place), cursor or None
    return 1, 0, None
