"""Records on their way to the ledger, safe on disk before the caller goes on.

Each process appends to segment files of its own and keeps a lock on them for as long as it lives. What is in a segment
survives the process; a segment whose lock can be had belongs to a process that died, and is taken over by one that
writes to the same ledger.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from llmtrack.capture.health import Health
from llmtrack.capture.journal.segment import Segment, create_segment
from llmtrack.ledger.owner import Owner

READY_SIZE = 1 << 20
"""One that the writer made ready is this long, and full of zeros: writing over them is cheaper than making a file grow,
which the caller would have to wait for."""
READY_AFTER = 64 << 10
"""Bytes in a segment from which on it looks as if there would be a next one."""
LARGEST_HEADER = 8 << 10
"""Records in memory are counted from here on, so that in a file a header has room before them."""
MEMORY_RECORDS = 20_000
MEMORY_BYTES = 64 << 20
RETRY_AFTER = 1.0
"""Seconds between attempts to use a journal directory that failed."""


def _write_joined(fd: int, pieces: Sequence[bytes], at: int) -> int:
    return os.pwrite(fd, b"".join(pieces), at)


_write: Callable[[int, Sequence[bytes], int], int] = getattr(os, "pwritev", _write_joined)
"""Writes pieces to a place in a file, in one go."""


def _records(count: int) -> str:
    return f"{count} record" if count == 1 else f"{count} records"


class Journal:
    """Takes records in the caller's thread; hands segments, and what had to wait in memory, to the writer."""

    def __init__(self, directory: Callable[[], Path], owner: Callable[[], Owner], health: Health) -> None:
        """`owner` is asked for the ledger's address once, when the first segment is made."""
        self._directory = directory
        self._address = owner
        self._owner: Owner | None = None
        self._health = health
        self._retry_at = self._ready_at = 0.0
        self._memory_bytes = 0
        self._start()

    def _start(self) -> None:
        # Re-entrant: the collector may end a call, and so append, in the middle of an append by the same thread.
        self._lock = threading.RLock()
        self._current: Segment | None = None
        self._open: list[Segment] = []
        self._spare: Segment | None = None
        self._appending = False
        self.memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._begin_memory()
        self.appended = 0
        """Records taken in so far, wherever they went."""
        self.dropped = 0
        """Records lost because neither disk nor memory had room."""

    def _begin_memory(self) -> None:
        self.memory_id = secrets.token_hex(8)
        """By this name the ledger notes how far what waited in memory was written, as it does for a segment."""
        self.memory_done = LARGEST_HEADER
        """The position of the oldest record in memory, as if they all stood in a segment of that name."""

    def after_fork(self) -> None:
        """Starts afresh in a forked child. What the parent has not written yet stays the parent's."""
        inherited = [*self._open, self._spare] if self._spare is not None else self._open
        self._start()
        for segment in inherited:
            if segment.fd >= 0:
                # The lock belongs to the open file, which the parent still has: closing our copy does not free it.
                os.close(segment.fd)

    def has_room_for(self, request: bytes) -> bool:
        """Whether memory has room for a request until the writer has read it."""
        with self._lock:
            held = sum(len(uncut) for segment in self._open for uncut in segment.uncut.values())
        return held + len(request) <= MEMORY_BYTES

    def append(
        self,
        record: Sequence[bytes],
        uncut: bytes | None = None,
        whole: Callable[[], Sequence[bytes]] | None = None,
    ) -> None:
        """Takes in a record, in pieces. Never raises, and returns when it survives the death of this process.

        `uncut` is the request as it was sent where the record holds less of it; `whole` makes the record with all of
        it, for where it does not get into a file.
        """
        with self._lock:
            self.appended += 1
            if self._appending:
                self._keep_in_memory(record, whole)
                return
            self._appending = True
            try:
                segment = self._current
                if segment is None or segment.end >= segment.size:
                    if time.monotonic() < self._retry_at:
                        self._keep_in_memory(record, whole)
                        return
                    segment = self._next_segment()
                size = len(record[0]) if len(record) == 1 else sum(map(len, record))
                written = _write(segment.fd, record, segment.end)
                if written != size:
                    raise OSError(errno.ENOSPC, "only a part of a record could be written")
                if uncut is not None:
                    segment.uncut[segment.end + written] = uncut
                segment.end += written
            except Exception as error:
                self._health.failed("journal", "The journal cannot be written; records wait in memory", error)
                self._retry_at = time.monotonic() + RETRY_AFTER
                self._give_up_segment()
                self._keep_in_memory(record, whole)
            finally:
                self._appending = False

    def prepare(self) -> None:
        """Where records come often, makes the next segment ready. For the writer, as that takes a while."""
        current = self._current
        if self._spare is not None or current is None or current.end < READY_AFTER or time.monotonic() < self._ready_at:
            return
        try:
            segment = create_segment(self._directory(), self._known_owner())
            try:
                os.pwrite(segment.fd, bytes(READY_SIZE), segment.begin)
            except OSError:
                segment.release(delete=True)
                raise
        except OSError:
            # Whoever appends the next record will meet what is wrong, and say it.
            self._ready_at = time.monotonic() + RETRY_AFTER
            return
        segment.size = READY_SIZE
        with self._lock:
            self._spare = segment
            if current.size > READY_SIZE:
                current.size = 0  # So that the next record begins the better one.

    def mark(self, owner: Owner) -> None:
        """Notes to which ledger all that is here belongs. Raises `OSError`."""
        with self._lock:
            self._owner = owner
            segments = [*self._open, self._spare] if self._spare is not None else [*self._open]
        for segment in segments:
            if segment.owner != owner and not segment.mark(owner) and segment is self._current:
                with self._lock:
                    segment.size = 0  # It stays as it is; the next record begins another.

    def _known_owner(self) -> Owner:
        if self._owner is None:
            self._owner = self._address()
        return self._owner

    def _next_segment(self) -> Segment:
        if self._current is not None:
            self._current.closed = True
            self._current = None
        self._current, self._spare = self._spare, None
        if self._current is None:
            self._current = create_segment(self._directory(), self._known_owner())
        self._open.append(self._current)
        self._health.recovered("journal", "The journal can be written again")
        return self._current

    def _give_up_segment(self) -> None:
        """Ends the current segment at its last whole record: a cut one must not precede later ones."""
        segment, self._current = self._current, None
        if segment is not None:
            segment.closed = True
            try:
                os.ftruncate(segment.fd, segment.end)
            except OSError as error:
                self._health.failed("journal_tail", "A cut record stays at the end of a journal file", error)

    def _spill_memory(self) -> None:
        if not self.memory:
            return
        from llmtrack.capture.journal.spill import spill  # rarely needed

        count = len(self.memory)
        try:
            path = spill(self._known_owner(), self.memory_id, self.memory, self.memory_done)
        except Exception as error:
            self._health.failed(
                "spill",
                f"{_records(count)} could be written neither to the ledger nor to the journal nor to the directory for "
                "temporary files, and will be lost with this process",
                error,
            )
            return
        self.memory.clear()
        self._memory_bytes = 0
        self._begin_memory()
        self._health.failed(
            "spilled",
            f"{_records(count)} could be written neither to the ledger nor to the journal; they are kept in {path}, "
            "from where the next program that uses this ledger takes them in",
        )

    def _keep_in_memory(self, record: Sequence[bytes], whole: Callable[[], Sequence[bytes]] | None) -> None:
        data = b"".join(record if whole is None else whole())
        if len(self.memory) >= MEMORY_RECORDS or self._memory_bytes + len(data) > MEMORY_BYTES:
            self.dropped += 1
            self._health.failed("dropped", "Records are lost: neither the journal nor memory has room for them")
            return
        self.memory.append(data)
        self._memory_bytes += len(data)

    def take_memory(self, limit: int) -> list[bytes]:
        """Up to `limit` of the records that wait in memory, oldest first; they stay there until `forget_memory`."""
        with self._lock:
            return [self.memory[index] for index in range(min(limit, len(self.memory)))]

    def forget_memory(self, count: int) -> None:
        """Drops the `count` oldest records in memory, which are in the ledger now."""
        with self._lock:
            for _ in range(min(count, len(self.memory))):
                size = len(self.memory.popleft())
                self._memory_bytes -= size
                self.memory_done += size
            if not self.memory:
                self._begin_memory()

    def segments(self) -> list[Segment]:
        """This process's segments, oldest first. Whatever lies before `end` in them can be read."""
        with self._lock:
            return list(self._open)

    def files(self) -> set[str]:
        """The names of this process's files."""
        with self._lock:
            return {segment.path.name for segment in [*self._open, self._spare] if segment is not None}

    def rest(self) -> bool:
        """Closes the current segment if all of it is in the ledger, and deletes the one made ready.

        Returns whether there is a segment now whose file can go.
        """
        with self._lock:
            ended = self._current is not None and self._current.begin < self._current.end and self._current.written
            if ended and self._current is not None:
                self._current.closed = True
                self._current = None
            spare = None
            if self._current is None:
                spare, self._spare = self._spare, None
        if spare is not None:
            spare.release(delete=True)
        return ended

    def remove(self, segment: Segment) -> None:
        """Deletes a closed segment that is in the ledger as a whole."""
        with self._lock:
            self._open.remove(segment)
        segment.release(delete=True)

    def close(self) -> None:
        """Lets go of all files. What has records in it stays on disk, for whoever comes next.

        What waits in memory goes to the directory for temporary files; where that fails too, it stays in memory.
        """
        with self._lock:
            self._spill_memory()
            segments = [*self._open, self._spare] if self._spare is not None else self._open
            self._open, self._current, self._spare = [], None, None
            self.appended = len(self.memory)
            self.dropped = 0
        for segment in segments:
            segment.release(delete=segment.begin == segment.end)
