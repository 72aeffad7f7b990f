"""A batch of journal records priced and committed; what the ledger cannot take goes to the dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmtrack.capture.health import Health
from llmtrack.capture.journal import dead_letters
from llmtrack.capture.journal.frame import Frame

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.ledger import Texts
    from llmtrack.ledger.records import Entry

UNCLEAR_FAILURES = 3
"""So often a batch fails with an error that blames neither it nor the database, before its records are tried singly."""


def held_by(record: Entry) -> int | None:
    """The call whose hold a record ends."""
    hold = getattr(record, "hold", None)
    return getattr(record, "call_id", None) if hold is None else int(hold.call_id)


class BatchWriter:
    """Writes batches to a ledger, for the writer's thread."""

    def __init__(
        self, health: Health, directory: Callable[[], Path],
        booked: Callable[[Sequence[int]], None] = lambda calls: None,
    ) -> None:  # fmt: skip
        """`booked` hears which calls' holds have ended."""
        self.written = 0
        """Records that are in the ledger."""
        self.rejected = 0
        """Records that it cannot take."""
        self.rejected_path: str | None = None
        """The file that keeps the last of those."""
        self._booked = booked
        self._health = health
        self._directory = directory
        self._set_aside: set[tuple[str, int]] = set()
        """What of the present batch is in the dead letters, by segment and position."""
        self._unclear_failures = 0
        self._pricer: Any = None
        self._book_version: Any = None

    def write(
        self,
        ledger: Ledger,
        segment_id: str,
        frames: Sequence[Frame],
        done: int,
        since: int = 0,
        damage: Sequence[tuple[int, bytes]] = (),
    ) -> None:
        """Commits `frames` together with how far the segment has been read.

        A record that the ledger cannot take, and damaged bytes, go to the dead letters. Raises what the database raises
        where it cannot be written, and `OSError` where the dead letters cannot; all is tried again then.
        """
        self._refresh_prices(ledger)
        for at, data in damage:
            self._keep_damage(ledger, data, segment_id, at)
        records: list[tuple[Frame, Entry]] = []
        texts: Texts = {}
        for frame in frames:
            try:
                record = None if frame.ended == "ledger" else self._record(frame)
                if record is not None:
                    ledger.take_text(record, texts)
            except Exception as error:
                self._reject(ledger, frame, error, segment_id)
            else:
                if record is not None:
                    records.append((frame, record))
        self.written += self._commit(ledger, records, texts, segment_id, done, since)
        self._unclear_failures = 0
        self._set_aside.clear()
        if ended := [call for _, record in records if (call := held_by(record)) is not None]:
            self._booked(ended)

    def _commit(
        self,
        ledger: Ledger,
        records: Sequence[tuple[Frame, Entry]],
        texts: Texts,
        segment_id: str,
        done: int,
        since: int,
    ) -> int:
        """Writes `records` and that the segment is read up to `done`, in one transaction; gives how many were taken.

        Where a record is at fault, the batch is halved until it is found, set aside, and the rest written.
        """
        progress = [(segment_id, done)]
        try:
            ledger.write([record for _, record in records], progress, since=since, texts=texts)
            return len(records)
        except Exception as error:
            if ledger.progress(segment_id) >= done:
                return len(records)  # It was committed; only the news of it was lost.
            if not records or not self._is_records_fault(ledger, error):
                raise
            if len(records) == 1:
                self._reject(ledger, records[0][0], error, segment_id)
                ledger.write([], progress, since=since)
                return 0
        half = len(records) // 2
        middle = records[half - 1][0].end
        first = self._commit(ledger, records[:half], texts, segment_id, middle, since)
        return first + self._commit(ledger, records[half:], texts, segment_id, done, middle)

    def _is_records_fault(self, ledger: Ledger, error: Exception) -> bool:
        """Whether a batch failed for what is in it. Where the error does not say so: if it failed `UNCLEAR_FAILURES`
        times and the ledger can be written. Raises what the database raises where it cannot."""
        from llmtrack.ledger.error_classes import Fault, fault_of
        from llmtrack.ledger.errors import JournalGap

        fault = fault_of(error)
        if isinstance(error, JournalGap) or fault is Fault.DATABASE:
            return False
        if fault is Fault.UNCLEAR:
            self._unclear_failures += 1
            if self._unclear_failures < UNCLEAR_FAILURES:
                return False
            ledger.write([])
        return True

    def _record(self, frame: Frame) -> Entry | None:
        from llmtrack.capture.journal.decode import record_of
        from llmtrack.ledger.records import Generation

        record = record_of(frame)
        if isinstance(record, Generation):
            try:
                record.cost = self._pricer.price(record)
            except Exception as error:
                from llmtrack.pricing.usage import Cost

                self._health.failed("pricing", "A call could not be priced", error)
                record.cost = Cost(status="unpriced", reason="internal_error")
        return record

    def _refresh_prices(self, ledger: Ledger) -> None:
        version, entries = ledger.book()
        if self._pricer is None or version != self._book_version:
            from llmtrack.pricing import Pricer, keep_fresh
            from llmtrack.settings import get_settings

            if self._pricer is None and get_settings().price_refresh:
                keep_fresh()
            self._pricer, self._book_version = Pricer(entries), version

    def _reject(self, ledger: Ledger, frame: Frame, error: Exception, segment_id: str) -> None:
        """Keeps a record that the ledger cannot take beside the journal, for somebody to look at. Raises `OSError`."""
        if (segment_id, frame.end) in self._set_aside:
            return  # before, in an attempt that failed later on
        path = dead_letters.keep(self._directory(), ledger.owner, frame)
        self._health.failed("rejected", f"A record cannot be written; it is kept in {path}", error, secret=True)
        self._count_rejected(path, segment_id, frame.end)

    def _keep_damage(self, ledger: Ledger, data: bytes, segment_id: str, at: int) -> None:
        if (segment_id, at) in self._set_aside:
            return
        path = dead_letters.keep_damage(self._directory(), ledger.owner, data, segment_id, at)
        self._health.failed(
            "damage", f"{len(data)} bytes of the journal {segment_id} are damaged; they are kept in {path}"
        )
        self._count_rejected(path, segment_id, at)

    def _count_rejected(self, path: Path, segment_id: str, at: int) -> None:
        self._set_aside.add((segment_id, at))
        self.rejected += 1
        self.rejected_path = str(path)
