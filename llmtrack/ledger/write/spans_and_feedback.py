"""Writing what is not a generation: spans, users' attributes, feedback, and the audit log."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from llmtrack.ids import new_id
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.ledger.write.generation_row import moment
from llmtrack.ledger.write.interning import Interning, fitted, plain_json

_SPAN = ("id", "trace", "parent_id", "name", "started_at", "duration", "app_user", "session", "error")
_LONGEST = 10_000


def intern_links(records: Sequence[Record], interning: Interning) -> None:
    """Makes sure that every user, session and trace of `records` has its number."""
    users: dict[str, int] = {}
    sessions: dict[str, tuple[str | None, int]] = {}
    traces: dict[str, tuple[str | None, str | None, int]] = {}
    for record in records:
        at = moment(record.at if isinstance(record, Identity | Feedback) else record.started_at)
        user = None if record.user_id is None else fitted(record.user_id)
        if user is not None and user not in users:
            users[user] = at
        session = None
        if isinstance(record, Generation | Span) and record.session_id is not None:
            session = fitted(record.session_id)
            if session not in sessions or sessions[session][0] is None:
                sessions[session] = (user, at)
        if not isinstance(record, Identity) and record.trace_id is not None:
            trace = fitted(record.trace_id)
            before = traces.get(trace, (None, None, at))
            owner = None if isinstance(record, Feedback) else user  # who judges an answer need not have asked
            traces[trace] = (before[0] or owner, before[1] or session, before[2])
    interning.want_users(users)
    ids = interning.users
    interning.want_sessions({s: (None if user is None else ids[user], at, at) for s, (user, at) in sessions.items()})
    interning.want_traces({
        trace: (None if user is None else ids[user], None if session is None else interning.sessions[session], at, at)
        for trace, (user, session, at) in traces.items()
    })  # fmt: skip


def write_spans(spans: Sequence[Span], connection: Connection, dialect: Dialect, interning: Interning) -> None:
    """Writes timed steps; the root one names its trace."""
    if not spans:
        return
    rows = [
        (
            span.id,
            interning.traces[fitted(span.trace_id)],
            span.parent_id,
            fitted(span.name),
            span.started_at,
            span.duration,
            None if span.user_id is None else interning.users[fitted(span.user_id)],
            None if span.session_id is None else interning.sessions[fitted(span.session_id)],
            None if span.error is None else _cut(span.error),
        )
        for span in spans
    ]
    connection.exec_driver_sql(dialect.insert_sql("span", _SPAN, "ON CONFLICT (id) DO NOTHING"), rows)
    roots = [(row[3], row[1]) for row, span in zip(rows, spans, strict=True) if span.parent_id is None]
    if roots:
        sql = f"UPDATE trace SET name = {dialect.placeholder} WHERE id = {dialect.placeholder}"
        connection.exec_driver_sql(sql, roots)


def write_identities(
    identities: Sequence[Identity], connection: Connection, dialect: Dialect, interning: Interning
) -> None:
    """Adds attributes to users; of two values of one attribute the later stays."""
    placeholder = dialect.placeholder
    for identity in sorted(identities, key=lambda identity: identity.at):
        id = interning.users[fitted(identity.user_id)]
        sql = f"SELECT attributes, identified_at FROM app_user WHERE id = {placeholder} {dialect.for_update}"
        stored, identified_at = connection.exec_driver_sql(sql, (id,)).one()
        before = dialect.from_json(stored) or {}
        late = identified_at is not None and identified_at > identity.at
        attributes = {**identity.attributes, **before} if late else {**before, **identity.attributes}
        connection.exec_driver_sql(
            f"UPDATE app_user SET attributes = {placeholder}, identified_at = {placeholder} WHERE id = {placeholder}",
            (plain_json(attributes), max(identified_at or 0, identity.at), id),
        )


def write_feedback(
    judgements: Sequence[Feedback], connection: Connection, dialect: Dialect, interning: Interning
) -> None:
    """Keeps each user's latest judgement of each trace; a score of 0 takes it back."""
    columns = ("trace", "app_user", "score", "comment", "at")
    changes = [(column, "set") for column in columns[2:]]
    sql = dialect.upsert_sql("feedback", columns[:2], changes) + " WHERE feedback.at <= excluded.at"
    for feedback in sorted(judgements, key=lambda feedback: feedback.at):
        user = 0 if feedback.user_id is None else interning.users[fitted(feedback.user_id)]
        key = (interning.traces[fitted(feedback.trace_id)], user)
        if feedback.score:
            comment = None if feedback.comment is None else _cut(feedback.comment)
            score = 1 if feedback.score > 0 else -1
            connection.exec_driver_sql(sql, (*key, score, comment, feedback.at))
        else:
            test = dialect.placeholder
            gone = f"DELETE FROM feedback WHERE trace = {test} AND app_user = {test} AND at <= {test}"
            connection.exec_driver_sql(gone, (*key, feedback.at))


def write_audit(
    connection: Connection,
    dialect: Dialect,
    actor: str,
    action: str,
    subject: str | None,
    detail: Mapping[str, Any],
    at: int | None = None,
) -> None:
    """Writes that `actor` did `action` to `subject`, in the transaction that does it; `at` is now."""
    at = time.time_ns() // 1000 if at is None else at
    columns = ("id", "at", "actor", "action", "subject", "detail")
    values = (new_id(at), at, actor, action, subject, plain_json(detail))
    connection.exec_driver_sql(dialect.insert_sql("audit", columns), values)


def _cut(text: str) -> str:
    return text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
