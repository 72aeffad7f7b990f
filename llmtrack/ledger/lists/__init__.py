"""Lists of generations, traces, sessions and users, page by page; and all there is to see of one of them."""

from __future__ import annotations

from llmtrack.ledger.lists.generation_list import generation, generations
from llmtrack.ledger.lists.generation_rows import GenerationDetail, GenerationRow
from llmtrack.ledger.lists.pagination import MAX_SORTED, NotFound, Page
from llmtrack.ledger.lists.trace_list import (
    SessionRow,
    SpanRow,
    TraceDetail,
    TraceRow,
    session,
    sessions,
    trace,
    traces,
)
from llmtrack.ledger.lists.user_list import UserRow, users

__all__ = [
    "MAX_SORTED",
    "GenerationDetail",
    "GenerationRow",
    "NotFound",
    "Page",
    "SessionRow",
    "SpanRow",
    "TraceDetail",
    "TraceRow",
    "UserRow",
    "generation",
    "generations",
    "session",
    "sessions",
    "trace",
    "traces",
    "users",
]
