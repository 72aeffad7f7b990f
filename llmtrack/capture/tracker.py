"""The tracker: where calls begin and end, and from where they travel to the ledger."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmtrack.capture.context import NOBODY, Context, Redactor, active
from llmtrack.capture.health import Health
from llmtrack.capture.journal.encode import frame_of
from llmtrack.capture.journal.frame import pieces
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.journal.large_media import LARGE, without_large_media
from llmtrack.capture.plain import as_json
from llmtrack.capture.tracked_call import LimitedCall, TrackedCall
from llmtrack.ledger.owner import Owner, address_of
from llmtrack.limits import LimitExceeded

if TYPE_CHECKING:
    from llmtrack.billing.limits import Limiter, Refusal
    from llmtrack.capture.journal.group_sync import GroupSync
    from llmtrack.capture.journal.writer import Writer

Strip = Callable[[TrackedCall, str, BaseException | None, str | Redactor, Health], list[bytes]]
EXIT_TIMEOUT = 2.0
"""Seconds that the end of the process waits, for all trackers. What is left stays in the journal."""
FLUSHING = 0.8
"""The part of the time for closing in which records may still be written; the rest is for deleting their journal."""
LEAST_STOP = 0.1
"""Seconds that a writer has to end, however late it is."""


@dataclass(frozen=True, slots=True)
class Flushed:
    """How far the records got: all of them since the tracker began."""

    written: int
    """Rows that are in the ledger."""
    waiting: int
    """Records that wait, in the journal or in memory."""
    failed: int
    """Records that could not be written, or were lost."""
    where: str | None = None
    """The file that keeps the records that could not be written."""


class Tracker:
    """Records what tracked clients do, in one ledger. Most programs need only the default one.

    Nothing it does raises into a caller, except `LimitExceeded` from a `before_send`.
    """

    def __init__(
        self,
        database_url: str | None = None,
        journal_dir: str | os.PathLike[str] | None = None,
        content: str | None = None,
        durability: str | None = None,
        redact: Redactor | None = None,
        before_send: Sequence[Callable[[TrackedCall], None]] = (),
        clock: Callable[[], float] = time.time,
        counter: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Settings left out come from the environment (see `llmtrack.settings`). Opens nothing yet.

        `clock` gives seconds since 1970, `counter` nanoseconds of any origin; both are for tests.
        """
        if content not in (None, "on", "off"):
            raise ValueError(f'content is {content!r}; give "on" or "off", or a function as redact')
        if durability not in (None, "process", "power"):
            raise ValueError(f'durability is {durability!r}; give "process" or "power"')
        self.before_send = list(before_send)
        self.health = Health()
        self.epoch = 0
        self.tick = counter
        self._clock = clock
        self._database_url = database_url
        self._journal_dir = Path(journal_dir) if journal_dir is not None else None
        self._content: str | Redactor | None = redact or content
        self._journal = Journal(self.journal_dir, lambda: Owner(address_of(self.database_url)), self.health)
        self._durability = durability
        self._syncing: GroupSync | None = None
        self._limiter: Limiter | None = None
        self._writer: Writer | None = None
        self._strip: Strip | None = None
        self._earlier = Flushed(0, 0, 0)
        self._lock = threading.RLock()
        _trackers.add(self)

    # -- the caller's side -------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Microseconds since 1970."""
        try:
            return int(self._clock() * 1_000_000)
        except Exception as error:
            self.health.failed("clock", "The tracker's clock failed; the system's is used", error)
            return time.time_ns() // 1000

    def admit(self, call: LimitedCall) -> None:
        """Asks everyone in `before_send`, and the limits, whether `call` may go out. Raises `LimitExceeded`.

        A check that fails lets the call go out, unless a hard limit applies to it.
        """
        try:
            self._admit(call)
        except LimitExceeded:
            raise
        except BaseException as error:
            call.failed(error)  # stopped while it waited
            raise

    def _admit(self, call: LimitedCall) -> None:
        for check in self.before_send:
            try:
                check(call)
            except LimitExceeded as refused:
                call.end("refused", refused)
                raise
            except Exception as error:
                self._check_failed(call, error)
        if call.endpoint.settles:
            return  # It asks after an earlier request, which was admitted.
        try:
            if self.limiter.is_free(call):
                return
            refusal = self.limiter.admit(call)
        except Exception as error:
            self.health.failed("limits", "Limits could not be looked at", error)
            refusal = self._blindly()
        if refusal is not None:
            self._refuse(call, refusal)

    async def admit_async(self, call: LimitedCall) -> None:
        """The same for a call on an event loop, which waits in another thread where there is something to wait for."""
        try:
            if not self.before_send and (call.endpoint.settles or self.limiter.is_free(call)):
                return
        except Exception as error:
            self.health.failed("limits", "Limits could not be looked at", error)
        import anyio.to_thread  # both SDKs stand on it

        try:
            await anyio.to_thread.run_sync(self._admit, call)
        except LimitExceeded:
            raise
        except BaseException as error:
            call.failed(error)  # stopped while it waited
            raise

    def refuse_unwatched(self, clients: Context) -> None:
        """Raises `LimitExceeded` where a limit applies to a call that cannot be watched."""
        context = active.get().over(clients) if clients is not NOBODY else active.get()
        try:
            from llmtrack.ledger.limits import Caller

            refusal = self.limiter.must_refuse(Caller(context.user_id, context.group, context.feature))
        except Exception as error:
            self.health.failed("limits", "Limits could not be looked at", error)
            refusal = self._blindly()
        if refusal is not None:
            raise refusal.error

    def _check_failed(self, call: LimitedCall, error: Exception) -> None:
        try:
            refusal = self.limiter.must_refuse(call.caller())
        except Exception as failure:
            self.health.failed("limits", "Limits could not be looked at", failure)
            refusal = self._blindly()
        what = "the call goes out" if refusal is None else "a limit applies to the call, which is refused"
        self.health.failed("before_send", f"A check before sending failed; {what}", error)
        if refusal is not None:
            self._refuse(call, refusal)

    def _blindly(self) -> Refusal | None:
        """Where something of ours failed: a refusal if there are hard limits at all."""
        limiter = self._limiter
        if limiter is None or not any(limit.hard for limit in limiter.watch.policy.limits):
            return None
        from llmtrack.billing.limits import unavailable

        return unavailable(None, "something failed that the log names")

    def _refuse(self, call: LimitedCall, refusal: Refusal) -> None:
        call.refusal = refusal.record
        call.end("refused", refusal.error)
        raise refusal.error

    @property
    def limiter(self) -> Limiter:
        """What admits calls against the limits of the ledger."""
        if self._limiter is None:
            with self._lock:
                if self._limiter is None:
                    from llmtrack.billing.limits import Limiter

                    self._limiter = Limiter(
                        lambda: self.database_url, self.journal_dir, lambda: self.writer.hurry(), self.health.failed
                    )
        return self._limiter

    def _booked(self, calls: Sequence[int]) -> None:
        if self._limiter is not None:
            self._limiter.booked(calls)

    def finish(self, call: TrackedCall, how: str, error: BaseException | None) -> None:
        """Takes in the record of a call that ended."""
        if call.epoch != self.epoch:
            return  # Begun before this process was forked: it is the parent's to record.
        if self._limiter is not None:
            self._limiter.ended(call)
        try:
            content = call.context.content or self._content or self.content
            if content == "on":
                if len(call.request) < LARGE or not self._append_cut(call, how, error):
                    self._journal.append(frame_of(call, how, error))
            else:
                self._journal.append((self._strip or self._stripping())(call, how, error, content, self.health))
            self._wake()
        except Exception as failure:
            self.health.failed("record", "A call could not be recorded", failure, secret=True)

    def _stripping(self) -> Strip:
        """What makes records without texts; read in when the first call needs it."""
        from llmtrack.capture.journal.redact import stripped

        self._strip = stripped
        return stripped

    def _append_cut(self, call: TrackedCall, how: str, error: BaseException | None) -> bool:
        """Takes in a call whose request holds something large without that, where it can be done."""
        cut = without_large_media(call)
        if cut is None or not self._journal.has_room_for(call.request):
            return False
        record = frame_of(call, how, error, request=cut)
        self._journal.append(record, call.request, lambda: frame_of(call, how, error))
        return True

    def record(self, kind: str, **fields: Any) -> bool:
        """Takes in a record that is no call: a ``span``, an ``identity``, a ``feedback``, or a ``generation`` that
        another program made. Returns whether it is kept, in the journal or in memory."""
        try:
            dropped = self._journal.dropped
            self._journal.append(pieces(as_json({"kind": kind, "record": fields})))
            self._wake()
            return self._journal.dropped == dropped
        except Exception as failure:
            self.health.failed("record", f"A {kind} could not be recorded", failure, secret=True)
            return False

    # -- settings ----------------------------------------------------------------------------------------------------

    @property
    def content(self) -> str | Redactor:
        """How much of prompts and replies is kept where nothing else is set."""
        if self._content is None:
            from llmtrack.settings import get_settings

            self._content = get_settings().capture_content
        return self._content

    @property
    def durability(self) -> str:
        """What a recorded call survives: ``process``, the end of this process; ``power``, a power cut as well."""
        if self._durability is None:
            from llmtrack.settings import get_settings

            self._durability = get_settings().durability
        return self._durability

    @property
    def database_url(self) -> str:
        """Where the ledger is."""
        if self._database_url is None:
            from llmtrack.settings import get_settings

            self._database_url = get_settings().effective_database_url
        return self._database_url

    def journal_dir(self) -> Path:
        """Where records wait: beside an SQLite file, else in the user's state directory."""
        if self._journal_dir is None:
            self._journal_dir = _journal_dir(self.database_url)
        return self._journal_dir

    # -- delivery ----------------------------------------------------------------------------------------------------

    @property
    def writer(self) -> Writer:
        """What moves records into the ledger."""
        if self._writer is None:
            with self._lock:
                if self._writer is None:
                    from llmtrack.capture.journal.writer import Writer

                    self._writer = Writer(
                        self._journal, self.health, self.journal_dir, lambda: self.database_url, self._booked
                    )
        return self._writer

    def _wake(self) -> None:
        if (self._durability or self.durability) == "power":
            self._group_sync().wake()
        writer = self._writer
        if writer is not None:
            writer.wake()
        elif not sys.is_finalizing():  # A record that comes so late stays in the journal until the next start.
            self.writer.wake()

    def _group_sync(self) -> GroupSync:
        if self._syncing is None:
            from llmtrack.capture.journal.group_sync import GroupSync

            with self._lock:
                if self._syncing is None:
                    self._syncing = GroupSync(self._journal, self.health)
        return self._syncing

    def flush(self, timeout: float | None = 10.0) -> Flushed:
        """Waits until everything recorded so far is in the ledger, or `timeout` seconds are over; tells how far it got.

        Raises nothing: a ledger that cannot be written shows as records that wait.
        """
        self.writer.wait(timeout)
        return self.status()

    def status(self) -> Flushed:
        """How far the records got, without waiting."""
        writer, earlier, journal = self.writer, self._earlier, self._journal
        return Flushed(
            earlier.written + writer.batches.written,
            max(0, journal.appended - journal.dropped - writer.handled),
            earlier.failed + writer.batches.rejected + journal.dropped,
            writer.batches.rejected_path or earlier.where,
        )

    def close(self, timeout: float | None = 10.0) -> Flushed:
        """Flushes, then stops the writer and lets go of files. A client may go on: its next call starts all again."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self.flush(None if timeout is None else timeout * FLUSHING)
        writer = self.writer
        writer.stop(*([] if deadline is None else [max(LEAST_STOP, deadline - time.monotonic())]))
        if in_journal := self.status().waiting - len(self._journal.memory):
            self.health.failed(
                "waiting",
                f"{in_journal} records wait in the journal in {self.journal_dir()}; "
                "the next program that uses this ledger takes them in",
            )
        if self._limiter is not None:
            self._limiter.close()
        with self._lock:
            self._earlier, self._writer = self.status(), None
            if self._syncing is not None:
                self._syncing.sync()
            self._journal.close()
            return self._earlier

    def after_fork(self) -> None:
        """Starts afresh in a forked child."""
        self.epoch += 1
        self._lock = threading.RLock()
        self.health = Health()
        self._journal.after_fork()
        self._writer = self._syncing = self._limiter = None
        self._earlier = Flushed(0, 0, 0)


def _journal_dir(database_url: str) -> Path:
    from llmtrack.settings import get_settings

    configured = get_settings().journal_dir
    if configured is not None:
        return Path(configured)
    if database_url.startswith("sqlite"):
        path = database_url.partition("///")[2].partition("?")[0]
        if path and path != ":memory:":
            return Path(f"{path}.journal").absolute()
    import platformdirs

    return platformdirs.user_state_path("llmtrack") / "journal"


_trackers: weakref.WeakSet[Tracker] = weakref.WeakSet()
_default: Tracker | None = None
_default_lock = threading.Lock()


def default_tracker() -> Tracker:
    """The tracker of every client that was not given one."""
    global _default
    if _default is None:
        with _default_lock:
            if _default is None:
                _default = Tracker()
    return _default


def flush(timeout: float | None = 10.0) -> Flushed:
    """Waits until everything recorded so far is in the ledger, or `timeout` seconds are over; returns how far it got.

    Raises nothing: a ledger that cannot be written shows as records that wait.
    """
    return default_tracker().flush(timeout)


def set_default_tracker(tracker: Tracker | None) -> Tracker | None:
    """Makes `tracker` the default one, and gives back the one before. `None`: a new one will be made from settings."""
    global _default
    with _default_lock:
        before, _default = _default, tracker
    return before


def _after_fork() -> None:
    global _default_lock
    _default_lock = threading.Lock()
    for tracker in list(_trackers):
        tracker.after_fork()


def _at_exit() -> None:
    deadline = time.monotonic() + EXIT_TIMEOUT
    for tracker in list(_trackers):
        try:
            tracker.close(max(0.0, deadline - time.monotonic()))
        except Exception as error:
            tracker.health.failed("exit", "The last records stay in the journal until the next start", error)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
