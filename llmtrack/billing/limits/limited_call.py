"""What the limiter needs of a call, and what a call needs of the limiter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from llmtrack.billing.limits.policy_watch import PolicyWatch
    from llmtrack.billing.limits.sizing import Sizing
    from llmtrack.ledger.limits import Caller
    from llmtrack.ledger.records import CallHold
    from llmtrack.pricing import Pricer


class PriceBook(Protocol):
    """What is asked when a call is to be sized."""

    def pricer(self) -> Pricer:
        """Prices as they are now."""
        ...

    def p95(self, user: str | None, model: str | None) -> int | None:
        """Output tokens that 95 % of the user's answers of that model did not exceed; None where nobody knows."""
        ...


class LimitedCall(Protocol):
    """A call that has not been sent yet; see `llmtrack.capture.sdk.call.Call`."""

    hold: CallHold | None

    @property
    def started_at(self) -> int: ...

    def caller(self) -> Caller: ...

    def sizing(self, book: PriceBook, caller: Caller) -> Sizing: ...

    def about(self, sizing: Sizing) -> dict[str, Any]: ...


class EndedCall(Protocol):
    """A call that has ended."""

    @property
    def hold(self) -> CallHold | None: ...


class CallsUnderWay(Protocol):
    """The calls of this process, and the limits as it knows them."""

    watch: PolicyWatch

    def under_way(self) -> list[Any]:
        """The calls."""
        ...

    def attach(self, call: LimitedCall, hold: CallHold) -> bool:
        """Gives a call a hold, unless it has ended meanwhile."""
        ...
