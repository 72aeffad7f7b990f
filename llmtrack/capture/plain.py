"""Any value as JSON: what callers say about themselves, and what errors carry, may be anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

DEEPEST = 20
"""Levels of nesting that are kept."""


def as_json(value: Any) -> bytes:
    """`value` as JSON; what JSON has no word for becomes text. Never raises."""
    try:
        return to_json(value, fallback=str, inf_nan_mode="strings")
    except Exception:
        # Half of a surrogate pair, bytes that are no text, a structure that contains itself, …
        return to_json(_cleaned(value, DEEPEST))


def _cleaned(value: Any, levels: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value if value == value and value not in (float("inf"), float("-inf")) else str(value)
    if isinstance(value, Mapping) and levels:
        return {as_text(key): _cleaned(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and levels:
        return [_cleaned(item, levels - 1) for item in value]
    return as_text(value)


def as_text(value: Any) -> str:
    """`value` as text that can be encoded. Never raises."""
    try:
        return str(value).encode(errors="replace").decode()
    except Exception:
        return f"<{type(value).__name__}>"
