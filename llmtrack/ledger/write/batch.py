"""Writing a batch of records in one transaction: rows, texts and totals, everything or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import EndedHold, Entry, Feedback, Generation, Identity, Record, Span
from llmtrack.ledger.write import sealed_days
from llmtrack.ledger.write.abandoned_calls import note_abandoned, remove_abandoned
from llmtrack.ledger.write.background_responses import KEY, find_begun, is_open, write_one
from llmtrack.ledger.write.colour_slots import give_slots
from llmtrack.ledger.write.generation_row import AT, intern_all, row_of
from llmtrack.ledger.write.generation_writer import GenerationWriter, Texts
from llmtrack.ledger.write.interning import Interning, Remembered, digest_of, fitted
from llmtrack.ledger.write.recorded import without_repeated
from llmtrack.ledger.write.rollup_delta import CountingRules, correct_presence
from llmtrack.ledger.write.spans_and_feedback import intern_links, write_feedback, write_identities, write_spans

_PROVIDER, _RESPONSE = (AT[column] for column in KEY)


def write_batch(
    connection: Connection, dialect: Dialect, remembered: Remembered, entries: Sequence[Entry], texts: Texts
) -> list[int]:
    """Writes `entries`, whose texts are in `texts`, with what they add to the totals.

    Returns the calls whose holds have ended with it.
    """
    ended = [entry.call_id for entry in entries if isinstance(entry, EndedHold)]
    records = without_erased(connection, [entry for entry in entries if not isinstance(entry, EndedHold)])
    records = without_repeated(connection, dialect, records)
    generations = [record for record in records if isinstance(record, Generation)]
    spans = [record for record in records if isinstance(record, Span)]
    interning = Interning(connection, dialect, remembered)
    intern_all(generations, interning)
    intern_links(records, interning)
    rules = CountingRules(interning.names)
    writer = GenerationWriter(connection, dialect, rules, texts)
    writer.limits.ended += ended
    remove_abandoned(writer, generations)
    _write_generations(writer, generations, interning)
    writer.traces.add_spans(spans)
    edge = sealed_days.edge(connection)
    writer.rollups.store(connection, dialect, edge)
    sealed = sealed_days.sealed_among(connection, writer.rollups.days(), edge)
    for row in writer.replaced:
        correct_presence(connection, dialect, rules, row)
    writer.traces.store(connection, dialect, interning)
    writer.store_texts()
    for day in sealed:
        # A journal came in late: it counts, but its rows are as gone as the others of that day.
        sealed_days.remove_rows(connection, dialect, day)
        sealed_days.seal(connection, dialect, day)
    write_spans(spans, connection, dialect, interning)
    write_identities([record for record in records if isinstance(record, Identity)], connection, dialect, interning)
    write_feedback([record for record in records if isinstance(record, Feedback)], connection, dialect, interning)
    writer.limits.store()
    return writer.limits.ended


def _write_generations(writer: GenerationWriter, generations: Sequence[Generation], interning: Interning) -> None:
    """Inserts generations: those whose response id is that of an answer whose end was not seen one by one."""
    rows = [row_of(g, interning) for g in generations]
    give_slots(writer.connection, writer.dialect, interning, rows)
    keys = [(row[_PROVIDER], row[_RESPONSE]) for row in rows if row[_RESPONSE] is not None]
    begun = find_begun(writer.connection, writer.dialect, keys)
    later: set[tuple[Any, Any]] = {
        (row[_PROVIDER], row[_RESPONSE]) for g, row in zip(generations, rows, strict=True) if is_open(g) or g.settles
    } | set(begun)
    plain = [
        (g, row)
        for g, row in zip(generations, rows, strict=True)
        if not later or (row[_PROVIDER], row[_RESPONSE]) not in later
    ]
    for (g, _), row in zip(plain, writer.insert_rows([row for _, row in plain]), strict=True):
        writer.add_text(g, row[0])
        writer.count(row, hold=g.hold)
        note_abandoned(writer, g, row)
    if later:
        for g, row in zip(generations, rows, strict=True):
            if (row[_PROVIDER], row[_RESPONSE]) in later:
                write_one(writer, g, row)


def without_erased(connection: Connection, records: Sequence[Record]) -> Sequence[Record]:
    """The records, those of erased users from before their erasure without anything that says who it was."""
    erased = {
        digest: (name, at)
        for digest, name, at in connection.exec_driver_sql(
            "SELECT e.digest, u.user_id, e.at FROM erasure e JOIN app_user u ON u.id = e.app_user"
        )
    }
    if not erased:
        return records
    return [left for record in records if (left := _without_erased(record, erased)) is not None]


def _without_erased(record: Record, erased: dict[int, tuple[str, int]]) -> Record | None:
    if record.user_id is None or (erasure := erased.get(digest_of(fitted(record.user_id)))) is None:
        return record
    pseudonym, until = erasure
    at = record.at if isinstance(record, Identity | Feedback) else record.started_at
    if at > until:
        return record  # they came back
    if isinstance(record, Generation):
        return replace(
            record, user_id=pseudonym, session_id=None, trace_id=None, span_id=None, properties={}, request_id=None,
            error_message=None, input=None, output=None,
        )  # fmt: skip
    if isinstance(record, Feedback):
        return replace(record, user_id=pseudonym, comment=None)
    assert isinstance(record, Span | Identity)
    return None
