"""Rows that stand for calls whose process died before it recorded them.

Should such a call's own record come in later, it takes the row's place: no call counts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from llmtrack.ledger.limits.holds import Holds
from llmtrack.ledger.records import Entry, Generation
from llmtrack.ledger.write import sealed_days
from llmtrack.ledger.write.generation_row import COLUMNS, Row
from llmtrack.ledger.write.generation_writer import GenerationWriter


def without_booked(connection: Connection, entries: Sequence[Entry], holds: Callable[[], Holds]) -> Sequence[Entry]:
    """`entries` without what stands for calls that hold nothing any more: two processes may settle the same dead one,
    or one settles it while another books what it recorded."""
    calls = [call for entry in entries if (call := _stands_for(entry)) is not None]
    if not calls:
        return entries
    sealed_days.exclude_writers(connection)  # from here to the commit nobody else books them
    held = holds().still_held(connection, calls)
    return [entry for entry in entries if (call := _stands_for(entry)) is None or call in held]


def _stands_for(entry: Entry) -> int | None:
    """The call that a row is booked for in its absence."""
    if isinstance(entry, Generation) and entry.hold is not None and entry.hold.whole:
        return entry.hold.call_id
    return None


def note_abandoned(writer: GenerationWriter, g: Generation, row: Row) -> None:
    """Remembers that `row` stands for a call, if it does."""
    if (call := _stands_for(g)) is not None:
        writer.limits.abandoned[call] = row[0]


def remove_abandoned(writer: GenerationWriter, generations: Sequence[Generation]) -> None:
    """Takes out the rows that stand for calls whose own records are among `generations`."""
    calls = [(g.hold.call_id,) for g in generations if g.hold is not None and not g.hold.whole]
    if not calls:
        return
    connection, dialect = writer.connection, writer.dialect
    booked = dict(dialect.select_by_key(connection, "hold_ended", ("call_id",), ("generation",), calls))
    for generation in sorted(number for number in booked.values() if number is not None):
        sql = f"SELECT {', '.join(COLUMNS)} FROM generation WHERE id = {dialect.placeholder}"
        row = connection.exec_driver_sql(sql, (generation,)).one_or_none()
        if row is not None:
            writer.count(tuple(row), -1)
            writer.replaced.append(tuple(row))
            connection.exec_driver_sql(f"DELETE FROM generation WHERE id = {dialect.placeholder}", (generation,))
    if dialect.name == "postgresql" and booked:
        gone = f"DELETE FROM hold_ended WHERE call_id = {dialect.placeholder}"
        connection.exec_driver_sql(gone, [(call,) for call in booked])
