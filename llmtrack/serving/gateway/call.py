"""A request that passes through the gateway, as the tracker sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmtrack.capture import stream_usage
from llmtrack.capture.context import Context
from llmtrack.capture.endpoints import Endpoint
from llmtrack.capture.response_head import HEADERS, is_text
from llmtrack.capture.sizing import about, caller_of, sizing_of
from llmtrack.capture.tracker import Tracker
from llmtrack.serving.gateway.routes import Route

if TYPE_CHECKING:
    from llmtrack.billing.limits import PriceBook, Sizing
    from llmtrack.ledger.limits import Caller
    from llmtrack.ledger.records import CallHold


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What is known of the calls to a provider before any is made."""

    provider: str | None
    subscription: bool = False
    """The caller's own subscription pays for it."""
    names_users: bool = True
    """Whether a user that the body names is the call's."""
    simulated: bool = False


class GatewayCall:
    """A request under way. Ends exactly once; each attempt of a caller's SDK is one."""

    attempts = 0
    """1 as soon as it is being sent."""
    http_status: int | None = None
    content_type = b""
    content_encoding = b""
    request_id = b""
    response: bytes | None = None
    size: int | None = None
    streamed = True
    """Its body comes in pieces, with the encoding it has on the wire."""
    hold: CallHold | None = None
    refusal: Mapping[str, Any] | None = None
    ended = False
    shows: stream_usage.Server | None = None
    """The server whose stream shows whether it reports usage unasked."""
    unseen = 0
    """A caller's retries are requests of their own."""

    def __init__(
        self, tracker: Tracker, settings: PassedOn, endpoint: Endpoint, context: Context, route: Route,
        headers: Mapping[bytes, bytes], body: bytes, wanted: Any, secrets: set[str],
    ) -> None:  # fmt: skip
        """`wanted` is what the JSON in `body` says; None where it is none. `secrets` are what it is sent with.

        `body` is without its compression.
        """
        self.tracker, self.settings, self.endpoint, self.context = tracker, settings, endpoint, context
        self.epoch = tracker.epoch
        self.base_host = self.host = route.upstream.host
        self.path = route.path
        self.url_path = route.upstream.path + route.path
        self.wanted: dict[str, Any] = wanted if isinstance(wanted, dict) else {}
        self.request = body if self.wanted else b""
        self.has_files = bool(body) and not self.wanted
        model = self.wanted.get("model")
        self.model = model if isinstance(model, str) else None
        self._headers, self._secrets = headers, secrets
        self.chunks: list[bytes] = []
        self.ticks: list[int] = []
        self.started_at = tracker.now()
        self.sent = self.stopped_at = tracker.tick()

    # -- as limits look at it ----------------------------------------------------------------------------------------

    def caller(self) -> Caller:
        """Who makes it of which model."""
        return caller_of(self.context, self.wanted if self.settings.names_users else None, self.model)

    def sizing(self, book: PriceBook, caller: Caller) -> Sizing:
        """What it may use."""
        headers = {"anthropic-beta": self._headers.get(b"anthropic-beta", b"").decode("latin-1")}
        return sizing_of(
            self, self.url_path, headers, self.wanted, book, caller, has_files=self.has_files, tries=1
        )  # fmt: skip

    def about(self, sizing: Sizing) -> dict[str, Any]:
        """Who makes it of which model, for the row that stands for it should this process die."""
        return about(self, sizing)

    def secrets(self, error: BaseException | None) -> set[str]:
        """Everything it was authenticated with."""
        return self._secrets

    @property
    def failed_upstream(self) -> bool:
        """The provider answered with an error's status."""
        return self.http_status is not None and self.http_status >= 400

    # -- what is seen of it ------------------------------------------------------------------------------------------

    def answers(self, status: int, headers: Any) -> bool:
        """The head of the answer is there; returns whether the body is to be kept."""
        self.stopped_at = self.tracker.tick()
        self.http_status = status
        for name, value in headers:
            if (attribute := HEADERS[name]) is not None:
                setattr(self, attribute, value)
        return is_text(self.content_type)

    def receives(self, chunk: bytes) -> None:
        """A piece of the body came."""
        self.chunks.append(chunk)
        self.ticks.append(self.tracker.tick())

    def end(self, how: str, error: BaseException | None = None) -> None:
        """Ends the call: `how` its answer ended, and the error if any. Never raises."""
        if self.ended:
            return
        self.ended = True
        if error is not None or how == "cancelled":
            self.stopped_at = self.tracker.tick()
        if self.content_encoding and self.chunks and self.failed_upstream:
            self._unzip()
        if self.shows is not None and self.http_status == 200 and how == "read":
            self._learn(self.shows)
        self.tracker.finish(self, how, error)

    def _learn(self, server: stream_usage.Server) -> None:
        try:
            stream_usage.learn(server, b"".join(self.chunks), self.content_encoding, "read")
        except Exception as error:
            self.tracker.health.failed("capture", "A stream could not be looked at", error, secret=True)

    def failed(self, error: BaseException) -> None:
        """It could not be made."""
        self.end("cancelled" if isinstance(error, asyncio.CancelledError) else "error", error)

    def _unzip(self) -> None:
        """An error as plain text, in which keys can be found and masked before it is kept."""
        from llmtrack.capture.readers import unpack

        body, _ = unpack(b"".join(self.chunks), self.content_encoding.decode("latin-1"), ())
        self.chunks, self.ticks, self.content_encoding = [body], self.ticks[-1:], b""
