"""Who is calling: set for all calls in a block, or for all calls of a client."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from typing import Any, ParamSpec, TypedDict, TypeVar, Unpack, cast

from llmtrack.capture.plain import as_json

P = ParamSpec("P")
R = TypeVar("R")

Redactor = Callable[[str], str]
"""Given a text of a prompt or a reply, returns what may be kept of it."""

log = logging.getLogger("llmtrack")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class ContextFields(TypedDict, total=False):
    """What a caller can say about calls: the arguments of `context`, of `trace` and of `track`."""

    user_id: str | None
    """Who caused the call."""
    session_id: str | None
    """The conversation, or whatever else several traces have in common."""
    trace_id: str | None
    """One interaction, such as a message and all calls made to answer it."""
    feature: str | None
    """The part of the program."""
    group: str | None
    """The team, department or customer that the user belongs to."""
    properties: Mapping[str, Any] | None
    """Anything else, by name."""
    content: str | Redactor | None
    """How prompts and replies are kept: ``"on"``, ``"off"`` or a function that redacts a text."""


@dataclass(frozen=True, slots=True)
class Context:
    """`ContextFields` as they hold for a call, and the span in force. `None` means not said here."""

    user_id: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    span_id: int | None = None
    feature: str | None = None
    group: str | None = None
    properties: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    content: str | Redactor | None = None
    """``"on"``, ``"off"`` or a function that redacts."""
    _json: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)
    _over: list[tuple[Context, Context]] = field(default_factory=list, init=False, repr=False, compare=False)

    def over(self, outer: Context) -> Context:
        """This, with what it leaves open taken from `outer`."""
        if outer is NOBODY:
            return self
        if self is NOBODY:
            return outer
        # A client that has a context of its own asks this at each call, mostly about the same two.
        for seen, both in self._over:
            if seen is outer:
                return both
        both = Context(
            self.user_id if self.user_id is not None else outer.user_id,
            self.session_id if self.session_id is not None else outer.session_id,
            self.trace_id if self.trace_id is not None else outer.trace_id,
            # A span belongs to its trace: another trace's span is not ours.
            self.span_id if self.trace_id is not None or self.span_id is not None else outer.span_id,
            self.feature if self.feature is not None else outer.feature,
            self.group if self.group is not None else outer.group,
            {**outer.properties, **self.properties} if self.properties else outer.properties,
            self.content if self.content is not None else outer.content,
        )
        self._over[:] = [(outer, both)]
        return both

    def json(self) -> bytes:
        """The fields that have a value, by name, for a record; made once. How content is kept is not part of it."""
        if not self._json:
            members = {name: value for name in _RECORDED if (value := getattr(self, name)) is not None}
            if self.properties:
                members["properties"] = dict(self.properties)
            self._json.append(as_json(members))
        return self._json[0]


NOBODY = Context()
_TEXTS = tuple(name for name in ContextFields.__annotations__ if name not in ("properties", "content"))
_RECORDED = (*_TEXTS, "span_id")

active: ContextVar[Context] = ContextVar("llmtrack_context", default=NOBODY)
"""The context in force."""


def current() -> Context:
    """The context in force here."""
    return active.get()


def enter(context: Context) -> Token[Context]:
    """Puts `context` over the one in force."""
    return active.set(context.over(active.get()))


def leave(token: Token[Context]) -> None:
    """Takes back what `enter` put."""
    try:
        active.reset(token)
    except ValueError:
        # An async generator may be closed in another task than the one it ran in; its context dies with it anyway.
        log.debug("A context was left elsewhere than it was entered", exc_info=True)


def checked(**fields: Unpack[ContextFields]) -> Context:
    """A context of these values; ids given as numbers become text.

    Raises `ValueError` for what cannot be kept, and `TypeError` for a name that is none of `ContextFields`.
    """
    for name in fields:
        if name not in ContextFields.__annotations__:
            names = ", ".join(ContextFields.__annotations__)
            raise TypeError(f"{name!r} is no field of a context; give {names}, or put it into properties")
    properties, content = fields.get("properties"), fields.get("content")
    if content is not None and content not in ("on", "off") and (isinstance(content, str) or not callable(content)):
        raise ValueError(f'content is {content!r}; give "on", "off" or a function that redacts a text')
    if properties is not None and not isinstance(properties, Mapping):
        raise ValueError(f"properties is {properties!r}; give a dict of names and values")
    texts: dict[str, Any] = {name: _text(fields.get(name)) for name in _TEXTS}
    return Context(
        **texts,
        properties={str(name): value for name, value in properties.items()} if properties else _NOTHING,
        content=content,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


class context:
    """Sets who is calling, for every call made inside it; also a decorator, of plain and of async functions.

    Contexts nest: what an inner one leaves out is taken from the outer one. Properties are put together.
    """

    def __init__(self, **fields: Unpack[ContextFields]) -> None:
        self._context = checked(**fields)
        self._tokens: list[Token[Context]] = []

    def __enter__(self) -> Context:
        self._tokens.append(enter(self._context))
        return current()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        leave(self._tokens.pop())

    async def __aenter__(self) -> Context:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        return decorate(function, self._again)

    def _again(self) -> context:
        again = context()
        again._context = replace(self._context)
        return again


@contextmanager
def _within(context: Context) -> Iterator[None]:
    token = active.set(context)
    try:
        yield
    finally:
        leave(token)


def propagate(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, run with the user, trace and all else in force here, in whatever thread or executor it runs.

    A new thread knows nothing of the context of the one that starts it. Unlike a copy of Python's whole context, the
    result may run in several threads at once: ``pool.map(llmtrack.propagate(answer), questions)``.
    """
    here = current()
    return decorate(function, lambda: _within(here))


def decorate(function: Callable[P, R], manager: Callable[[], Any]) -> Callable[P, R]:
    """`function`, with a fresh `manager()` around each of its runs, whether it is plain, async or a generator."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def items(*args: P.args, **kwargs: P.kwargs) -> Any:
            with manager():
                async for item in function(*args, **kwargs):
                    yield item

        return cast("Callable[P, R]", items)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            with manager():
                return await function(*args, **kwargs)

        return cast("Callable[P, R]", awaited)
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def yielded(*args: P.args, **kwargs: P.kwargs) -> Any:
            with manager():
                return (yield from function(*args, **kwargs))

        return cast("Callable[P, R]", yielded)

    @functools.wraps(function)
    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        with manager():
            return function(*args, **kwargs)

    return plain
