"""Generations recorded over HTTP: each id a sender gives is written once, however often and wherever it comes in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Generation, Record
from llmtrack.ledger.write.interning import digest_of

_CHUNK = 500


def without_repeated(connection: Connection, dialect: Dialect, records: Sequence[Record]) -> Sequence[Record]:
    """The records without generations whose `record_id` was written before, or occurs earlier among them.

    Another process that writes the same id at this moment is waited for (PostgreSQL): one of the two gets it.
    """
    first: dict[int, Generation] = {}
    for record in records:
        if isinstance(record, Generation) and record.record_id is not None:
            first.setdefault(digest_of(record.record_id), record)
    if not first:
        return records
    digests = sorted(first)  # in one order everywhere, so that two processes cannot wait for each other
    new: set[int] = set()
    for at in range(0, len(digests), _CHUNK):
        chunk = digests[at : at + _CHUNK]
        rows = ", ".join([f"({dialect.placeholder})"] * len(chunk))
        sql = f"INSERT INTO recorded (digest) VALUES {rows} ON CONFLICT (digest) DO NOTHING RETURNING digest"
        new.update(digest for (digest,) in connection.exec_driver_sql(sql, tuple(chunk)))
    written = {id(first[digest]) for digest in new}
    return [
        record
        for record in records
        if not isinstance(record, Generation) or record.record_id is None or id(record) in written
    ]
