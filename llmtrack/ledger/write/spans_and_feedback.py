"""Writing what is not a generation: spans, what is known about users, and feedback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.ledger.write.generation_row import moment
from llmtrack.ledger.write.interning import Interning, fitted, plain_json

if TYPE_CHECKING:
    from llmtrack.ledger.write.batch import Batch

_SPAN = ("id", "trace", "parent_id", "name", "started_at", "duration", "app_user", "session", "error")
_LONGEST = 10_000


def intern_links(records: Sequence[Record], known: Interning) -> None:
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
            old = traces.get(trace, (None, None, at))
            owner = None if isinstance(record, Feedback) else user  # who judges an answer need not have asked
            traces[trace] = (old[0] or owner, old[1] or session, old[2])
    known.want_users(users)
    ids = known.users
    known.want_sessions({s: (None if user is None else ids[user], at, at) for s, (user, at) in sessions.items()})
    known.want_traces({
        trace: (None if user is None else ids[user], None if session is None else known.sessions[session], at, at)
        for trace, (user, session, at) in traces.items()
    })  # fmt: skip


def write_spans(spans: Sequence[Span], batch: Batch) -> None:
    """Writes timed steps; the root one names its trace."""
    if not spans:
        return
    known, dialect = batch.known, batch.dialect
    rows = [
        (
            span.id,
            known.traces[fitted(span.trace_id)],
            span.parent_id,
            fitted(span.name),
            span.started_at,
            span.duration,
            None if span.user_id is None else known.users[fitted(span.user_id)],
            None if span.session_id is None else known.sessions[fitted(span.session_id)],
            None if span.error is None else _cut(span.error),
        )
        for span in spans
    ]
    batch.connection.exec_driver_sql(dialect.insert_sql("span", _SPAN, "ON CONFLICT (id) DO NOTHING"), rows)
    roots = [(row[3], row[1]) for row, span in zip(rows, spans, strict=True) if span.parent_id is None]
    if roots:
        batch.connection.exec_driver_sql(f"UPDATE trace SET name = {dialect.mark} WHERE id = {dialect.mark}", roots)


def write_identities(identities: Sequence[Identity], batch: Batch) -> None:
    """Adds what was told about users to what is known; what was told later wins, key by key."""
    connection, mark = batch.connection, batch.dialect.mark
    for told in sorted(identities, key=lambda each: each.at):
        id = batch.known.users[fitted(told.user_id)]
        lock = batch.dialect.for_update
        found = connection.exec_driver_sql(
            f"SELECT attributes, identified_at FROM app_user WHERE id = {mark} {lock}", (id,)
        ).one()
        old = batch.dialect.from_json(found[0]) or {}
        late = found[1] is not None and found[1] > told.at
        attributes = {**told.attributes, **old} if late else {**old, **told.attributes}
        connection.exec_driver_sql(
            f"UPDATE app_user SET attributes = {mark}, identified_at = {mark} WHERE id = {mark}",
            (plain_json(attributes), max(found[1] or 0, told.at), id),
        )


def write_feedback(judgements: Sequence[Feedback], batch: Batch) -> None:
    """Keeps each user's latest judgement of each trace; a score of 0 takes it back."""
    connection, dialect = batch.connection, batch.dialect
    columns = ("trace", "app_user", "score", "comment", "at")
    changes = [(column, "set") for column in columns[2:]]
    sql = dialect.upsert_sql("feedback", columns[:2], changes) + " WHERE feedback.at <= excluded.at"
    for told in sorted(judgements, key=lambda each: each.at):
        user = 0 if told.user_id is None else batch.known.users[fitted(told.user_id)]
        key = (batch.known.traces[fitted(told.trace_id)], user)
        if told.score:
            comment = None if told.comment is None else _cut(told.comment)
            score = 1 if told.score > 0 else -1
            connection.exec_driver_sql(sql, (*key, score, comment, told.at))
        else:
            mark = dialect.mark
            gone = f"DELETE FROM feedback WHERE trace = {mark} AND app_user = {mark} AND at <= {mark}"
            connection.exec_driver_sql(gone, (*key, told.at))


def _cut(text: str) -> str:
    return text[:_LONGEST].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
