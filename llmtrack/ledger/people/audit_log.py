"""The log of who changed what and when. The app appends to it and never changes what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.people.directory import AUDIT
from llmtrack.ledger.write.spans_and_feedback import write_audit


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done."""

    at: int
    """Microseconds since 1970."""
    actor: str
    action: str
    subject: str | None
    detail: Mapping[str, Any]
    """What there is to say about it; what was changed is under ``before`` and ``after``."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; what is None does not matter. Times are microseconds since 1970, the end exclusive."""

    since: int | None = None
    until: int | None = None
    action: str | None = None
    who: str | None = None
    """Whoever did it, or had it done to them."""


def audit_log(ledger: Ledger, wanted: AuditFilter = AuditFilter(), *, limit: int | None = 500) -> list[AuditEntry]:
    """The entries, the latest first."""
    query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
    if wanted.since is not None:
        query = query.where(AUDIT.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AUDIT.c.at < wanted.until)
    if wanted.action is not None:
        query = query.where(AUDIT.c.action == wanted.action)
    if wanted.who is not None:
        query = query.where(or_(AUDIT.c.actor == wanted.who, AUDIT.c.subject == wanted.who))
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
    return [AuditEntry(row.at, row.actor, row.action, row.subject, row.detail or {}) for row in rows]


def actions(ledger: Ledger) -> list[str]:
    """Every kind of thing the log has an entry of."""
    with ledger.reading() as connection:
        return list(connection.execute(select(AUDIT.c.action).distinct().order_by(AUDIT.c.action)).scalars())


def record(ledger: Ledger, by: str, action: str, subject: str | None, detail: Mapping[str, Any]) -> None:
    """Appends an entry about something that changes nothing in the ledger: a refused sign-in, an export."""
    ledger.transact(lambda connection: write_audit(connection, ledger.dialect, by, action, subject, detail))
