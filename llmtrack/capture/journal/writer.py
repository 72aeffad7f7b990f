"""Moving records from the journal into the ledger, in batches, off every caller's thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmtrack.capture.health import Health
from llmtrack.capture.journal import dead_letters
from llmtrack.capture.journal.adoption import adopt, beside_earlier, is_waiting
from llmtrack.capture.journal.frame import HEAD_SIZE, MAGIC, Frame, decode, need
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.journal.segment import Segment, take_over

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.records import Record

GATHER = 0.1
"""Seconds to let records gather before a batch is written."""
CALM = 0.02
"""Seconds without a record after which the callers are not in the way; before, they come first …"""
LONGEST_GATHER = 1.0
"""… for at most so many seconds. Larger batches are cheaper ones, too."""
REST_AFTER = 5.0
"""Seconds without a record after which the journal file is removed; the next record begins another."""
BATCH_RECORDS = 2000
READ_SIZE = 4 << 20
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds to wait after the ledger could not be written, doubling."""
LOOK_AROUND = 10.0
"""Seconds between looks for journals whose process died."""


_importing = threading.RLock()
"""Held while this thread imports, and so at no fork: a child would be left with modules that are half there."""


def import_all(url: str) -> None:
    """Imports what the writer needs for the ledger at `url`."""
    modules = [
        "llmtrack.ledger.open",
        "llmtrack.ledger.errors",
        "llmtrack.capture.journal.decode",
        "llmtrack.pricing",
    ]
    modules.append(f"sqlalchemy.dialects.{'sqlite.pysqlite' if url.startswith('sqlite') else 'postgresql.psycopg'}")
    for module in modules:
        import_module(module)


def _after_fork() -> None:
    global _importing
    _importing = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _importing.acquire(),
        after_in_parent=lambda: _importing.release(),
        after_in_child=_after_fork,
    )


class Writer:
    """One daemon thread that reads what was journalled, prices it and commits it; started by the first record."""

    def __init__(
        self, journal: Journal, health: Health, directory: Callable[[], Path], database_url: Callable[[], str]
    ) -> None:
        self.written = 0
        self.rejected = 0
        self.handled = 0
        """Own records that need no more work: written or rejected."""
        self.rejected_path: str | None = None
        self._journal = journal
        self._health = health
        self._directory = directory
        self._database_url = database_url
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self._idle = True
        self._wanted = threading.Event()
        self._stopping = False
        self._hurried = threading.Event()
        self._progress = threading.Condition()
        self._rounds = 0
        self._ledger: Ledger | None = None
        self._pricer: Any = None
        self._book_version: Any = None
        self._adopted: list[Segment] = []
        self._given: list[Path] = []
        self._looked = True
        self._failing = False
        self._spent: list[str] = []
        self._look_at = 0.0

    # -- for other threads -------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Lets the writer know that there is something to do."""
        if self._thread is None:
            self._start()
        if self._idle:
            self._idle = False
            self._wanted.set()

    def wait(self, timeout: float | None) -> bool:
        """Waits until all that was recorded before is dealt with; False if that took longer than `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        goal = self._journal.appended - self._journal.dropped
        if self.handled >= goal and not self._others_wait():
            return True
        self._start()
        with self._progress:
            first = self._rounds
            while self.handled < goal or self._rounds < first + 1:
                left = None if deadline is None else deadline - time.monotonic()
                if (left is not None and left <= 0) or self._stopping:
                    return False
                self._idle = False
                self._hurried.set()
                self._wanted.set()
                self._progress.wait(left if left is None else min(left, 0.5))
        return True

    def look_around(self, take: Sequence[Path] = ()) -> None:
        """Has the next `wait` open the ledger and take in all that waits for it, wherever that lies.

        `take`: journal files to be taken in as well, whichever ledger they belong to.
        """
        self._given += take
        self._look_at, self._looked = 0.0, False

    def stop(self) -> None:
        """Ends the thread after the batch it is at, and deletes the journal files that are in the ledger."""
        self._stopping = True
        self._hurried.set()
        self._wanted.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5.0)
        if self._ledger is not None and not self._failing and (thread is None or not thread.is_alive()):
            try:
                self._journal.rest()
                self._remove_written(self._ledger)
            except Exception as error:
                self._health.failed(
                    "ledger", "The ledger cannot be read; what is in it stays in the journal, too", error
                )
        for segment in self._adopted:
            segment.release(delete=False)
        self._adopted = []

    def _others_wait(self) -> bool:
        own, ledger = self._journal.files(), self._ledger
        try:
            if not self._looked:
                return True
            if ledger is None:
                return is_waiting(self._directory(), None, own)
            return any(is_waiting(directory, ledger.owner, own) for directory in self._directories(ledger))
        except OSError:
            return False

    def _directories(self, ledger: Ledger) -> list[Path]:
        """Where journals of the ledger may lie: its own directory, and those beside its file at earlier addresses."""
        return [self._directory(), *beside_earlier(ledger.earlier)]

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="llmtrack-writer", daemon=True)
                self._thread.start()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            self._sleep()
            self._gather()
            if self._stopping:
                return
            try:
                self._idle = not self._work()
                pause = FIRST_PAUSE
                self._failing = False
                self._health.recovered("ledger", "The ledger can be written again")
            except Exception as error:
                self._failing = True
                self._health.failed("ledger", "The ledger cannot be written; records wait in the journal", error)
                self._hurried.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            with self._progress:
                self._rounds += 1
                self._progress.notify_all()
            if self._idle and self._something_new():
                self._idle = False

    def _sleep(self) -> None:
        """Waits until there is something to do. After a while without, lets go of the journal file."""
        if self._idle and not self._wanted.wait(REST_AFTER) and not self._journal.rest():
            self._wanted.wait()
        self._wanted.clear()

    def _gather(self) -> None:
        """Lets records gather, and callers go first, unless somebody waits for the writer."""
        until = time.monotonic() + LONGEST_GATHER
        pause, seen = GATHER, self._journal.appended
        while not self._hurried.wait(pause) and time.monotonic() < until:
            if self._journal.appended == seen:
                break
            pause, seen = CALM, self._journal.appended
        self._hurried.clear()

    def _remove_written(self, ledger: Ledger) -> bool:
        """Deletes the journal files whose records are in the ledger that is at the address now.

        Returns whether there are some that are not: a database that was removed or replaced took records with it.
        """
        lacking = False
        for segment in [*self._adopted, *self._journal.segments()]:
            if not segment.closed or not segment.written:
                continue
            own = segment not in self._adopted
            position = segment.end if segment.begin == segment.end else ledger.progress(segment.id)
            if position < segment.done:
                self._rewind(segment, position, own)
                lacking = True
                continue
            if own:
                self._journal.remove(segment)
            else:
                self._adopted.remove(segment)
                segment.release(delete=True)
            self._spent.append(segment.id)
        return lacking

    def _rewind(self, segment: Segment, position: int, own: bool) -> None:
        """Has the records behind `position` written again."""
        done, segment.done = segment.done, max(segment.begin, position)
        count, at = 0, segment.done
        while at < done:
            frames, at = read_frames(segment, self._health, at)
            count += sum(frame.end <= done for frame in frames)
        self.written -= count
        if own:
            with self._progress:
                self.handled -= count
        self._health.failed("rewritten", "Records that a removed or replaced database had taken are written again")

    def _something_new(self) -> bool:
        # A record may have come between the last look and going idle.
        return bool(self._journal.memory) or any(s.done < s.end for s in self._journal.segments())

    def _work(self) -> bool:
        """Writes all there is; True if something was written. Raises if the ledger cannot be written."""
        worked = False
        ledger = self._open()
        self._journal.mark(ledger.owner)
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_AROUND
            self._adopt(ledger)
        for segment in self._adopted:
            self._drain(ledger, segment, own=False)
        for segment in self._journal.segments():
            worked |= self._drain(ledger, segment, own=True)
        worked |= self._drain_memory(ledger)
        worked |= self._remove_written(ledger)
        self._journal.prepare()
        if not worked and self._spent:
            ledger.forget(self._spent)
            self._spent = []
        return worked

    def _open(self) -> Ledger:
        if self._ledger is None:
            url = self._database_url()
            with _importing:
                import_all(url)
            from llmtrack.ledger import open_ledger

            self._ledger = open_ledger(url)
        elif self._failing:
            self._ledger.renew()  # The database may have been made anew, without our tables.
        return self._ledger

    def _adopt(self, ledger: Ledger) -> None:
        given, self._given, self._looked = self._given, [], True
        segments = [segment for path in given if (segment := take_over(path)) is not None]
        for directory in self._directories(ledger):
            own = directory == self._directory()
            segments += adopt(directory, ledger.owner, self._journal.files(), self._health, unmarked=own)
        for segment in segments:
            self._adopted.append(segment)
            segment.done = min(max(segment.begin, ledger.progress(segment.id)), segment.end)

    # -- batches -----------------------------------------------------------------------------------------------------

    def _drain(self, ledger: Ledger, segment: Segment, *, own: bool) -> bool:
        from llmtrack.ledger.errors import JournalGap

        worked = False
        while segment.done < segment.end and not self._stopping:
            frames, done = read_frames(segment, self._health)
            if not frames and done <= segment.done:
                break
            try:
                since = segment.done if segment.done > segment.begin else 0
                self._write(ledger, segment.id, frames, done, own, since)
            except JournalGap:
                self._rewind(segment, ledger.progress(segment.id), own)
            else:
                segment.done = done
            worked = True
        return worked

    def _drain_memory(self, ledger: Ledger) -> bool:
        worked = False
        while waiting := self._journal.take_memory(BATCH_RECORDS):
            frames, at = [], self._journal.memory_done
            for data in waiting:
                frame = decode(data, 0, at)
                at += len(data)
                if frame is not None:
                    frames.append(frame)
            self._write(ledger, self._journal.memory_id, frames, at, True)
            self._journal.forget_memory(len(waiting))
            self._spent.append(self._journal.memory_id)
            worked = True
        return worked

    def _write(
        self, ledger: Ledger, segment_id: str, frames: list[Frame], done: int, own: bool, since: int = 0
    ) -> None:
        """Commits `frames` together with how far the segment has been read. One that cannot be kept is set aside."""
        self._refresh_prices(ledger)
        records: list[tuple[Frame, Record]] = []
        for frame in frames:
            try:
                record = None if frame.ended == "ledger" else self._record(frame)
            except Exception as error:
                self._reject(ledger, frame, error)
            else:
                if record is not None:
                    records.append((frame, record))
        self.written += self._commit(ledger, records, segment_id, done, since)
        if own:
            with self._progress:
                self.handled += len(frames)
                self._progress.notify_all()

    def _commit(
        self, ledger: Ledger, records: Sequence[tuple[Frame, Record]], segment_id: str, done: int, since: int
    ) -> int:
        """Writes `records` and that the segment is read up to `done`, in one transaction; gives how many were taken."""
        progress = [(segment_id, done)]
        try:
            ledger.write([record for _, record in records], progress, since=since)
            return len(records)
        except Exception as error:
            if ledger.progress(segment_id) >= done:
                return len(records)  # It was committed; only the news of it was lost.
            from llmtrack.ledger.errors import is_records_fault

            if not records or not is_records_fault(error):
                raise
            if len(records) == 1:
                self._reject(ledger, records[0][0], error)
                ledger.write([], progress, since=since)
                return 0
        half = len(records) // 2
        middle = records[half - 1][0].end
        first = self._commit(ledger, records[:half], segment_id, middle, since)
        return first + self._commit(ledger, records[half:], segment_id, done, middle)

    def _record(self, frame: Frame) -> Record | None:
        from llmtrack.capture.journal.decode import record_of
        from llmtrack.ledger.records import Generation

        record = record_of(frame)
        if isinstance(record, Generation):
            try:
                record.cost = self._pricer.price(record)
            except Exception as error:
                from llmtrack.pricing.reasons import Reason
                from llmtrack.pricing.usage import Cost
                from llmtrack.statuses import CostStatus

                self._health.failed("pricing", "A call could not be priced", error)
                record.cost = Cost(status=CostStatus.UNPRICED.value, reason=Reason.INTERNAL_ERROR.value)
        return record

    def _refresh_prices(self, ledger: Ledger) -> None:
        version, entries = ledger.book()
        if self._pricer is None or version != self._book_version:
            from llmtrack.pricing import Pricer, keep_fresh
            from llmtrack.settings import get_settings

            if self._pricer is None and get_settings().price_refresh:
                keep_fresh()
            self._pricer, self._book_version = Pricer(entries), version

    def _reject(self, ledger: Ledger, frame: Frame, error: Exception) -> None:
        """Keeps a record that the ledger cannot take beside the journal, for somebody to look at.

        Raises `OSError` if it cannot be kept there; all is tried again then.
        """
        path = dead_letters.keep(self._directory(), ledger.owner, frame)
        self._health.failed("rejected", f"A record cannot be written; it is kept in {path}", error, secret=True)
        self.rejected += 1
        self.rejected_path = str(path)


def read_frames(segment: Segment, health: Health, at: int | None = None) -> tuple[list[Frame], int]:
    """The next frames of `segment`, at most a batch, and where they end. Damage is skipped and counted.

    `at`: where to begin, if not where the ledger's records end.
    """
    at, end = segment.done if at is None else at, segment.end
    size = min(READ_SIZE, end - at)
    data = os.pread(segment.fd, size, at)
    if len(data) >= HEAD_SIZE and (whole := need(data, 0)) is not None and len(data) < whole <= end - at:
        data = os.pread(segment.fd, whole, at)
    frames: list[Frame] = []
    base, position = at, 0
    while position < len(data) and len(frames) < BATCH_RECORDS:
        frame = decode(data, position, base)
        if frame is not None:
            frames.append(frame)
            position = frame.end - base
            continue
        if position and base + len(data) < end:
            break  # Perhaps only cut by our reading; the next read begins here.
        following = data.find(MAGIC, position + 1)
        if following >= 0 or data[position:].strip(b"\0"):  # More than the unused end of a segment that was made ready.
            health.failed("damage", f"A damaged part of {segment.path} is skipped")
        position = following if following >= 0 else len(data)
    return frames, base + position
