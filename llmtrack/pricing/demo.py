"""What the simulated provider's models are said to cost, so that a demo shows money without claiming any."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

RATES = MappingProxyType(
    {"input": Decimal("1"), "cache_read": Decimal("0.1"), "cache_write": Decimal("1.25"), "output": Decimal("2")}
)
"""Dollars per million tokens. Made up, stated, and never summed with real cost."""

SOURCE = "demo"
VERSION = "1"
