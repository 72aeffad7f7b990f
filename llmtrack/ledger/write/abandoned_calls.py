"""Rows that stand for calls whose process died before it recorded them.

Should such a call's own record come in later, it takes the row's place: no call counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmtrack.ledger.records import Generation
from llmtrack.ledger.write.generation_row import COLUMNS, Row
from llmtrack.ledger.write.generation_writer import GenerationWriter


def note_abandoned(writer: GenerationWriter, g: Generation, row: Row) -> None:
    """Remembers that `row` stands for a call, if it does."""
    if g.hold is not None and g.hold.whole:
        writer.limits.abandoned[g.hold.call_id] = row[0]


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
