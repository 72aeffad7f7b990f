"""What a tracked client adds to its SDK's own: it watches `request()`, the one method every request goes through.

Nothing here may change what the caller gets. A plain answer is asked for as the SDK's own `APIResponse[T]`, which keeps
the bytes as received, and parsed by it, just as the SDK does; an unread one gets an observed body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from llmtrack.capture.call import Attachment, Call, log
from llmtrack.capture.endpoints import Endpoints, Namer
from llmtrack.capture.tracker import default_tracker

_UNSAID = Attachment()


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

    def _llmtrack_call(self, cast_to: Any, options: Any, stream: bool) -> Call | None:
        """The call that this request is; `None` if it is not recorded. Raises only what a limit raises."""
        endpoint = self._llmtrack_endpoints.find(options.method, options.url)
        if endpoint is None:
            return None
        attachment = self.__dict__.get("_llmtrack", _UNSAID)
        tracker = attachment.tracker or default_tracker()
        try:
            call = Call(self, tracker, attachment, endpoint, cast_to, options, stream)
        except Exception as error:
            tracker.health.failed("capture", "A call could not be watched", error, secret=True)
            log.debug("A call could not be watched", exc_info=True)
            return None
        if tracker.before_send:
            tracker.admit(call)
        return call


class SyncTracking(Tracking):
    """Watches a sync client's requests."""

    if not TYPE_CHECKING:

        def request(self, cast_to, options, *, stream=False, stream_cls=None):
            call = self._llmtrack_call(cast_to, options, stream)
            if call is None:
                return super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
            while True:
                try:
                    result = super().request(call.cast_to, call.options, stream=stream, stream_cls=stream_cls)
                    break
                except BaseException as error:
                    if not call.asks_again(error):
                        call.failed(error)
                        raise
            parse = call.answered(result)
            return result if parse is None else parse()


class AsyncTracking(Tracking):
    """Watches an async client's requests."""

    if not TYPE_CHECKING:

        async def request(self, cast_to, options, *, stream=False, stream_cls=None):
            call = self._llmtrack_call(cast_to, options, stream)
            if call is None:
                return await super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
            while True:
                try:
                    result = await super().request(call.cast_to, call.options, stream=stream, stream_cls=stream_cls)
                    break
                except BaseException as error:
                    if not call.asks_again(error):
                        call.failed(error)
                        raise
            parse = call.answered(result)
            return result if parse is None else await parse()
