"""Lists of generations, traces, sessions and users, page by page, and the details of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.lists.generation_list import generation as generation
    from llmtrack.ledger.lists.generation_list import generations as generations
    from llmtrack.ledger.lists.generation_rows import GenerationDetail as GenerationDetail
    from llmtrack.ledger.lists.generation_rows import GenerationRow as GenerationRow
    from llmtrack.ledger.lists.pagination import MAX_PAGE as MAX_PAGE
    from llmtrack.ledger.lists.pagination import MAX_SORTED as MAX_SORTED
    from llmtrack.ledger.lists.pagination import NotFound as NotFound
    from llmtrack.ledger.lists.pagination import Page as Page
    from llmtrack.ledger.lists.trace_list import SessionRow as SessionRow
    from llmtrack.ledger.lists.trace_list import SpanRow as SpanRow
    from llmtrack.ledger.lists.trace_list import TraceDetail as TraceDetail
    from llmtrack.ledger.lists.trace_list import TraceRow as TraceRow
    from llmtrack.ledger.lists.trace_list import session as session
    from llmtrack.ledger.lists.trace_list import sessions as sessions
    from llmtrack.ledger.lists.trace_list import trace as trace
    from llmtrack.ledger.lists.trace_list import traces as traces
    from llmtrack.ledger.lists.user_list import UserRow as UserRow
    from llmtrack.ledger.lists.user_list import owner_of_session as owner_of_session
    from llmtrack.ledger.lists.user_list import owner_of_trace as owner_of_trace
    from llmtrack.ledger.lists.user_list import user_exists as user_exists
    from llmtrack.ledger.lists.user_list import users as users

_HOMES = {
    "GenerationDetail": "generation_rows",
    "GenerationRow": "generation_rows",
    "MAX_PAGE": "pagination",
    "MAX_SORTED": "pagination",
    "NotFound": "pagination",
    "Page": "pagination",
    "SessionRow": "trace_list",
    "SpanRow": "trace_list",
    "TraceDetail": "trace_list",
    "TraceRow": "trace_list",
    "UserRow": "user_list",
    "generation": "generation_list",
    "generations": "generation_list",
    "owner_of_session": "user_list",
    "owner_of_trace": "user_list",
    "session": "trace_list",
    "sessions": "trace_list",
    "trace": "trace_list",
    "traces": "trace_list",
    "user_exists": "user_list",
    "users": "user_list",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
