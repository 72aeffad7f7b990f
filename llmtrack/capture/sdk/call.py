"""One request to a model, from sending to the end of its answer.

This is what runs in the caller's thread, so it takes note and no more: no JSON is parsed, nothing is copied.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from llmtrack.capture.context import NOBODY, Context, active
from llmtrack.capture.sdk import include_usage
from llmtrack.capture.sdk.response_body import observe

if TYPE_CHECKING:
    from llmtrack.capture.sdk.endpoints import Endpoint
    from llmtrack.capture.tracker import Tracker

_STOPPED = (asyncio.CancelledError, KeyboardInterrupt)
_RAW_HEADER = "x-stainless-raw-response"
"""Set by the SDKs' `with_raw_response` and `with_streaming_response`: the caller wants the response itself."""
_TEXT = (b"json", b"text/", b"event-stream", b"xml", b"amazon.eventstream")


class _Headers(dict[bytes, str | None]):
    """Which attribute of a call keeps a header, by the header's name in any case; `None` for most."""

    _KEPT: ClassVar = {
        b"content-type": "content_type",
        b"content-encoding": "content_encoding",
        b"x-request-id": "request_id",
        b"request-id": "request_id",
        b"apim-request-id": "request_id",
        b"x-amzn-requestid": "request_id",
    }

    def __missing__(self, name: bytes) -> str | None:
        kept = self._KEPT.get(name.lower())
        if len(self) < 1000:
            self[name] = kept
        return kept


_HEADERS = _Headers()


@dataclass(slots=True)
class Attachment:
    """What a tracked client knows before any call: who keeps its records, and whose calls they are."""

    tracker: Tracker | None = None
    """`None`: the default tracker."""
    context: Context = NOBODY
    provider: str | None = None
    simulated: bool = False


class Call:
    """A request under way, what is sent for it and what came back. Ends exactly once, whoever says so."""

    attempts = 1
    http_status: int | None = None
    content_type = b""
    content_encoding = b""
    request_id = b""
    host: str | None = None
    url_path = ""
    """The path as it was sent, with what the SDK puts before it."""
    request = b""
    """The JSON body as it was sent; empty for a form."""
    response: bytes | None = None
    """The body of a plain answer, decoded."""
    size: int | None = None
    """The length of one that is not kept: sound, pictures."""
    chunks: list[bytes]
    """The pieces of a streamed one, as they came."""
    ticks: list[int]
    """When they came."""
    outer: BaseException | None = None
    streamed = False
    ended = False
    _asked = False
    _wrapped = False

    def __init__(
        self,
        client: Any,
        tracker: Tracker,
        attachment: Attachment,
        endpoint: Endpoint,
        cast_to: Any,
        options: Any,
        stream: bool,
    ) -> None:
        self.client = client
        self.tracker = tracker
        self.attachment = attachment
        self.endpoint = endpoint
        self.plain_options = self.options = options
        """As the caller made them, and as they are to be sent."""
        self.cast_to = cast_to
        self.epoch = tracker.epoch
        context, known = active.get(), attachment.context
        self.context = context if known is NOBODY else context.over(known)
        if stream:
            self.options = include_usage.prepare(self, options)
            self._asked = self.options is not options
        elif (wrapped := _response_class(client._llmtrack_response, cast_to, options.headers)) is not None:
            # The SDK's own response object keeps the bytes; the caller gets what it parses to.
            self.cast_to, self._wrapped = wrapped, True
        self.started_at = tracker.now()
        self.sent = self.stopped_at = tracker.tick()

    @property
    def path(self) -> str:
        """The path asked for, without what the SDK puts before it."""
        path: str = self.plain_options.url
        return path

    @property
    def model(self) -> str | None:
        """The model asked for, where the request is a JSON object or a form."""
        body = self.plain_options.json_data
        model = body.get("model") if type(body) is dict else None
        return model if isinstance(model, str) else None

    # -- the SDK's side ----------------------------------------------------------------------------------------------

    def answered(self, result: Any) -> Callable[[], Any] | None:
        """The SDK returned. Gives what turns `result` into what the caller asked for; `None` if it is that already."""
        self.stopped_at = self.tracker.tick()
        try:
            if self._wrapped and (response := getattr(result, "http_response", None)) is not None:
                self.attempts += result.retries_taken
                self._take(response)
                parse: Callable[[], Any] = result.parse
                return parse
            # A raw response has the one, a stream the other, and the caller may have asked for the response itself.
            response = getattr(result, "http_response", None) or getattr(result, "response", None) or result
            if hasattr(response, "status_code"):
                self.attempts += include_usage.retries(response.request)
                self._take(response)
            else:
                # A middleware made up the answer: nothing was sent.
                to_json = getattr(result, "to_json", None)
                self.response = to_json().encode() if callable(to_json) else None
                self.end("read")
        except Exception as error:
            self._could_not("watch", error)
            self.end("abandoned")
            if self._wrapped and hasattr(result, "http_response"):
                return result.parse  # type: ignore[no-any-return]
        return None

    def _take(self, response: Any) -> None:
        self._sees(response)
        if response.is_closed:
            if _is_text(self.content_type):
                self.response = response.content
            else:
                self.size = len(response.content)
            self.end("read")
            return
        self.streamed = True
        self.chunks, self.ticks = [], []
        self.outer = sys.exception()
        filter = None
        if self._asked:
            include_usage.understood(self)
            filter = include_usage.usage_filter(self.content_encoding)
        observe(response, self, filter, keep=_is_text(self.content_type))

    def _sees(self, response: Any) -> None:
        """Takes note of a response and of the request it answers."""
        self.http_status = response.status_code
        for name, value in response.headers.raw:
            if (attribute := _HEADERS[name]) is not None:
                setattr(self, attribute, value)
        self._sees_request(response.request)

    def _sees_request(self, request: Any) -> None:
        self.host, self.url_path = request.url.host, request.url.path
        if not self.plain_options.files:
            # What is streamed to the server has no `_content`, and is not kept.
            self.request = getattr(request, "_content", b"")

    def asks_again(self, error: BaseException) -> bool:
        """Whether the request failed for what we added to it, and goes out once more without."""
        if not self._asked:
            return False
        try:
            response: Any = getattr(error, "response", None)
            if response is None or not include_usage.is_refused(self, response):
                return False
            self.attempts += 1 + include_usage.retries(response.request)
            self.options, self._asked = self.plain_options, False
        except Exception as failure:
            self._could_not("retry", failure)
            return False
        return True

    def failed(self, error: BaseException) -> None:
        """The SDK raised: the call ends with it."""
        self.stopped_at = self.tracker.tick()
        try:
            response: Any = getattr(error, "response", None)
            request: Any = getattr(error, "request", None)
            if hasattr(response, "status_code"):
                request = response.request
                self._sees(response)
                self.response = getattr(response, "_content", None)
            elif request is not None:
                self._sees_request(request)
            if request is not None:
                self.attempts += include_usage.retries(request)
        except Exception as failure:
            self._could_not("watch", failure)
        self.end(how_failed(error), error)

    # -- the end -----------------------------------------------------------------------------------------------------

    def end(self, how: str, error: BaseException | None = None) -> None:
        """Ends the call: `how` its answer ended, and the exception the caller got, if any. Never raises."""
        if not self.ended:
            self.ended = True
            self.tracker.finish(self, how, error)

    def broke(self, error: BaseException) -> None:
        """Reading the body raised."""
        self.stopped_at = self.tracker.tick()
        how = how_failed(error)
        # OpenAI's SDK waits a moment for what follows the end of a stream, and cancels that: nobody gets this error.
        self.end(how, None if how == "cancelled" else error)

    def how_closed(self) -> str:
        """Why a response is being closed: because the caller is being stopped, or because it has had enough?"""
        error = sys.exception()
        return "cancelled" if isinstance(error, _STOPPED) and error is not self.outer else "closed"

    def _could_not(self, do: str, error: Exception) -> None:
        self.tracker.health.failed("capture", f"A call could not be {do}ed", error, secret=True)


def how_failed(error: BaseException) -> str:
    """Whether an exception that came out of a call is a failure, or the caller being stopped."""
    if isinstance(error, _STOPPED):
        return "cancelled"
    return "error" if isinstance(error, Exception) else "abandoned"


@lru_cache(1000)
def _is_text(content_type: bytes) -> bool:
    """Whether a body of this type is kept: JSON, events and other text; not sound or pictures."""
    return not content_type or any(kind in content_type.lower() for kind in _TEXT)


_wrapped_classes: dict[tuple[Any, Any], Any] = {}


def _response_class(response_class: Any, cast_to: Any, headers: Any) -> Any | None:
    """``response_class[cast_to]``; `None` where the caller gets a response object anyway."""
    if type(headers) is dict and headers and any(name.lower() == _RAW_HEADER for name in headers):
        return None
    try:
        return _wrapped_classes[response_class, cast_to]
    except (KeyError, TypeError):
        wrapped = None if _is_response(response_class, cast_to) else response_class[cast_to]
    try:
        if len(_wrapped_classes) < 1000:
            _wrapped_classes[response_class, cast_to] = wrapped
    except TypeError:
        return wrapped  # Not hashable, so made anew each time.
    return wrapped


def _is_response(response_class: Any, cast_to: Any) -> bool:
    origin = getattr(cast_to, "__origin__", None) or cast_to
    # The base of `APIResponse`, or the response of an HTTP library; OpenAI has a model called `Response`, too.
    return isinstance(origin, type) and (issubclass(origin, response_class.__mro__[1]) or hasattr(origin, "iter_raw"))
