"""Moving records from the journal into the ledger, in batches, off every caller's thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmtrack.capture.health import Health
from llmtrack.capture.journal.adoption import adopt, directories_of, is_waiting, set_unreadable_aside
from llmtrack.capture.journal.batch_writer import BatchWriter
from llmtrack.capture.journal.dead_processes import DeadProcesses
from llmtrack.capture.journal.frame import Frame, decode
from llmtrack.capture.journal.group_sync import sync_directory
from llmtrack.capture.journal.imports import import_all
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.journal.segment import Segment, take_over
from llmtrack.capture.journal.segment_reader import BATCH_RECORDS, read_batch
from llmtrack.capture.journal.spill import remove_if_empty

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

GATHER = 0.1
"""Seconds to let records gather before a batch is written."""
CALM = 0.02
"""Seconds without a record after which the callers are not in the way; before, they come first …"""
LONGEST_GATHER = 1.0
"""… for at most so many seconds. Larger batches are cheaper ones, too."""
REST_AFTER = 2.5
"""Seconds without a record after which the journal file is removed; the next record begins another."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds to wait after the ledger could not be written, doubling."""
LOOK_AROUND = 10.0
"""Seconds between looks for journals whose process died."""


class Writer:
    """One daemon thread that reads what was journalled, prices it and commits it; started by the first record."""

    def __init__(
        self, journal: Journal, health: Health, directory: Callable[[], Path], database_url: Callable[[], str],
        booked: Callable[[Sequence[int]], None] = lambda calls: None,
    ) -> None:  # fmt: skip
        """`booked` hears which calls' holds have ended."""
        self.handled = 0
        """Own records that need no more work: written or rejected."""
        self.batches = BatchWriter(health, directory, booked)
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
        self._adopted: list[Segment] = []
        self._given: list[Path] = []
        self._looked = True
        self._failing = False
        self._spent: list[str] = []
        self._spent_in: set[Path] = set()
        self._look_at = 0.0
        self._dead = DeadProcesses()

    # -- for other threads -------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Lets the writer know that there is something to do."""
        if self._thread is None:
            self._start()
        if self._idle:
            self._idle = False
            self._wanted.set()

    def hurry(self) -> None:
        """Has it write what there is at once, and look for processes that died: somebody waits for what they hold."""
        self._start()
        self._look_at = min(self._look_at, time.monotonic())
        self._idle = False
        self._hurried.set()
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

    def stop(self, timeout: float = 5.0) -> None:
        """Ends the thread after the batch it is at; it then deletes the journal files that are in the ledger.

        Waits for that `timeout` seconds at most: a thread that hangs in its database keeps no program from ending.
        """
        self._stopping = True
        self._hurried.set()
        self._wanted.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

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
        """Where journals of the ledger may lie."""
        return directories_of(self._directory(), ledger.earlier)

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="llmtrack-writer", daemon=True)
                self._thread.start()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._run_until_stopped()
        finally:
            self._finish()

    def _finish(self) -> None:
        """Deletes the journal files that are in the ledger, and lets go of those of others."""
        if self._ledger is not None and not self._failing:
            try:
                self._journal.rest()
                self._remove_written(self._ledger)
                self._ledger.checkpoint()  # so that a program that ended leaves one file
            except Exception as error:
                self._health.failed(
                    "ledger", "The ledger cannot be read; what is in it stays in the journal, too", error
                )
        for segment in self._adopted:
            segment.release(delete=False)
        self._adopted = []

    def _run_until_stopped(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            self._sleep()
            self._gather()
            if self._stopping:
                return
            try:
                self._idle = not self._work()
                if self._stopping:
                    return  # It may have stopped before it wrote anything.
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
        segments = [s for s in [*self._adopted, *self._journal.segments()] if s.closed and s.written]
        if segments:
            ledger.sync()  # From here on it need not rely on them, even if the power goes.
        for segment in segments:
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
                remove_if_empty(segment.path.parent)
            self._spent.append(segment.id)
            self._spent_in.add(segment.path.parent)
        return lacking

    def _rewind(self, segment: Segment, position: int, own: bool) -> None:
        """Has the records behind `position` written again."""
        done, segment.done = segment.done, max(segment.begin, position)
        count, at = 0, segment.done
        while at < done:
            batch = read_batch(segment, at)
            count, at = count + sum(frame.end <= done for frame in batch.frames), batch.end
        self.batches.written -= count
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
            self._dead.look(ledger)
            self._adopt(ledger)
        for segment in self._adopted:
            self._drain(ledger, segment, own=False)
        if all(segment.written for segment in self._adopted):
            self._dead.settle(ledger)
        for segment in self._journal.segments():
            worked |= self._drain(ledger, segment, own=True)
        worked |= self._drain_memory(ledger)
        worked |= self._remove_written(ledger)
        self._journal.prepare()
        if not worked and self._spent:
            for directory in self._spent_in:
                sync_directory(directory)  # Or a power cut brings a file back that the ledger has forgotten.
            ledger.forget(self._spent)
            self._spent, self._spent_in = [], set()
        return worked

    def _open(self) -> Ledger:
        if self._ledger is None:
            url = self._database_url()
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
            if not segment.readable:
                set_unreadable_aside(segment, self._health)
                continue
            self._adopted.append(segment)
            segment.done = min(max(segment.begin, ledger.progress(segment.id)), segment.end)

    # -- batches -----------------------------------------------------------------------------------------------------

    def _drain(self, ledger: Ledger, segment: Segment, *, own: bool) -> bool:
        from llmtrack.ledger.errors import JournalGap

        worked = False
        while segment.done < segment.end and not self._stopping:
            batch = read_batch(segment)
            if batch.end <= segment.done:
                break
            try:
                since = segment.done if segment.done > segment.begin else 0
                self.batches.write(ledger, segment.id, _uncut(segment, batch.frames), batch.end, since, batch.damage)
            except JournalGap:
                self._rewind(segment, ledger.progress(segment.id), own)
            else:
                segment.done = batch.end
                for end in [end for end in segment.uncut if end <= batch.end]:
                    del segment.uncut[end]
                if own:
                    self._count_handled(len(batch.frames))
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
            self.batches.write(ledger, self._journal.memory_id, frames, at)
            self._count_handled(len(frames))
            self._journal.forget_memory(len(waiting))
            self._spent.append(self._journal.memory_id)
            worked = True
        return worked

    def _count_handled(self, count: int) -> None:
        with self._progress:
            self.handled += count
            self._progress.notify_all()


def _uncut(segment: Segment, frames: list[Frame]) -> list[Frame]:
    """The records of a batch, with what was left in memory of their requests."""
    if not segment.uncut:
        return frames
    return [frame._replace(request=segment.uncut.get(frame.end, frame.request)) for frame in frames]
