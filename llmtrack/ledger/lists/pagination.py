"""Turning pages of a list: each goes on after the last row of the one before, so that none costs more than another."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from llmtrack.ledger.errors import LedgerError

T = TypeVar("T")
ORDERS = ("time", "cost", "duration", "tokens")
"""What lists can be sorted by; after ``-`` the latest or largest first."""
MAX_PAGE = 1_000
MAX_SORTED = 2_000_000
"""What a list may sort by something else than time before it is refused: about a second's work."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list."""

    rows: Sequence[T]
    after: str | None
    """To be given back for the rows that follow; None at the end."""
    complete: bool = True
    """False where the reading stopped early because many rows had to be looked through; `after` goes on from there."""
    read: int = 0
    """About how many rows were looked through, where that is more than was found."""

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
    """A position in a list as text that can stand in an address."""
    told = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def position(after: str | None, length: int) -> list[Any] | None:
    """The position that `cursor` told. Raises ValueError where it is none of ours."""
    if after is None:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, binascii.Error):
        told = None
    if not isinstance(told, list) or len(told) != length or not all(isinstance(n, int | None) for n in told):
        raise ValueError(f"{after!r} is no place in this list; leave it out to begin at the start.")
    return told


def direction(order: str) -> tuple[str, bool]:
    """What to sort by, and whether downwards. Raises ValueError for what cannot be sorted by."""
    name, down = order.lstrip("-"), order.startswith("-")
    if name not in ORDERS:
        raise ValueError(
            f"A list cannot be sorted by {order!r}; choose one of {', '.join(ORDERS)}, with - for downwards."
        )
    return name, down


def page_size(limit: int) -> int:
    """A checked number of rows."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"A page cannot have {limit} rows; choose from 1 to {MAX_PAGE:,}.")
    return limit


class NotFound(LedgerError):
    """There is nothing by that name in the ledger."""
