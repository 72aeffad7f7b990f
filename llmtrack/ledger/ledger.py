"""The ledger: one database, written in whole transactions and read as it was at one moment."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, event

from llmtrack.ledger.database import full_text
from llmtrack.ledger.database.database_file import DatabaseFile
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.database.idle_checkpoint import IdleCheckpoint
from llmtrack.ledger.database.replica import Replica, lag_of
from llmtrack.ledger.errors import JournalGap
from llmtrack.ledger.limits import Holds, HoldsLost
from llmtrack.ledger.limits.store import holds_of
from llmtrack.ledger.owner import Owner
from llmtrack.ledger.records import Entry, Generation
from llmtrack.ledger.write.abandoned_calls import without_booked
from llmtrack.ledger.write.batch import write_batch
from llmtrack.ledger.write.generation_writer import Texts as Texts
from llmtrack.ledger.write.generation_writer import put_text
from llmtrack.ledger.write.interning import Remembered
from llmtrack.pricing.book import BookEntry

T = TypeVar("T")
log = logging.getLogger("llmtrack")
_RETRY_SECONDS = 60.0
"""How long a transaction that lost to another is tried again."""


class Ledger:
    """Everything kept in one database. Made by `open_ledger`; safe to use from any thread."""

    def __init__(
        self,
        engine: Engine,
        dialect: Dialect,
        name: str,
        file: DatabaseFile | None,
        bring_up: Callable[[], tuple[Owner, tuple[str, ...]]],
        replica: Replica | None = None,
    ) -> None:
        """`bring_up` prepares the database that is there, as often as another takes its place, and says which it is.

        `replica` follows it, and is read for pages and questions.
        """
        self.replica = replica
        self.engine = engine
        self.dialect = dialect
        self.name = name
        """Where it is, to be shown: a path, or an address without its password."""
        self.file = file
        """Its file; None on a server."""
        self.owner, self.earlier = bring_up()
        """Its address and id, by which what belongs to it is marked; and the addresses it had before."""
        self._bring_up = bring_up
        self._renewing = threading.Lock()
        self._remembered = Remembered()
        self._writing = threading.Lock()
        self._holds: Holds | None = None
        self._released: list[int] = []
        """Calls whose holds are gone from their file, so that `hold_ended` may forget them."""
        self._idle = IdleCheckpoint(self.checkpoint) if file is not None else None
        self._connections = self._remembered_at = 0
        event.listen(engine, "connect", self._count_connection)

    def _count_connection(self, *_: object) -> None:
        self._connections += 1

    def renew(self, *, always: bool = True) -> None:
        """Opens anew what is at the address now, creating or upgrading its tables; `always`: even if it is the same.

        Raises `LedgerError` where that is impossible.
        """
        with self._renewing:
            if not always and (self.file is None or self.file.is_same()):
                return  # Another thread was faster.
            if self.file is not None:
                self.file.renew(self.engine)
            self.engine.dispose()
            if self._holds is not None:
                self._holds.close()
                self._holds = None
            self.owner, self.earlier = self._bring_up()

    def write(
        self,
        records: Sequence[Entry],
        progress: Sequence[tuple[str, int]] = (),
        *,
        since: int = 0,
        texts: Texts | None = None,
    ) -> None:
        """Keeps `records`, what they add to all totals, and how far each journal segment has been read: all or nothing.

        `progress` names segments with the position up to which `records` cover them. A batch whose segments have all
        been read that far already is taken for a repetition and changes nothing. `since` is where `records` begin in
        the segments: `JournalGap` is raised where they have not been read that far. Raises what the database raises.
        `texts`: what `take_text` took from them before, if it did.
        """
        if texts is None:
            texts = {}
            for record in records:
                put_text(texts, record)  # before the write lock: others may write meanwhile
        with self._writing:
            released = self._released
            try:
                ended = self.transact(
                    lambda connection: self._write(connection, records, texts, progress, since, released)
                )
            except BaseException:
                self._remembered.forget()
                raise
            if records:
                self._released = []
            if ended:
                self._release(ended)

    def _write(
        self,
        connection: Connection,
        records: Sequence[Entry],
        texts: Texts,
        progress: Sequence[tuple[str, int]],
        since: int,
        released: Sequence[int],
    ) -> list[int]:
        """Returns the calls whose holds have ended; forgets those that were `released` since."""
        positions = [_position(connection, self.dialect, segment) for segment, _ in progress]
        if progress and all(position >= at for position, (_, at) in zip(positions, progress, strict=True)):
            return []
        if any(position < since for position in positions):
            raise JournalGap(f"The ledger {self.name} lacks what precedes these records.")
        if self._remembered_at != self._connections:
            # A new connection may lead to another database at the same address, in which other numbers hold.
            self._remembered_at = self._connections
            self._remembered.forget()
        ended = []
        if records:
            records = without_booked(connection, records, lambda: self.holds)
            ended = write_batch(connection, self.dialect, self._remembered, records, texts)
            if released:
                mark = self.dialect.placeholder
                sql = f"DELETE FROM hold_ended WHERE call_id = {mark} AND generation IS NULL"
                connection.exec_driver_sql(sql, [(call,) for call in released])
        if progress:
            changes = [("position", "set"), ("updated_at", "set")]
            sql = self.dialect.upsert_sql("journal_progress", ("segment_id",), changes)
            now = time.time_ns() // 1000
            connection.exec_driver_sql(sql, [(segment, at, now) for segment, at in progress])
        if not records and not progress:
            # Asked to write nothing, so as to learn whether anything can be written.
            connection.exec_driver_sql("UPDATE state SET value = value WHERE key = 'names'")
        return ended

    def take_text(self, record: Entry, texts: Texts) -> None:
        """Makes a record's messages ready to be written, into `texts`, and takes them out of it.

        Of a batch that is read one by one only flat texts are in memory then, and nothing the collector has to follow.
        """
        if put_text(texts, record):
            assert isinstance(record, Generation)
            record.input = record.output = None

    @property
    def holds(self) -> Holds:
        """What calls under way hold of limits."""
        if self._holds is None:
            with self._renewing:
                if self._holds is None:
                    self._holds = holds_of(self.engine, self.dialect, self.owner.id or "")
        return self._holds

    def _release(self, calls: Sequence[int]) -> None:
        """Removes the holds of calls that are booked, on SQLite: only after the commit, or they would count as nothing.

        Until then, and where this fails, `hold_ended` says that they do not count.
        """
        if self.file is None:
            return
        try:
            self.holds.release(calls)
        except HoldsLost as error:
            log.warning("Holds of booked calls stay in their file until the next start: %s", error)
            return
        self._released += calls

    def progress(self, segment_id: str) -> int:
        """How far this journal segment has been written here; 0 if not at all."""
        with self.reading() as connection:
            return _position(connection, self.dialect, segment_id)

    def sync(self) -> None:
        """Has everything committed so far survive a power cut; a server sees to that by itself. Raises `OSError`."""
        if self.file is not None:
            self.file.sync()

    def checkpoint(self) -> bool:
        """Moves what the write-ahead log of a SQLite file holds into the file, unless others use it at this moment.

        Returns whether the log is empty now.
        """
        if self.file is None:
            return True
        with self.engine.connect() as connection:
            return self._is_open(connection) and self.file.checkpoint(connection)

    def forget(self, segment_ids: Sequence[str]) -> None:
        """Forgets how far these segments were read: they are deleted."""
        if not segment_ids:
            return
        sql = f"DELETE FROM journal_progress WHERE segment_id = {self.dialect.placeholder}"
        self.transact(lambda connection: connection.exec_driver_sql(sql, [(id,) for id in segment_ids]))

    def book(self) -> tuple[int, tuple[BookEntry, ...]]:
        """The price book's version, which changes with it, and its entries, withdrawn ones included."""
        with self.reading() as connection:
            version = connection.exec_driver_sql("SELECT value FROM state WHERE key = 'book'").scalar_one_or_none()
            if not version:
                return 0, ()
            sql = "SELECT id, entry, withdrawn_at FROM price_book ORDER BY id"
            entries = connection.exec_driver_sql(sql).fetchall()
        return version, tuple(
            BookEntry.from_json(self.dialect.from_json(entry), id, until=withdrawn) for id, entry, withdrawn in entries
        )

    def index_texts(self, limit: int = 10_000) -> int:
        """Puts texts that were written but not indexed yet into the full-text index; returns how many."""
        done = 0
        while done < limit:
            some = self.transact(lambda connection: full_text.index(connection, self.dialect, 500))
            done += some
            if some < 500:
                break
        return done

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the ledger as it was when it was first read, for as long as the block lasts."""
        while True:
            self._find_file()
            with self.engine.connect() as connection:
                if self._is_open(connection):
                    connection = connection.execution_options(**self.dialect.read_options())
                    with connection.begin():
                        yield connection
                    return
            self.renew(always=False)

    @contextmanager
    def reading_numbers(self) -> Iterator[Connection]:
        """The same for what may be some seconds old: from the replica, where there is one that can be reached."""
        connection = None if self.replica is None else self.replica.connect(self.owner.id)
        if connection is None:
            with self.reading() as own:
                yield own
            return
        with connection:
            connection = connection.execution_options(**self.dialect.read_options())
            with connection.begin():
                yield connection

    def lag(self) -> float:
        """Seconds by which what `reading_numbers` sees is behind; 0 where the ledger's own server is read."""
        if self.replica is None:
            return 0.0
        with self.reading_numbers() as connection:
            return lag_of(connection)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Does `work` in one writing transaction and returns its result; again if another transaction got in its way.

        Again, too, if its database was removed or replaced before it ended: it is done in what took that one's place.
        """
        deadline = time.monotonic() + _RETRY_SECONDS
        pause = 0.01
        while True:
            self._find_file()
            try:
                with self.dialect.write_lock(self.engine), self.engine.connect() as connection:
                    if self._is_open(connection):
                        connection = connection.execution_options(writes=True)
                        with connection.begin():
                            result = work(connection)
                        if self._is_open(connection):
                            if self._idle is not None:
                                self._idle.note()
                            return result
            except Exception as error:
                if not self.dialect.is_transient(error) or time.monotonic() > deadline:
                    raise
            self._remembered.forget()
            time.sleep(pause)
            pause = min(1.0, pause * 2)

    def _find_file(self) -> None:
        """Before connecting: opens anew what is at the path where that is another file."""
        if self.file is not None and not self.file.is_same():
            self.renew(always=False)

    def _is_open(self, connection: Connection) -> bool:
        """Whether `connection` leads to what is at the address; if not, it is closed."""
        if self.file is None or self.file.is_open(connection):
            return True
        self.file.finish(connection)
        return False

    def size(self) -> int:
        """Bytes the ledger takes on disk."""
        with self.reading() as connection:
            return self.dialect.size(connection)

    def close(self) -> None:
        """Closes its connections; the next use opens new ones."""
        self.engine.dispose()
        if self.replica is not None:
            self.replica.engine.dispose()


def _position(connection: Connection, dialect: Dialect, segment: str) -> int:
    sql = f"SELECT position FROM journal_progress WHERE segment_id = {dialect.placeholder}"
    return connection.exec_driver_sql(sql, (segment,)).scalar_one_or_none() or 0
