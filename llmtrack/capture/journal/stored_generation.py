"""A generation as JSON, for records of calls that other programs made and sent here."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from llmtrack.ledger.records import Generation


def stored(generation: Generation) -> Any:
    """A generation as a JSON value, without what is unknown and without its cost, which the writer works out."""
    return _generations().dump_python(generation, mode="json", fallback=str, exclude={"cost"}, exclude_none=True)


def restored(value: Any) -> Generation:
    """The generation that `stored` made a JSON value of. Raises `ValueError` where it makes no sense."""
    return _generations().validate_python(value)


@cache
def _generations() -> TypeAdapter[Generation]:
    return TypeAdapter(Generation)
