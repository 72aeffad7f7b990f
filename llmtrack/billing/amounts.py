"""What is charged for what the ledger counts: list dollars, the installation's markup, and another currency.

The ledger stays in list dollars. Markup is added to sums and rounded half to even to a nano-dollar once per sum, so
that a sum and its markup add up to the amount charged exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

NANO = Decimal(1).scaleb(-9)
"""A nano-dollar."""
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount in US dollars with its markup."""

    list_price: Decimal
    percent: Decimal
    """Of markup; 0 where there is none."""

    @property
    def markup(self) -> Decimal:
        """What the markup adds, to the nano-dollar."""
        return markup(self.list_price, self.percent)

    @property
    def total(self) -> Decimal:
        """The amount charged."""
        return self.list_price + self.markup


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """What a US dollar is in another currency in a month, as an admin entered it."""

    currency: str
    """Three letters (ISO 4217)."""
    month: int
    """``year * 12 + month - 1``."""
    rate: Decimal
    """Units of the currency for a US dollar."""
    entered_by: str
    entered_at: int
    """Microseconds since 1970."""

    def convert(self, dollars: Decimal) -> Decimal:
        """An amount in US dollars in this currency, to a hundredth, half to even."""
        return (dollars * self.rate).quantize(CENT, rounding=ROUND_HALF_EVEN)


def markup(list_price: Decimal, percent: Decimal) -> Decimal:
    """What a markup of `percent` adds to an amount, rounded half to even to a nano-dollar."""
    return (list_price * percent / 100).quantize(NANO, rounding=ROUND_HALF_EVEN)


def with_markup(list_price: Decimal, percent: Decimal) -> Decimal:
    """The amount charged for one in list dollars."""
    return list_price + markup(list_price, percent)


def month_number(at: datetime) -> int:
    """The month of a time on its own clocks, as `ExchangeRate.month` counts them."""
    return at.year * 12 + at.month - 1


def month_name(month: int) -> str:
    """A month as it is written in commands: ``2026-11``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def parse_month(text: str) -> int:
    """The month of ``2026-11``. Raises ValueError, naming the text, for anything else."""
    year, dash, month = text.partition("-")
    if not (dash and len(year) == 4 and year.isdigit() and month.isdigit() and 1 <= int(month) <= 12):
        raise ValueError(f"{text!r} is no month; give one such as 2026-11.")
    return int(year) * 12 + int(month) - 1


def parse_currency(text: str) -> str:
    """A currency by its three capital letters. Raises ValueError, naming the text, for anything else."""
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError(f"{text!r} must be three capital letters, such as EUR.")
    return text


def parse_rate(text: str) -> Decimal:
    """Units of a currency for a US dollar. Raises ValueError, naming the text, for anything but a number above 0."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or not 0 < value < 10**9:
        raise ValueError(f"{text!r} must be a number above 0, such as 0.9217.")
    return value
