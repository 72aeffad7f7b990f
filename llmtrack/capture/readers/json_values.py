"""Taking values out of JSON that may hold anything."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]

MOST = 10**15
"""No count of tokens is beyond this, and sums of such counts still fit a database's integer."""


def dig(value: Any, *keys: str) -> Any:
    """What lies at `keys`, one inside the other, or None."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def count(value: Any) -> int | None:
    """`value` if it can be a number of things, else None: unknown."""
    if type(value) is int:
        return value if 0 <= value <= MOST else None
    if type(value) is float and value.is_integer():
        return count(int(value))
    return None


def text(value: Any) -> str | None:
    """`value` if it is a text that says something, else None."""
    return value if isinstance(value, str) and value else None


def dollars(value: Any) -> Decimal | None:
    """`value` as an amount of money, else None."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def objects(value: Any) -> list[Json]:
    """The objects in the list `value`, if it is one."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def plus(*counts: int | None) -> int | None:
    """The sum of the counts that are known; None if none is."""
    reported = [number for number in counts if number is not None]
    return sum(reported) if reported else None
