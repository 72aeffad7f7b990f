"""The limiter of a process: asked before each call, told of its end."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmtrack.billing.limits.policy_watch import PolicyWatch
from llmtrack.ledger.limits import Applied, Caller

if TYPE_CHECKING:
    from llmtrack.billing.limits.limited_call import EndedCall, LimitedCall
    from llmtrack.billing.limits.refusals import Refusal
    from llmtrack.ledger.records import CallHold


class Limiter:
    """Admits calls against the limits of one ledger. Safe to use from any thread; made anew after a fork."""

    def __init__(
        self, url: Callable[[], str], directory: Callable[[], Path], hurry: Callable[[], None],
        failed: Callable[[str, str, BaseException], None],
    ) -> None:  # fmt: skip
        """`directory` is where the journal lies; `hurry` has the writers book what has ended; `failed` reports."""
        self.watch = PolicyWatch(url, directory)
        self._url, self._directory = url, directory
        self._hurry, self._failed = hurry, failed
        self._lock = threading.Lock()
        self._calls: weakref.WeakSet[Any] = weakref.WeakSet()
        """The calls under way."""
        self._desk: Any = None

    # -- before a call -----------------------------------------------------------------------------------------------

    def is_free(self, call: LimitedCall) -> bool:
        """Whether it is known without waiting that no hard limit applies to a call; it is noted then."""
        if self.watch.is_fresh and (
            not self.watch.policy.limits
            or not any(pair.limit.hard for pair in self.watch.policy.applying(call.caller()))
        ):
            self._note(call)
            return True
        return False

    def applying(self, caller: Caller) -> tuple[Applied, ...]:
        """The limits that a call of `caller` counts against, as far as this process knows."""
        if not self.watch.is_fresh:
            self.watch.refresh()
        return self.watch.policy.applying(caller)

    def admit(self, call: LimitedCall) -> Refusal | None:
        """Places the holds of a call, or says why it may not go out. Blocks, so never on an event loop."""
        caller = call.caller()
        applied = [pair for pair in self.applying(caller) if pair.limit.hard]
        if not applied:
            self._note(call)
            return None
        from llmtrack.billing.limits import refusals

        try:
            refusal: Refusal | None = self._desk_open().admit(call, caller, applied, self._hurry)
            if refusal is None:
                self._note(call)
            return refusal
        except Exception as error:
            self._failed("limits", "A limit could not be checked", error)
            limit = refusals.strictest(applied)
            return None if limit is None else refusals.unavailable(limit, f"{type(error).__name__}: {error}")

    def must_refuse(self, caller: Caller) -> Refusal | None:
        """For a call that cannot be watched, or whose own check failed: why it may not go out; None: it may."""
        from llmtrack.billing.limits import refusals

        limit = refusals.strictest(self.applying(caller))
        return None if limit is None else refusals.unavailable(limit, "the call could not be watched")

    def _note(self, call: LimitedCall) -> None:
        with self._lock:
            self._calls.add(call)

    # -- after a call ------------------------------------------------------------------------------------------------

    def ended(self, call: EndedCall) -> None:
        """A call has ended and is about to be recorded: its hold stays as it is until it is booked."""
        with self._lock:
            self._calls.discard(call)
        if call.hold is not None and self._desk is not None:
            self._desk.note_ended(call.hold.call_id)

    def booked(self, calls: Iterable[int]) -> None:
        """The holds of these calls have ended."""
        if self._desk is not None:
            self._desk.forget(calls)

    def under_way(self) -> list[Any]:
        """The calls under way."""
        with self._lock:
            return list(self._calls)

    def attach(self, call: LimitedCall, hold: CallHold) -> bool:
        """Gives a call a hold, unless it has ended meanwhile."""
        with self._lock:
            if call not in self._calls:
                return False
            call.hold = hold
            return True

    def close(self) -> None:
        """Stops the thread and lets go of files. What is held stays held; whoever looks takes it for a dead one's."""
        desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()

    def _desk_open(self) -> Any:
        if self._desk is None:
            from llmtrack.billing.limits.desk import Desk
            from llmtrack.ledger import open_ledger

            ledger = open_ledger(self._url())
            with self._lock:
                if self._desk is None:
                    self._desk = Desk(self, ledger, self._directory(), self._failed)
        return self._desk
