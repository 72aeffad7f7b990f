"""Pages of lists (keyset pagination): each begins after the last row of the one before and costs as much as any."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.query.query import parse_order

T = TypeVar("T")
ORDERS = ("time", "cost", "duration", "tokens")
"""What lists can be sorted by; after ``-`` the latest or largest first."""
MAX_PAGE = 1_000
MAX_SORTED = 2_000_000
"""Rows that a list sorts by something else than time; more are refused. About a second's work."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list."""

    rows: Sequence[T]
    after: str | None
    """The position after these rows, to be passed as `after` for the next page; None at the end."""
    complete: bool = True
    """False where reading stopped early because too many rows did not match; `after` continues from there."""
    read: int = 0
    """About how many rows were read, where these are more than the page holds."""

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def dollars(nano: Any) -> Decimal | None:
    """Nano-dollars as dollars."""
    return None if nano is None else Decimal(int(nano)).scaleb(-9)


def seconds(micros: int | None) -> float | None:
    """Microseconds as seconds."""
    return None if micros is None else micros / 1_000_000


def cursor(*position: Any) -> str:
    """A position in a list as text that a URL can hold."""
    encoded = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def position(after: str | None, length: int) -> list[Any] | None:
    """The position that `cursor` made into text. Raises ValueError for any other text."""
    if after is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or len(values) != length or not all(isinstance(n, int | None) for n in values):
        raise ValueError(f"{after!r} is no place in this list; leave it out to begin at the start.")
    return values


def direction(order: str) -> tuple[str, bool]:
    """The column to sort by, and whether in descending order. Raises ValueError for any other than `ORDERS`."""
    name, descending = parse_order(order)
    if name not in ORDERS:
        raise ValueError(
            f"A list cannot be sorted by {order!r}; choose one of {', '.join(ORDERS)}, with - for downwards."
        )
    return name, descending


def page_size(limit: int) -> int:
    """The number of rows of a page. Raises ValueError unless it is 1 to `MAX_PAGE`."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"A page cannot have {limit} rows; choose from 1 to {MAX_PAGE:,}.")
    return limit


class NotFound(LedgerError):
    """The ledger has nothing of that id."""
