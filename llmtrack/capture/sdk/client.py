"""What a tracked client adds to its SDK's own: it watches `request()`, the one method every request goes through.

Nothing here may change what the caller gets, or what the SDK's own middleware and tracing see: `request()` gets what
the caller passed, and two methods that it calls on the client tell what was sent and what came back.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from llmtrack.capture.endpoints import OTHER, Endpoints
from llmtrack.capture.sdk.call import Call
from llmtrack.capture.sdk.client_settings import ClientSettings
from llmtrack.capture.tracker import default_tracker

C = TypeVar("C", bound=type)
_DEFAULTS = ClientSettings()

_under_way: ContextVar[Call | None] = ContextVar("llmtrack_call", default=None)
"""The call whose `request()` runs here. A middleware may make other requests meanwhile; each has its own."""


@dataclass(frozen=True)
class Family:
    """What the tracked clients of one SDK have in common. The module of the clients names it ``FAMILY``."""

    sdk: str
    """The SDK's package."""
    endpoints: Endpoints

    def tracked(self, ours: C) -> C:
        """Makes `ours`, a subclass of an SDK's client that adds nothing, record what its instances do.

        It has the SDK's class as its one base, so that an object of the one can become one of the other.
        """
        plain: Any = ours.__bases__[0]
        is_async = inspect.iscoroutinefunction(plain.request)
        changed: Any = ours
        changed._llmtrack_family = self
        changed.__init__ = _init(ours, plain)
        changed.copy = changed.with_options = _copy(ours, plain)
        changed.request = (_async_request if is_async else _request)(self, plain)
        changed._prepare_request = (_async_prepare_request if is_async else _prepare_request)(plain)
        changed._process_response = _process_response(plain)
        if hasattr(plain, "_should_retry"):  # an SDK that retries by itself
            changed._should_retry = _should_retry(plain)
        return ours


def is_tracked(client: object) -> bool:
    """Whether a client records what it does."""
    return hasattr(type(client), "_llmtrack_family")


def _call(family: Family, client: Any, options: Any, stream: bool) -> Call | None:
    """The call that this request is; `None` if it is not recorded. Raises only what a limit raises."""
    endpoint = family.endpoints.find(options.method, options.url)
    if endpoint is None:
        body = options.json_data
        if type(body) is not dict or "model" not in body or options.method.upper() != "POST":
            return None
        endpoint = OTHER
    settings = client.__dict__.get("_llmtrack", _DEFAULTS)
    tracker = settings.tracker or default_tracker()
    try:
        call = Call(client, tracker, settings, endpoint, options, stream)
    except Exception as error:
        tracker.health.failed("capture", "A call could not be watched", error, secret=True)
        tracker.refuse_unwatched(settings.context)
        return None
    return call


def _request(family: Family, plain: Any) -> Any:
    # Looked up at each call, and not kept: somebody else may have put something around the SDK's `request()`, too.
    @functools.wraps(plain.request)
    def request(self: Any, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
        call = _call(family, self, options, stream)
        if call is not None:
            call.tracker.admit(call)
        around = _under_way.get()
        _under_way.set(call)
        try:
            if call is None:
                return plain.request(self, cast_to, options, stream=stream, stream_cls=stream_cls)
            while True:
                try:
                    result = plain.request(self, cast_to, call.options, stream=stream, stream_cls=stream_cls)
                    break
                except BaseException as error:
                    if not call.asks_again(error):
                        call.failed(error)
                        raise
            call.returned()
            return result
        finally:
            _under_way.set(around)

    return request


def _async_request(family: Family, plain: Any) -> Any:
    # Looked up at each call, and not kept: somebody else may have put something around the SDK's `request()`, too.
    @functools.wraps(plain.request)
    async def request(self: Any, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
        call = _call(family, self, options, stream)
        if call is not None:
            await call.tracker.admit_async(call)
        around = _under_way.get()
        _under_way.set(call)
        try:
            if call is None:
                return await plain.request(self, cast_to, options, stream=stream, stream_cls=stream_cls)
            while True:
                try:
                    result = await plain.request(self, cast_to, call.options, stream=stream, stream_cls=stream_cls)
                    break
                except BaseException as error:
                    if not call.asks_again(error):
                        call.failed(error)
                        raise
            call.returned()
            return result
        finally:
            _under_way.set(around)

    return request


# Both SDKs call these on the client: for every attempt, for every answer that is taken in, and for every error that the
# server answered, where another attempt is left. They are private;
# `tests/capture/test_seam.py` fails when they go.


def _prepare_request(plain: Any) -> Any:
    @functools.wraps(plain._prepare_request)
    def _prepare_request(self: Any, request: Any) -> None:
        plain._prepare_request(self, request)
        if (call := _under_way.get()) is not None:
            call.sends(request)

    return _prepare_request


def _async_prepare_request(plain: Any) -> Any:
    @functools.wraps(plain._prepare_request)
    async def _prepare_request(self: Any, request: Any) -> None:
        await plain._prepare_request(self, request)
        if (call := _under_way.get()) is not None:
            call.sends(request)

    return _prepare_request


def _process_response(plain: Any) -> Any:
    @functools.wraps(plain._process_response)
    def _process_response(self: Any, **options: Any) -> Any:
        if (call := _under_way.get()) is not None:
            call.receives(options["response"])
        return plain._process_response(self, **options)  # to be awaited, in an async client

    return _process_response


def _should_retry(plain: Any) -> Any:
    @functools.wraps(plain._should_retry)
    def _should_retry(self: Any, response: Any) -> Any:
        if (call := _under_way.get()) is not None:
            call.answered.add(call.attempts)
        return plain._should_retry(self, response)

    return _should_retry


def _init(ours: type, plain: Any) -> Callable[..., None]:
    """The constructor of `ours`: the SDK's, which finds an object of its own class.

    Anthropic's looks for credentials in profiles only for the very classes `Anthropic` and `AsyncAnthropic`.
    """

    @functools.wraps(plain.__init__)
    def __init__(self: Any, *args: Any, **options: Any) -> None:
        if type(self) is not ours:
            plain.__init__(self, *args, **options)
            return
        self.__class__ = plain
        try:
            plain.__init__(self, *args, **options)
        finally:
            self.__class__ = ours

    return __init__


def _copy(ours: type, plain: Any) -> Callable[..., Any]:
    """The `copy()` of `ours`, which is `with_options()`, too: made by the SDK from an object of its own class."""

    @functools.wraps(plain.copy)
    def copy(self: Any, *args: Any, **options: Any) -> Any:
        if type(self) is not ours:
            copied = plain.copy(self, *args, **options)
        else:
            twin = object.__new__(plain)
            twin.__dict__ = self.__dict__
            copied = plain.copy(twin, *args, **options)
            copied.__class__ = ours
        if (settings := self.__dict__.get("_llmtrack")) is not None:
            copied.__dict__["_llmtrack"] = settings
        return copied

    return copy
