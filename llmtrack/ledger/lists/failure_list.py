"""Failures whose messages differ in ids, numbers and times alone, as groups.

The messages of the latest failures of a time are read, at most `MOST`, and grouped here: databases have no common
language for it. How many failures there are in all, the metrics know.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import Cancel, Snapshot
from llmtrack.ledger.lists.generation_pages import by_time
from llmtrack.ledger.lists.generation_rows import GenerationRow, read_rows
from llmtrack.ledger.query.context import query_context
from llmtrack.ledger.query.query import Filter, Where, filters
from llmtrack.statuses import Status

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

MOST = 2_000
_CHUNK = 500
_EXAMPLES = 5
_LONGEST = 300
UNTYPED = "unknown"
_REPLACED = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b(?:req|msg|chatcmpl|resp|run|org|call|file|thread|asst|batch|proj|key|sk)[-_][\w*.-]{3,}"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b"), "<id>"),
    (re.compile(r"https?://[^\s\"'<>]+"), "<address>"),
    # Not within a name: claude-haiku-4-5 stays what it is.
    (re.compile(r"(?<![\w.-])\d+(?:[.,:]\d+)*(?=(?:ms|s|k|kB|MB|%)?(?![\w-]))"), "<n>"),
)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one kind with one message, but for what tells any two messages apart."""

    error_type: str
    """`UNTYPED` where none was recognised."""
    message: str | None
    """With ``<id>``, ``<n>``, ``<time>`` in it; None where no text is kept."""
    fingerprint: str
    calls: int
    users: int
    first_seen: datetime
    last_seen: datetime
    by_day: Sequence[tuple[date, int]]
    """In the order of time, days without any left out."""
    models: Sequence[tuple[str | None, int]]
    """With how many of the calls, most first."""
    features: Sequence[tuple[str | None, int]]
    retried: int
    """Calls that were tried more than once."""
    examples: Sequence[GenerationRow]
    """The latest."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Groups, those with the most calls first, and of how many failures they are."""

    groups: Sequence[FailureGroup]
    read: int
    complete: bool
    """False where there are older ones that were not read."""


def failure_groups(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    limit: int = MOST,
    cancel: Cancel | None = None,
) -> Failures:
    """The groups of the latest `limit` failures of the time that the filters let through."""
    failed = (*filters(where), Filter("status", (Status.ERROR.value,)))
    with query_context(ledger, since, until, timezone, failed, cancel) as context:
        page = by_time(context.builder, context.low, context.high, True, limit + 1, 200_000, context.extent)
        ids = list(page.ids[:limit])
        messages: dict[int, str | None] = {}
        rows: list[GenerationRow] = []
        for at in range(0, len(ids), _CHUNK):
            chunk = ids[at : at + _CHUNK]
            messages |= _messages(context.snapshot, chunk)
            rows += read_rows(context.snapshot, context.names, chunk, timezone)
    grouped: dict[tuple[str, str | None], list[GenerationRow]] = {}
    for row in rows:
        message = messages.get(row.id)
        grouped.setdefault((row.error_type or UNTYPED, None if message is None else template(message)), []).append(row)
    groups = [_group(*key, members) for key, members in grouped.items()]
    groups.sort(key=lambda group: (-group.calls, group.error_type, group.message or ""))
    return Failures(groups, len(rows), len(page.ids) <= limit and page.stopped_at is None)


def template(message: str) -> str:
    """A message with what differs from call to call replaced: ids, numbers, times, addresses; one line of it."""
    text = " ".join(message.split())
    for pattern, name in _REPLACED:
        text = pattern.sub(name, text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def fingerprint(error_type: str, message: str | None) -> str:
    """The name of a group in an address: the same for the same kind and message on every day."""
    return blake2b(f"{error_type}\n{message or ''}".encode(), digest_size=6).hexdigest()


def _messages(view: Snapshot, ids: Sequence[int]) -> dict[int, str | None]:
    listed = ", ".join(map(str, ids))
    return {row[0]: row[1] for row in view.rows(f"SELECT id, error FROM generation_text WHERE id IN ({listed})")}


def _group(error_type: str, message: str | None, rows: Sequence[GenerationRow]) -> FailureGroup:
    """`rows` have the latest first."""
    days = Counter(row.at.date() for row in rows)
    return FailureGroup(
        error_type=error_type,
        message=message,
        fingerprint=fingerprint(error_type, message),
        calls=len(rows),
        users=len({row.user for row in rows if row.user is not None}),
        first_seen=rows[-1].at,
        last_seen=rows[0].at,
        by_day=sorted(days.items()),
        models=Counter(row.model for row in rows).most_common(),
        features=Counter(row.feature for row in rows).most_common(),
        retried=sum(row.attempts > 1 for row in rows),
        examples=rows[:_EXAMPLES],
    )
