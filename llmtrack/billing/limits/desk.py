"""Where the calls of a process are admitted while there are limits: holds, prices, and a thread that keeps order."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmtrack.billing.limits import refusals
from llmtrack.billing.limits.admission import Admission
from llmtrack.billing.limits.limited_call import CallsUnderWay, LimitedCall
from llmtrack.billing.limits.process_holder import ProcessHolder, is_dead
from llmtrack.billing.limits.refusals import Refusal
from llmtrack.billing.limits.sizing import Refused, Sizing, most_output
from llmtrack.billing.limits.usual_output import UsualOutput
from llmtrack.ledger import Ledger
from llmtrack.ledger.limits import Applied, Caller, Entry, HoldsLost, Limit, Policy, Verdict, Wish, period_of
from llmtrack.ledger.maintenance import prune_daily
from llmtrack.ledger.records import CallHold
from llmtrack.pricing import Pricer

WAIT_SECONDS = 2.0
"""How long a call waits for its holds at most."""
LOOK_AGAIN = 0.03
"""Seconds between looks while calls that have ended are being booked."""
ROUND = 1.0
"""Seconds between the rounds of the thread that keeps holds in order."""
IDLE_ROUNDS = 15
"""Rounds without a call under way after which it ends; the next call starts it again."""
SEEN_AGAIN = 600.0
"""Seconds between the signs of life of a process that holds something."""
TAKE_IN_ROUNDS = 3
"""Rounds for which new limits take in calls under way: one that was being admitted meanwhile begins a moment later."""
PRUNE_SECONDS = 3600.0
"""Seconds between looks whether counters of periods long over are to be removed, which happens once a day."""
SWEEP = 5
"""Rounds between looks for holds that were forgotten."""


class Desk:
    """Admits the calls of a process, and lets limits that are new take in those under way."""

    def __init__(
        self, calls: CallsUnderWay, ledger: Ledger, directory: Path, failed: Callable[[str, str, BaseException], None]
    ) -> None:
        self._calls, self._ledger, self._failed = calls, ledger, failed
        self._holder = ProcessHolder(directory)
        self._seen_at = 0.0
        self._prune_at = time.monotonic() + PRUNE_SECONDS
        ledger.holds.register(self._holder.row())
        self._admission = Admission(ledger.holds, self._holder.id)
        self._usual = UsualOutput(ledger)
        self._prices: tuple[int, Pricer] | None = None
        self._lock = threading.Lock()
        self._own: set[int] = set()
        """Calls of this process that hold something, booked ones left out."""
        self._ended: set[int] = set()
        """Those of them that have ended, and whose holds do not say so yet."""
        self._strangers: set[int] = set()
        self._version = calls.watch.policy.version
        self._take_in_rounds = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # -- prices ------------------------------------------------------------------------------------------------------

    def pricer(self) -> Pricer:
        """Prices as they are in the book now."""
        if self._prices is None:
            version, entries = self._ledger.book()
            self._prices = (version, Pricer(entries))
        return self._prices[1]

    def p95(self, user: str | None, model: str | None) -> int | None:
        """Output tokens that 95 % of the user's answers of that model did not exceed."""
        return self._usual.p95(user, model)

    # -- admitting ---------------------------------------------------------------------------------------------------

    def admit(
        self, call: LimitedCall, caller: Caller, applied: Sequence[Applied], hurry: Callable[[], None]
    ) -> Refusal | None:
        """Places the holds of a call, or says why it may not go out. Raises `HoldsLost` where that cannot be told."""
        self._keep_order()
        sizing = call.sizing(self, caller)
        at = call.started_at
        try:
            entries = tuple(self._entry(sizing, pair, at) for pair in applied)
        except Refused as refused:
            return refusals.not_known(refused, at)
        wish = Wish(_new_call_id(), at, entries, _as_text(call.about(sizing) | {"most": _most(sizing, applied)}))
        with self._lock:
            self._own.add(wish.call_id)
        deadline = time.monotonic() + WAIT_SECONDS
        try:
            verdict = self._admission.ask(wish, deadline)
            while verdict and time.monotonic() < deadline and self._may_fit_soon(verdict, hurry):
                time.sleep(LOOK_AGAIN)
                verdict = self._admission.ask(wish, deadline)
        except BaseException:
            self.forget([wish.call_id])
            raise
        if not verdict:
            call.hold = CallHold(wish.call_id, {entry.limit_id: entry.amount for entry in entries}, sizing.tries)
            return None
        self.forget([wish.call_id])
        limits = {pair.limit.id: pair.limit for pair in applied}
        short = [(limits[shortage.entry.limit_id], shortage) for shortage in verdict]
        rooms = [(limit, max(0, shortage.room)) for limit, shortage in short]
        return refusals.exceeded(short, at, most_output(sizing, rooms))

    def _entry(self, sizing: Sizing, pair: Applied, at: int) -> Entry:
        limit, subject = pair
        amount = sizing.amount(limit)
        cap = limit.cap(subject, at)
        if cap == 0 and limit.unit != "messages":
            amount = max(1, amount)  # nothing at all may be used, be it free
        return Entry(limit.id, subject, period_of(limit, at)[0], amount, cap)

    def _may_fit_soon(self, verdict: Verdict, hurry: Callable[[], None]) -> bool:
        """Whether there will be room once calls are booked that have ended, or whose process is gone."""
        hurry()
        if self._flush_ended():
            return True  # they were not known as ended when the verdict was given
        if all(shortage.room + shortage.ended >= shortage.entry.amount for shortage in verdict):
            return True
        return any(is_dead(holder) for holder in self._ledger.holds.holders() if holder.id != self._holder.id)

    # -- the ends of calls -------------------------------------------------------------------------------------------

    def note_ended(self, call_id: int) -> None:
        """A call has ended; it is booked soon."""
        with self._lock:
            if call_id in self._own:
                self._ended.add(call_id)

    def forget(self, calls: Iterable[int]) -> None:
        """Calls are booked, or were not admitted."""
        with self._lock:
            self._own.difference_update(calls)
            self._ended.difference_update(calls)

    def _flush_ended(self) -> bool:
        """Has the holds say which calls have ended; returns whether there were any."""
        with self._lock:
            ended, self._ended = self._ended, set()
        if ended:
            self._ledger.holds.mark_ended(sorted(ended))
        return bool(ended)

    # -- the thread --------------------------------------------------------------------------------------------------

    def _keep_order(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stopping.is_set():
                    self._thread = threading.Thread(target=self._run, name="llmtrack-limits", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        idle = rounds = 0
        while idle < IDLE_ROUNDS and not self._stopping.wait(ROUND):
            rounds += 1
            try:
                self._round(sweep=rounds % SWEEP == 0)
            except Exception as error:
                self._failed("limits", "Holds could not be kept in order", error)
            idle = 0 if self._own or self._calls.under_way() else idle + 1
        self._thread = None

    def _round(self, *, sweep: bool) -> None:
        watch = self._calls.watch
        if not watch.is_fresh:
            watch.refresh()
        if watch.policy.version != self._version:
            self._version, self._take_in_rounds = watch.policy.version, TAKE_IN_ROUNDS
        if self._take_in_rounds:
            self._take_in_rounds -= 1
            self._take_in(watch.policy)
        self._flush_ended()
        if time.monotonic() - self._seen_at > SEEN_AGAIN:
            self._ledger.holds.register(self._holder.row())
            self._seen_at = time.monotonic()
        if sweep:
            self._sweep()
            self._prices = None  # the book may have changed
        if time.monotonic() > self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_SECONDS
            prune_daily(self._ledger)

    def _take_in(self, policy: Policy) -> None:
        """Enters the calls under way into limits that are new to them, without a check."""
        for call in self._calls.under_way():
            caller = call.caller()
            before: CallHold | None = call.hold
            new = [
                pair for pair in policy.applying(caller)
                if pair.limit.hard and (before is None or pair.limit.id not in before.amounts)
            ]  # fmt: skip
            if new:
                self._enter(call, caller, before, new)

    def _enter(self, call: Any, caller: Caller, before: CallHold | None, new: Sequence[Applied]) -> None:
        sizing = call.sizing(self, caller)
        entries = []
        for pair in new:
            lenient = Applied(_letting_through(pair.limit), pair.subject)
            entries.append(self._entry(sizing, lenient, call.started_at)._replace(cap=None))
        amounts = {**(before.amounts if before else {}), **{entry.limit_id: entry.amount for entry in entries}}
        call_id = before.call_id if before is not None else _new_call_id()
        hold = CallHold(call_id, amounts, sizing.tries)
        with self._lock:
            self._own.add(call_id)
        if not self._calls.attach(call, hold):
            return
        about = _as_text(call.about(sizing)) if before is None else None
        self._ledger.holds.enter([Wish(call_id, call.started_at, tuple(entries), about or "{}")], self._holder.id)

    def _sweep(self) -> None:
        """Removes holds that nobody knows any more: entered at the moment in which their call was booked."""
        with self._lock:
            own = set(self._own)
        open_now = {call.call_id for call in self._ledger.holds.open_calls(self._holder.id)}
        strangers = open_now - own
        if gone := strangers & self._strangers:
            self._ledger.holds.release(sorted(gone))
        self._strangers = strangers - gone

    def close(self) -> None:
        """Ends the thread and lets go of the file that says that this process lives."""
        self._stopping.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(ROUND)
        try:
            self._ledger.holds.forget(self._holder.id)
        except HoldsLost as error:
            self._failed("limits", "This process stays noted as one that holds something", error)
        self._holder.close()


def _letting_through(limit: Limit) -> Limit:
    """A limit as it holds for calls that are under way already: they cannot be refused any more."""
    unpriced = "allow" if limit.unpriced == "refuse" else limit.unpriced
    return replace(limit, unbounded="allow", unpriced=unpriced)


def _most(sizing: Sizing, applied: Sequence[Applied]) -> dict[str, int | None]:
    """By limit, what the call cannot exceed: where a limit expects less, that is how far it may be overrun."""
    return {
        str(limit.id): sizing.most(limit)
        for limit, _ in applied
        if limit.mode == "expected" and limit.unit != "messages"
    }


def _new_call_id() -> int:
    return secrets.randbits(62) | 1


def _as_text(about: dict[str, Any]) -> str:
    return json.dumps(about, default=str, ensure_ascii=False)
