"""A call as the tracker and the journal see it; made by an SDK's client (`llmtrack.capture.sdk`) or by the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from llmtrack.capture.context import Context
from llmtrack.capture.endpoints import Endpoint

if TYPE_CHECKING:
    from llmtrack.ledger.limits import Caller
    from llmtrack.ledger.records import CallHold


class CallSettings(Protocol):
    """What its client was told about a call."""

    @property
    def provider(self) -> str | None: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def subscription(self) -> bool: ...

    @property
    def names_users(self) -> bool: ...


class TrackedCall(Protocol):
    """A request, what was sent for it and what came back; see `llmtrack.capture.sdk.call.Call`."""

    @property
    def base_host(self) -> str | None: ...

    @property
    def settings(self) -> CallSettings: ...

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def context(self) -> Context: ...

    @property
    def hold(self) -> CallHold | None: ...

    @property
    def refusal(self) -> Mapping[str, Any] | None: ...

    @property
    def unseen(self) -> int: ...

    @property
    def epoch(self) -> int: ...

    @property
    def attempts(self) -> int: ...

    @property
    def host(self) -> str | None: ...

    @property
    def path(self) -> str: ...

    @property
    def url_path(self) -> str: ...

    @property
    def model(self) -> str | None: ...

    @property
    def request(self) -> bytes: ...

    @property
    def wanted(self) -> Any: ...

    @property
    def http_status(self) -> int | None: ...

    @property
    def content_type(self) -> bytes: ...

    @property
    def content_encoding(self) -> bytes: ...

    @property
    def request_id(self) -> bytes: ...

    @property
    def response(self) -> bytes | None: ...

    @property
    def size(self) -> int | None: ...

    @property
    def streamed(self) -> bool: ...

    @property
    def chunks(self) -> Sequence[bytes]: ...

    @property
    def ticks(self) -> Sequence[int]: ...

    @property
    def started_at(self) -> int: ...

    @property
    def sent(self) -> int: ...

    @property
    def stopped_at(self) -> int: ...

    def secrets(self, error: BaseException | None) -> set[str]: ...

    def end(self, how: str, error: BaseException | None = None) -> None: ...


class LimitedCall(TrackedCall, Protocol):
    """A call that has not been sent yet, and may be refused."""

    hold: CallHold | None
    refusal: Any

    def caller(self) -> Caller: ...

    def sizing(self, book: Any, caller: Caller) -> Any: ...

    def about(self, sizing: Any) -> dict[str, Any]: ...

    def failed(self, error: BaseException) -> None: ...
