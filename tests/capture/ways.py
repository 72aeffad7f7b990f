"""Every way of calling the two SDKs, written once for sync and async clients, bare and tracked.

A way gets a client and returns what its caller saw. `got`, `each` and `inside` stand for `await`, `async for` and
`async with` where the client is an async one.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai
from pydantic import BaseModel

Way = Callable[[Any], Awaitable[Any]]

MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "What is the weather?"}]
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": MESSAGES}
CLAUDE: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 64, "messages": MESSAGES}


class Weather(BaseModel):
    """A structured answer."""

    answer: int


async def got(value: Any) -> Any:
    """`value`, awaited if it must be."""
    return await value if inspect.isawaitable(value) else value


async def each(items: Any) -> AsyncIterator[Any]:
    """The items of any iterable."""
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


async def all_of(items: Any) -> list[Any]:
    """A list of the items of any iterable."""
    return [item async for item in each(items)]


@asynccontextmanager
async def inside(manager: Any) -> AsyncIterator[Any]:
    """Enters any context manager."""
    if hasattr(manager, "__aenter__"):
        async with manager as entered:
            yield entered
    else:
        with manager as entered:
            yield entered


def shown(value: Any) -> Any:
    """What a caller can see of a result or an exception, in a form that can be compared."""
    if isinstance(value, openai.BaseModel | anthropic.BaseModel):
        shape = {"type": type(value).__name__, "set": sorted(value.model_fields_set), **value.to_dict(warnings=False)}
        return {**shape, "_request_id": getattr(value, "_request_id", None)}
    if isinstance(value, BaseModel):
        return {"type": type(value).__name__, **value.model_dump()}
    if isinstance(value, BaseException):
        names = ("status_code", "body", "request_id", "code", "param", "type")
        known = {name: getattr(value, name, None) for name in names}
        cause = value.__cause__
        return {
            "raised": type(value).__name__,
            "text": str(value),
            **known,
            "cause": None if cause is None else type(cause).__name__,
            "context": None if value.__context__ is None else type(value.__context__).__name__,
        }
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class Case:
    """A way of calling, and the rows that it leaves."""

    family: str
    way: Way
    rows: list[dict[str, Any]]
    only: str | None = None
    """``sync`` or ``async``, where the other cannot do it."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.way.__name__


CASES: list[Case] = []

OK = {"status": "ok", "input_tokens": 100, "output_tokens": 20, "attempts": 1, "http_status": 200}
PLAIN = {**OK, "operation": "chat", "streamed": 0, "time_to_first_token": None, "request_id": "req_fake"}
STREAM = {**OK, "operation": "chat", "streamed": 1, "usage_estimated": 0}
ESTIMATED = {"operation": "chat", "streamed": 1, "usage_estimated": 1, "http_status": 200}


def way(family: str, *rows: dict[str, Any], only: str | None = None, **options: Any) -> Callable[[Way], Way]:
    """Adds a way to the matrix."""

    def add(function: Way) -> Way:
        CASES.append(Case(family, function, list(rows), only, options))
        return function

    return add
