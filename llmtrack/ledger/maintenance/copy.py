"""Copies a ledger to another database, row for row: how to move from SQLite to PostgreSQL, or back.

Tables are copied in the order of their keys, a piece at a time, each piece in a transaction of the target's. Started
again after an interruption, the copy goes on behind the last key that arrived. Then every piece is compared with the
source as it is at that moment, and copied again where it differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Connection, Table, select, tuple_
from sqlmodel import SQLModel

from llmtrack.ledger.chats import records, search
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.limit_book import recount_all
from llmtrack.ledger.schema.rollups import TABLES
from llmtrack.ledger.write.interning import plain_json

Key = tuple[Any, ...]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many rows of it are done of how many."""
_PIECE = 5_000
_NOT_COPIED = ("unindexed", "ledger_id", "limit_counter", "hold", "holder", "hold_ended", "warning_delivery")
_WITH_IDS = ("name", "app_user", "session", "trace", "price", "property_set")


@dataclass(frozen=True, slots=True)
class Copied:
    """The outcome of a copy."""

    rows: int
    """Rows of all tables that are now the same in both."""
    new: int
    """Rows that were written in this run."""


def copy_ledger(source: Ledger, target: Ledger, *, again: bool = False, progress: Progress | None = None) -> Copied:
    """Makes `target` the same as `source`, or goes on making it so where an earlier run was interrupted.

    `again`: do so although an earlier copy was finished; what was recorded in the target since is lost. Raises
    `LedgerError` where the target holds a ledger of its own. Calls recorded in the source while it is copied are not
    in the copy: stop what writes there before the last run.
    """
    report = progress or (lambda what, done, of: None)
    _check(source, target, again)
    rows = new = 0
    with source.reading() as reading:
        for name in _names():
            table = SQLModel.metadata.tables[name]
            of = reading.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            copying = _Copying(table, reading, source, target)
            new += copying.append(lambda done, of=of, name=name: report(f"Copying {name}", done, of))  # type: ignore[misc]
            new += copying.compare(lambda done, of=of, name=name: report(f"Comparing {name}", done, of))  # type: ignore[misc]
            rows += of
        texts = reading.exec_driver_sql("SELECT count(*) FROM generation_text").scalar_one()
    target.transact(lambda connection: target.dialect.continue_ids(connection, _WITH_IDS))
    if new:
        _index(target, lambda done: report("Indexing texts", done, texts))
    recount_all(target)
    target.transact(lambda connection: _mark(connection, target, 2))
    return Copied(rows, new)


def _names() -> list[str]:
    """Tables in an order in which none refers to a later one."""
    ours = [table.name for table in SQLModel.metadata.sorted_tables if table.name in TABLES]
    return [name for name in ours if name not in _NOT_COPIED]


def _check(source: Ledger, target: Ledger, again: bool) -> None:
    if source.name == target.name:
        raise LedgerError(f"{source.name} cannot be copied to itself: name another target.")
    with target.reading() as connection:
        state = connection.exec_driver_sql("SELECT value FROM state WHERE key = 'copy'").scalar_one_or_none()
        used = connection.exec_driver_sql("SELECT id FROM generation LIMIT 1").first() is not None
        used = used or connection.exec_driver_sql("SELECT id FROM name LIMIT 1").first() is not None
    if state is None and used:
        raise LedgerError(f"{target.name} already holds a ledger of its own: copy into an empty database.")
    if state == 2 and not again:
        raise LedgerError(
            f"{target.name} is a finished copy already: add --again to make it the same once more, "
            "which loses what was recorded in it since."
        )
    target.transact(lambda connection: _mark(connection, target, 1))


def _mark(connection: Connection, target: Ledger, value: int) -> None:
    """Records in the target that it is an unfinished (1) or finished (2) copy."""
    connection.exec_driver_sql(target.dialect.upsert_sql("state", ("key",), [("value", "set")]), ("copy", value))


class _Copying:
    """The copying of one table."""

    def __init__(self, table: Table, reading: Connection, source: Ledger, target: Ledger) -> None:
        self._table = table
        self._reading = reading
        self._source = source
        self._target = target
        self._key = list(table.primary_key.columns)
        self._places = [list(table.columns).index(column) for column in self._key]
        self._json = {at for at, column in enumerate(table.columns) if isinstance(column.type, JSON)}
        # The two databases may sort texts differently, so what has a text as its key is always copied whole.
        self._sorted = all(column.type.python_type is int for column in self._key)

    def append(self, progress: Callable[[int], None]) -> int:
        """Copies the rows after the last one that the target has."""
        if not self._sorted:
            return 0
        with self._target.reading() as there:
            last = there.execute(select(*self._key).order_by(*[c.desc() for c in self._key]).limit(1)).first()
        count = 0
        for piece in self._pieces(None if last is None else tuple(last)):
            self._target.transact(lambda connection, piece=piece: self._insert(connection, piece))  # type: ignore[misc]
            count += len(piece)
            progress(count)
        return count

    def compare(self, progress: Callable[[int], None]) -> int:
        """Copies every piece again that differs; returns how many rows were written for that."""
        if not self._sorted:
            rows = [self._plain(row) for row in self._reading.execute(select(self._table))]
            self._target.transact(lambda connection: self._replace(connection, None, None, rows))
            return 0
        count = done = 0
        after: Key | None = None
        for piece in self._pieces(None):
            upto = self._key_of(piece[-1])
            count += self._make_same(after, upto, piece)
            after, done = upto, done + len(piece)
            progress(done)
        self._make_same(after, None, [])
        return count

    def _make_same(self, after: Key | None, upto: Key | None, piece: list[Key]) -> int:
        with self._target.reading() as there:
            query = self._between(select(self._table), after, upto).order_by(*self._key)
            if [self._plain(row) for row in there.execute(query)] == piece:
                return 0
        self._target.transact(lambda connection: self._replace(connection, after, upto, piece))
        return len(piece)

    def _pieces(self, after: Key | None) -> Iterator[list[Key]]:
        while True:
            query = self._between(select(self._table), after, None).order_by(*self._key).limit(_PIECE)
            piece = [self._plain(row) for row in self._reading.execute(query)]
            if not piece:
                return
            yield piece
            after = self._key_of(piece[-1])

    def _between(self, query: Any, after: Key | None, upto: Key | None) -> Any:
        key = tuple_(*self._key) if len(self._key) > 1 else self._key[0]

        def bound(value: Key) -> Any:
            return tuple_(*value) if len(value) > 1 else value[0]

        if after is not None:
            query = query.where(key > bound(after))
        return query if upto is None else query.where(key <= bound(upto))

    def _key_of(self, row: Key) -> Key:
        return tuple(row[place] for place in self._places)

    def _plain(self, row: Sequence[Any]) -> Key:
        """A row as both databases can take it, and as it can be compared: JSON in one spelling."""
        return tuple(
            plain_json(_whole(value)) if at in self._json and value is not None else value
            for at, value in enumerate(row)
        )

    def _insert(self, connection: Connection, rows: Sequence[Key]) -> None:
        if not rows:
            return
        columns = [column.name for column in self._table.columns]
        self._target.dialect.bulk_insert(connection, self._table.name, columns, rows)

    def _replace(self, connection: Connection, after: Key | None, upto: Key | None, rows: Sequence[Key]) -> None:
        gone = self._between(self._table.delete(), after, upto)
        if self._table.name == "state":
            gone = gone.where(self._table.c.key != "copy")
            rows = [row for row in rows if row[0] != "copy"]
        connection.execute(gone)
        self._insert(connection, rows)


def _whole(value: Any) -> Any:
    """JSON in which a number is the same whichever database spelled it: 100000.0 and 1e5 are 100000."""
    if isinstance(value, str):
        return value
    return json.loads(json.dumps(value), parse_float=_number)


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


def _index(target: Ledger, progress: Callable[[int], None]) -> None:
    """Builds the full-text indexes."""

    def start(connection: Connection) -> None:
        for table in ("generation_search", "message_search"):
            target.dialect.clear_search(connection, table)
        connection.exec_driver_sql("DELETE FROM unindexed")
        connection.exec_driver_sql("INSERT INTO unindexed (id) SELECT id FROM generation_text")

    target.transact(start)
    done = 0
    while count := target.index_texts(_PIECE):
        done += count
        progress(done)
    message = SQLModel.metadata.tables["message"]
    last = -(2**62)
    while True:
        with target.reading() as connection:
            query = select(message).where(message.c.id > last).order_by(message.c.id).limit(_PIECE)
            rows = connection.execute(query).mappings().all()
        lines = [records.line_of(row, ()) for row in rows]
        if not lines:
            return
        last = lines[-1].id
        settled = [line for line in lines if records.settled(line.status)]
        target.transact(lambda c, settled=settled: search.index(c, target.dialect, settled))  # type: ignore[misc]
