"""One request to a model, from sending to the end of its answer.

This is what runs in the caller's thread, so it takes note and no more: no JSON is parsed, nothing is copied.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from llmtrack.capture import credentials, stream_usage
from llmtrack.capture.context import NOBODY, active
from llmtrack.capture.endpoints import Endpoint
from llmtrack.capture.errors import UNREADABLE
from llmtrack.capture.response_head import HEADER_ATTRIBUTES, HEADERS, is_text
from llmtrack.capture.sdk import include_usage
from llmtrack.capture.sdk.client_settings import ClientSettings
from llmtrack.capture.sdk.response_body import observe
from llmtrack.capture.tracker import Tracker

if TYPE_CHECKING:
    from llmtrack.billing.limits import PriceBook, Sizing
    from llmtrack.ledger.limits import Caller
    from llmtrack.ledger.records import CallHold

_STOPPED = (asyncio.CancelledError, KeyboardInterrupt)
_CUT = ("LengthFinishReasonError", "ContentFilterFinishReasonError")
"""What `parse()` raises where the provider cut the answer short: the answer says so itself, nothing failed."""
_SEEN = ("attempts", "http_status", "response", "size", "streamed", "ended", *HEADER_ATTRIBUTES)
"""What a call holds once it was sent and answered."""


class Call:
    """A request under way, what is sent for it and what came back. Ends exactly once, whoever says so."""

    attempts = 0
    """How often it was sent. 0: it never was, so that nothing was spent."""
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
    asks = False
    """Whether `options` ask for usage where the caller's did not."""
    looks = False
    """Whether this stream shows if its server reports usage unasked."""
    hold: CallHold | None = None
    """What it holds of limits."""
    refusal: Mapping[str, Any] | None = None
    """Why a limit refused it."""
    again: Call | None = None
    """The same request, sent once more by a middleware after it was answered."""

    def __init__(
        self, client: Any, tracker: Tracker, settings: ClientSettings, endpoint: Endpoint, options: Any, stream: bool
    ) -> None:
        self.client = client
        self.tracker = tracker
        self.settings = settings
        self.endpoint = endpoint
        self.plain_options = self.options = options
        """As the caller made them, and as they are to be sent."""
        self.epoch = tracker.epoch
        context, clients = active.get(), settings.context
        self.context = context if clients is NOBODY else context.over(clients)
        if stream and endpoint.asks_usage:
            self._ask_usage()
        self.answered: set[int] = set()
        """The numbers of attempts that were answered with an error, and made again."""
        self.started_at = tracker.now()
        self.sent = self.stopped_at = tracker.tick()

    def _ask_usage(self) -> None:
        """Has the options ask for the stream's usage, where that must be done."""
        server = self._server
        if include_usage.can_ask(server, self.plain_options):
            must = stream_usage.must_ask(server, self.settings.provider, self.settings.asks_usage)
            self.asks, self.looks = must is True, must is None
            if must:
                self.options = include_usage.asking(self.plain_options)

    @property
    def _server(self) -> stream_usage.Server:
        return include_usage.server_of(self.client, self.tracker)

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

    @property
    def wanted(self) -> Any:
        """The request's JSON, before it is bytes; None where it is none."""
        return self.plain_options.json_data

    @property
    def base_host(self) -> str | None:
        """The host of the client's base URL, to which it goes unless it is redirected."""
        host: str | None = self.client.base_url.host
        return host

    def secrets(self, error: BaseException | None) -> set[str]:
        """Everything it was authenticated with."""
        return credentials.credentials_of(self.client, self.plain_options.headers, error)

    @property
    def unseen(self) -> int:
        """Attempts before the last whose end nobody saw."""
        return max(0, self.attempts - 1 - len(self.answered - {self.attempts}))

    def caller(self) -> Caller:
        """Who makes it of which model, as limits look at it."""
        from llmtrack.capture.sizing import caller_of

        return caller_of(self.context, self.plain_options.json_data, self.model)

    def sizing(self, book: PriceBook, caller: Caller) -> Sizing:
        """What it may use."""
        from llmtrack.capture.sizing import sizing_of

        options, base = self.plain_options, self.client.base_url
        return sizing_of(
            self,
            f"{base.path.rstrip('/')}/{options.url.lstrip('/')}",
            options.headers,
            _sent_as_json(options),
            book,
            caller,
            has_files=bool(options.files),
            tries=1 + max(0, int(options.get_max_retries(self.client.max_retries))),
        )

    def about(self, sizing: Sizing) -> dict[str, Any]:
        """Who makes it of which model, for the row that stands for it should this process die."""
        from llmtrack.capture.sizing import about

        return about(self, sizing)

    # -- the SDK's side ----------------------------------------------------------------------------------------------

    def sends(self, request: Any) -> None:
        """The SDK sends `request`, for the first time or once more."""
        if self.http_status is not None:
            if self.again is None:
                self.again = self._twin()
            self.again.sends(request)
            return
        self.attempts += 1
        try:
            self.host, self.url_path = request.url.host, request.url.path
            if not self.plain_options.files:
                # What is streamed to the server has no `_content`, and is not kept.
                self.request = getattr(request, "_content", b"")
        except Exception as error:
            self._could_not("watch", error)

    def receives(self, response: Any) -> None:
        """The SDK takes in what the server answered, and may fail to make sense of it."""
        if self.again is not None:
            self.again.receives(response)
            return
        if response.status_code >= 400:
            return  # Seen by a middleware; what comes of it is told by the exception, or by another answer.
        self.stopped_at = self.tracker.tick()
        try:
            self._sees(response)
            if not response.is_closed:
                self._watches(response)
            elif is_text(self.content_type):
                self.response = response.content
            else:
                self.size = len(response.content)
        except Exception as error:
            self._could_not("watch", error)
            self.end("abandoned")

    def returned(self) -> None:
        """`request()` returned. Without a word from the server, a middleware made up the answer."""
        if not self.streamed:
            self.end("read")
        if self.again is not None:
            self.again.returned()

    def _watches(self, response: Any) -> None:
        self.streamed = True
        self.chunks, self.ticks = [], []
        self.outer = sys.exception()
        filter = stream_usage.filter_for(self._server, self.content_encoding) if self.asks else None
        observe(response, self, filter, keep=is_text(self.content_type))

    def _sees(self, response: Any) -> None:
        self.http_status = response.status_code
        for name, value in response.headers.raw:
            if (attribute := HEADERS[name]) is not None:
                setattr(self, attribute, value)

    def _twin(self) -> Call:
        """This call as it was before it was answered: another answer is paid for, too, and is a row of its own."""
        twin = copy(self)
        for name in _SEEN:
            twin.__dict__.pop(name, None)
        twin.hold, twin.answered = None, set()  # what is held covers one answer
        twin.started_at = self.tracker.now()
        twin.sent = twin.stopped_at = self.tracker.tick()
        return twin

    def asks_again(self, error: BaseException) -> bool:
        """Whether the request failed for what we added to it, and goes out once more without."""
        if not self.asks:
            return False
        try:
            response: Any = getattr(error, "response", None)
            if response is None or not stream_usage.is_refused(self._server, response.status_code, response.text):
                return False
            self.options, self.asks = self.plain_options, False
            self.answered.add(self.attempts)
        except Exception as failure:
            self._could_not("retry", failure)
            return False
        return True

    def failed(self, error: BaseException) -> None:
        """The SDK raised: the call ends with it."""
        if self.again is not None:
            if not self.streamed:
                self.end("read")
            self.again.failed(error)
            return
        try:
            if self.http_status is None or self.streamed:
                self.stopped_at = self.tracker.tick()
            if self.http_status is None:
                response: Any = getattr(error, "response", None)
                if hasattr(response, "status_code"):
                    self._sees(response)
                    self.response = getattr(response, "_content", None)
            elif type(error).__name__ in _CUT:
                self.end("read")
        except Exception as failure:
            self._could_not("watch", failure)
        self.end(how_failed(error), error)

    # -- the end -----------------------------------------------------------------------------------------------------

    def end(self, how: str, error: BaseException | None = None) -> None:
        """Ends the call: `how` its answer ended, and the exception the caller got, if any. Never raises."""
        if not self.ended:
            self.ended = True
            if self.looks and self.streamed and self.http_status == 200 and how in ("read", "closed"):
                self._learn(how)
            self.tracker.finish(self, how, error)

    def _learn(self, how: str) -> None:
        try:
            stream_usage.learn(self._server, b"".join(self.chunks), self.content_encoding, how)
        except Exception as error:
            self.tracker.health.failed("capture", "A stream could not be looked at", error, secret=True)

    def broke(self, error: BaseException) -> None:
        """Reading the body raised."""
        self.stopped_at = self.tracker.tick()
        how = how_failed(error)
        # OpenAI's SDK waits a moment for what follows the end of a stream, and cancels that: nobody gets this error.
        self.end(how, None if how == "cancelled" else error)

    def closed(self) -> None:
        """The body is being closed: the caller has had enough or is being stopped, or the SDK could not read on."""
        if self.ended:
            return
        error = sys.exception()
        if error is None or error is self.outer:
            self.end("closed")
        elif isinstance(error, _STOPPED):
            self.end("cancelled")
        elif type(error).__name__ in UNREADABLE and _came_out_of(self.client._llmtrack_family.sdk, error):
            self.stopped_at = self.tracker.tick()
            self.end("error", error)
        else:
            self.end("closed")

    def _could_not(self, do: str, error: Exception) -> None:
        self.tracker.health.failed("capture", f"A call could not be {do}ed", error, secret=True)


def how_failed(error: BaseException) -> str:
    """Whether an exception that came out of a call is a failure, or the caller being stopped."""
    if isinstance(error, _STOPPED):
        return "cancelled"
    return "error" if isinstance(error, Exception) else "abandoned"


def _sent_as_json(options: Any) -> dict[str, Any]:
    """What is sent as JSON, with what the caller adds to it by ``extra_body``."""
    body = options.json_data if type(options.json_data) is dict else {}
    extra = getattr(options, "extra_json", None)
    return {**body, **extra} if isinstance(extra, Mapping) else body


def _came_out_of(package: str, error: BaseException) -> bool:
    """Whether an exception came out of an SDK, and not from what its caller does with an answer."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").partition(".")[0] == package for frame, _ in frames)
