"""What a tracked client adds to its SDK's own: it watches `request()`, the one method every request goes through.

Nothing here may change what the caller gets. A plain answer is asked for as the SDK's own `APIResponse[T]`, which keeps
the bytes as received, and parsed by it, just as the SDK does; an unread one gets an observed body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from llmtrack.capture.body import observe
from llmtrack.capture.call import Attachment, Call, Origin, how_failed
from llmtrack.capture.context import current
from llmtrack.capture.endpoints import Endpoint, Endpoints, Namer
from llmtrack.capture.tracker import Tracker, default_tracker
from llmtrack.capture.usage_filter import usage_filter

_RAW_HEADER = "x-stainless-raw-response"
"""Set by the SDKs' `with_raw_response` and `with_streaming_response`: the caller wants the response itself."""
_UNSEEN = Attachment()
_TEXT = ("json", "text/", "event-stream", "xml", "amazon.eventstream")


class Tracking:
    """The part that sync and async clients share."""

    _llmtrack_endpoints: ClassVar[Endpoints]
    _llmtrack_names: ClassVar[Namer]
    _llmtrack_response: ClassVar[Any]
    """The SDK's `APIResponse` or `AsyncAPIResponse`."""

    if not TYPE_CHECKING:  # The SDK's own signatures are the ones to show.

        def copy(self, *args, **options):
            copied = super().copy(*args, **options)
            if (attachment := self.__dict__.get("_llmtrack")) is not None:
                copied.__dict__.setdefault("_llmtrack", attachment)
            return copied

        def with_options(self, *args, **options):
            return self.copy(*args, **options)

    def _llmtrack_watch(self, cast_to: Any, options: Any, stream: bool) -> Watch | None:
        """What watches this request; `None` if it is not recorded. Raises only what a limit raises."""
        endpoint = self._llmtrack_endpoints.find(options.method, options.url)
        if endpoint is None:
            return None
        attachment = self.__dict__.get("_llmtrack", _UNSEEN)
        tracker = attachment.tracker or default_tracker()
        watch = tracker.guard(lambda: Watch(self, tracker, attachment, endpoint, cast_to, options, stream))
        if watch is not None:
            tracker.admit(watch.call)
        return watch


class Watch:
    """Watches one request of a tracked client."""

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
        body = options.json_data if isinstance(options.json_data, Mapping) else {}
        model = body.get("model")
        base = client.base_url
        origin = Origin(
            endpoint, options.url, base.host, attachment.provider, client._llmtrack_names, attachment.simulated
        )
        context = current().over(attachment.context)
        self.call = Call(tracker, origin, context, model if isinstance(model, str) else None)
        self._tracker = tracker
        self._base = base
        self._plain_options = options
        self._asked = False
        self._wrapped = False
        self.options = options
        self.cast_to = cast_to
        if stream and endpoint.asks_usage and self._tracker.may_ask(base):
            self._ask_for_usage(body)
        elif not stream and not _wants_raw(options):
            self._wrap(client._llmtrack_response)

    def _wrap(self, response_class: Any) -> None:
        """Asks for the SDK's own response object, of which the caller will get what it parses to."""
        wrapped = response_classes(response_class, self.cast_to)
        if wrapped is not None:
            self.cast_to, self._wrapped = wrapped, True

    def _ask_for_usage(self, body: Mapping[str, Any]) -> None:
        """Asks for the stream's usage, on a copy, unless the caller did."""
        extra = self._plain_options.extra_json or {}
        field, holder = ("extra_json", extra) if "stream_options" in extra else ("json_data", body)
        said = holder.get("stream_options")
        said = said if isinstance(said, Mapping) else {}
        if said.get("include_usage"):
            return
        headers = self._plain_options.headers
        headers = dict(headers) if isinstance(headers, Mapping) else {}
        if not any(name.lower() == "accept-encoding" for name in headers):
            headers["Accept-Encoding"] = "identity"
        asking = {**holder, "stream_options": {**said, "include_usage": True}}
        self.options = self._plain_options.model_copy(update={field: asking, "headers": headers})
        self._asked = True

    def asks_again(self, error: BaseException) -> bool:
        """Whether the request failed for what we added to it, and goes out once more without."""
        return self._asked and self._tracker.guard(lambda: self._take_back(error)) is True

    def _take_back(self, error: BaseException) -> bool:
        response = getattr(error, "response", None)
        if response is None or response.status_code not in (400, 422):
            return False
        named = any(word in response.text for word in ("stream_options", "include_usage"))
        if not named and self._tracker.accepts_asking(self._base):
            return False
        if named:
            self._tracker.refuses_asking(self._base)
        self.call.sees_request(response.request)
        self.call.attempts += 1
        self._asked = False
        self.options = self._plain_options
        return True

    def failed(self, error: BaseException) -> None:
        """The SDK raised: the call ends with it."""
        self._tracker.guard(lambda: self._note_failure(error))
        self.call.end(how_failed(error), error)

    def _note_failure(self, error: BaseException) -> None:
        response = getattr(error, "response", None)
        if response is not None and hasattr(response, "status_code"):
            self.call.sees(response)
            self.call.response = getattr(response, "_content", None)
        elif (request := getattr(error, "request", None)) is not None:
            self.call.sees_request(request)

    def answered(self, result: Any) -> Callable[[], Any] | None:
        """The SDK returned. Gives what turns `result` into what the caller asked for; `None` if it is that already."""
        ended = self._tracker.tick()
        self._tracker.guard(lambda: self._note_answer(result, ended))
        parse: Callable[[], Any] | None = getattr(result, "parse", None) if self._wrapped else None
        return parse if hasattr(result, "http_response") else None

    def _note_answer(self, result: Any, ended: int) -> None:
        call = self.call
        response = getattr(result, "http_response", None) or getattr(result, "response", None)
        if response is None and hasattr(result, "headers"):
            response = result  # The caller asked for the HTTP response itself.
        if response is None:
            # A middleware made up the answer: nothing was sent.
            call.response = _as_json(result)
            call.end("read")
            return
        call.sees(response)
        if self._asked:
            self._tracker.took_asking(self._base)
        keep = any(kind in response.headers.get("content-type", "json") for kind in _TEXT)
        if response.is_closed:
            if keep:
                call.response = response.content
            call.ticks.append(ended)
            call.end("read")
            return
        call.streamed = True
        filter = usage_filter(response.headers.get("content-encoding", "")) if self._asked else None
        observe(response, call, filter, keep=keep)


def _wants_raw(options: Any) -> bool:
    headers = options.headers
    return isinstance(headers, Mapping) and any(name.lower() == _RAW_HEADER for name in headers)


def _as_json(result: Any) -> bytes | None:
    to_json = getattr(result, "to_json", None)
    return to_json(indent=None).encode() if callable(to_json) else None


_wrapped_classes: dict[tuple[Any, Any], Any] = {}


def response_classes(response_class: Any, cast_to: Any) -> Any | None:
    """``response_class[cast_to]``; `None` where the caller asks for a response object anyway."""
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
    # The base of `APIResponse`, and the response of the HTTP library, old and new.
    return isinstance(origin, type) and (
        issubclass(origin, response_class.__mro__[1]) or any(base.__name__ == "Response" for base in origin.__mro__)
    )


class SyncTracking(Tracking):
    """Watches a sync client's requests."""

    if not TYPE_CHECKING:

        def request(self, cast_to, options, *, stream=False, stream_cls=None):
            watch = self._llmtrack_watch(cast_to, options, stream)
            if watch is None:
                return super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
            while True:
                try:
                    result = super().request(watch.cast_to, watch.options, stream=stream, stream_cls=stream_cls)
                    break
                except BaseException as error:
                    if not watch.asks_again(error):
                        watch.failed(error)
                        raise
            parse = watch.answered(result)
            return result if parse is None else parse()


class AsyncTracking(Tracking):
    """Watches an async client's requests."""

    if not TYPE_CHECKING:

        async def request(self, cast_to, options, *, stream=False, stream_cls=None):
            watch = self._llmtrack_watch(cast_to, options, stream)
            if watch is None:
                return await super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
            while True:
                try:
                    result = await super().request(watch.cast_to, watch.options, stream=stream, stream_cls=stream_cls)
                    break
                except BaseException as error:
                    if not watch.asks_again(error):
                        watch.failed(error)
                        raise
            parse = watch.answered(result)
            return result if parse is None else await parse()
