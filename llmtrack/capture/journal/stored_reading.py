"""A reading as JSON, for records of calls whose bytes are not kept."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from llmtrack.capture.readers import Reading


def stored(reading: Reading) -> Any:
    """A reading as a JSON value."""
    return _readings().dump_python(reading, mode="json", fallback=str)


def restored(value: Any) -> Reading:
    """The reading that `stored` made a JSON value of. Raises `ValueError` where it makes no sense."""
    return _readings().validate_python(value)


@cache
def _readings() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)
