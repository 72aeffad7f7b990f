"""What the pricing tests share: moments, and a call priced with nothing but what a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from llmtrack.pricing import BookEntry, Cost, Pricer, Usage, UsageRecord

M = Decimal(1_000_000)
PARTS = ("input", "cache_read", "cache_write", "output", "reasoning", "audio", "image", "request", "tool")


def moment(*when: int) -> int:
    """Microseconds since 1970 of a UTC date and time."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


NOVEMBER = moment(2026, 11, 20, 12)


def cost(
    usage: Usage, provider: str, model: str | None, *, book: Sequence[BookEntry] = (), at: int = NOVEMBER, **fields: Any
) -> Cost:
    """`usage` priced on 20 November 2026, unless said otherwise; `fields` are further ones of a `UsageRecord`."""
    return Pricer(book).price(UsageRecord(usage, provider, model, at, **fields))


def parts(priced: Cost) -> dict[str, Decimal]:
    """The parts that are known, in dollars."""
    told = {name: getattr(priced, name) for name in PARTS}
    return {name: Decimal(nano) / 10**9 for name, nano in told.items() if nano is not None}


def total(priced: Cost) -> Decimal | None:
    """The total in dollars."""
    return None if priced.total is None else Decimal(priced.total) / 10**9
