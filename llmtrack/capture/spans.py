"""Traces and spans: naming and timing the steps around calls."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import ParamSpec, TypeVar, Unpack

from llmtrack.capture.context import Context, ContextFields, checked, current, decorate, enter, leave
from llmtrack.capture.tracker import Tracker, default_tracker
from llmtrack.ids import new_id
from llmtrack.masking import mask_address

P = ParamSpec("P")
R = TypeVar("R")


class Step:
    """A step of a trace while it runs: `trace_id` names the trace, `id` the step."""

    def __init__(self, name: str, trace_id: str, parent_id: int | None, context: Context, tracker: Tracker) -> None:
        self.name = name
        self.trace_id = trace_id
        self.parent_id = parent_id
        self._tracker = tracker
        self._started_at = tracker.now()
        self._started = tracker.tick()
        self.id = new_id(self._started_at)
        self._token: Token[Context] = enter(Context(trace_id=trace_id, span_id=self.id).over(context))

    def _end(self, error: BaseException | None) -> None:
        context = current()
        leave(self._token)
        self._tracker.record(
            "span",
            id=self.id,
            trace_id=self.trace_id,
            name=mask_address(self.name),
            started_at=self._started_at,
            duration=(self._tracker.tick() - self._started) // 1000,
            parent_id=self.parent_id,
            user_id=context.user_id,
            session_id=context.session_id,
            # The message of an exception may repeat a prompt; its kind does not.
            error=None if error is None else type(error).__name__,
        )


class span:
    """A named, timed step of the trace in force, or of a new one; also a decorator, of plain and async functions."""

    _root = False

    def __init__(self, name: str, *, tracker: Tracker | None = None) -> None:
        if not isinstance(name, str) or not name:
            raise ValueError(f"a step is called {name!r}; give it a name, such as {type(self).__name__}('retrieve')")
        self._name = name
        self._tracker = tracker
        self._context = Context()
        self._steps: list[Step | None] = []

    def __enter__(self) -> Step:
        tracker = self._tracker or default_tracker()
        around = current()
        new = self._root or around.trace_id is None
        trace_id = self._context.trace_id or (secrets.token_hex(16) if new else around.trace_id)
        assert trace_id is not None
        step = Step(self._name, trace_id, None if new else around.span_id, self._context, tracker)
        self._steps.append(step)
        return step

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        step = self._steps.pop()
        if step is not None:
            step._end(error)

    async def __aenter__(self) -> Step:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        return decorate(function, self._again)

    def _again(self) -> span:
        again = type(self)(self._name, tracker=self._tracker)
        again._context = self._context
        return again


class trace(span):
    """A new trace: one interaction, such as a user's message and all calls made to answer it. Its root span is `name`.

    Takes what `llmtrack.context` takes, too: `trace("answer", user_id="alice")`.
    """

    _root = True

    def __init__(self, name: str, *, tracker: Tracker | None = None, **fields: Unpack[ContextFields]) -> None:
        super().__init__(name, tracker=tracker)
        self._context = checked(**fields)
