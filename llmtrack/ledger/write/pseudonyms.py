"""What still comes in of people who were erased, without anything that tells who they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.ledger.write.interning import digest_of, fitted


def anonymous(connection: Connection, records: Sequence[Record]) -> Sequence[Record]:
    """The records, those of erased users from before their erasure without anything that tells who it was."""
    erased = {
        digest: (name, at)
        for digest, name, at in connection.exec_driver_sql(
            "SELECT e.digest, u.user_id, e.at FROM erasure e JOIN app_user u ON u.id = e.app_user"
        )
    }
    if not erased:
        return records
    return [left for record in records if (left := _without(record, erased)) is not None]


def _without(record: Record, erased: dict[int, tuple[str, int]]) -> Record | None:
    if record.user_id is None or (found := erased.get(digest_of(fitted(record.user_id)))) is None:
        return record
    name, until = found
    at = record.at if isinstance(record, Identity | Feedback) else record.started_at
    if at > until:
        return record  # they came back
    if isinstance(record, Generation):
        return replace(
            record, user_id=name, session_id=None, trace_id=None, span_id=None, properties={}, request_id=None,
            error_message=None, input=None, output=None,
        )  # fmt: skip
    if isinstance(record, Feedback):
        return replace(record, user_id=name, comment=None)
    assert isinstance(record, Span | Identity)
    return None
