"""Lists of generations, traces, sessions and users, page by page, and the details of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.lists.failure_list import FailureGroup as FailureGroup
    from llmtrack.ledger.lists.failure_list import Failures as Failures
    from llmtrack.ledger.lists.failure_list import failure_groups as failure_groups
    from llmtrack.ledger.lists.generation_list import generation as generation
    from llmtrack.ledger.lists.generation_list import generations as generations
    from llmtrack.ledger.lists.generation_prices import CallPrice as CallPrice
    from llmtrack.ledger.lists.generation_prices import call_prices as call_prices
    from llmtrack.ledger.lists.generation_rows import PARTS as PARTS
    from llmtrack.ledger.lists.generation_rows import GenerationDetail as GenerationDetail
    from llmtrack.ledger.lists.generation_rows import GenerationRow as GenerationRow
    from llmtrack.ledger.lists.pagination import MAX_PAGE as MAX_PAGE
    from llmtrack.ledger.lists.pagination import MAX_SORTED as MAX_SORTED
    from llmtrack.ledger.lists.pagination import NotFound as NotFound
    from llmtrack.ledger.lists.pagination import Page as Page
    from llmtrack.ledger.lists.previews import generation_previews as generation_previews
    from llmtrack.ledger.lists.previews import trace_previews as trace_previews
    from llmtrack.ledger.lists.trace_list import SessionRow as SessionRow
    from llmtrack.ledger.lists.trace_list import SpanRow as SpanRow
    from llmtrack.ledger.lists.trace_list import TraceDetail as TraceDetail
    from llmtrack.ledger.lists.trace_list import TraceRow as TraceRow
    from llmtrack.ledger.lists.trace_list import session as session
    from llmtrack.ledger.lists.trace_list import sessions as sessions
    from llmtrack.ledger.lists.trace_list import trace as trace
    from llmtrack.ledger.lists.trace_list import traces as traces
    from llmtrack.ledger.lists.usage_by_price import QUANTITIES as QUANTITIES
    from llmtrack.ledger.lists.usage_by_price import PricedUsage as PricedUsage
    from llmtrack.ledger.lists.usage_by_price import priced_usage as priced_usage
    from llmtrack.ledger.lists.user_detail import Judgement as Judgement
    from llmtrack.ledger.lists.user_detail import UserDetail as UserDetail
    from llmtrack.ledger.lists.user_detail import judgements as judgements
    from llmtrack.ledger.lists.user_detail import user as user
    from llmtrack.ledger.lists.user_list import UserRow as UserRow
    from llmtrack.ledger.lists.user_list import owner_of_session as owner_of_session
    from llmtrack.ledger.lists.user_list import owner_of_trace as owner_of_trace
    from llmtrack.ledger.lists.user_list import user_exists as user_exists
    from llmtrack.ledger.lists.user_list import users as users

_HOMES = {
    "CallPrice": "generation_prices",
    "FailureGroup": "failure_list",
    "Failures": "failure_list",
    "GenerationDetail": "generation_rows",
    "GenerationRow": "generation_rows",
    "Judgement": "user_detail",
    "MAX_PAGE": "pagination",
    "MAX_SORTED": "pagination",
    "NotFound": "pagination",
    "PARTS": "generation_rows",
    "Page": "pagination",
    "PricedUsage": "usage_by_price",
    "QUANTITIES": "usage_by_price",
    "SessionRow": "trace_list",
    "SpanRow": "trace_list",
    "TraceDetail": "trace_list",
    "TraceRow": "trace_list",
    "UserDetail": "user_detail",
    "UserRow": "user_list",
    "call_prices": "generation_prices",
    "failure_groups": "failure_list",
    "generation": "generation_list",
    "generation_previews": "previews",
    "generations": "generation_list",
    "priced_usage": "usage_by_price",
    "judgements": "user_detail",
    "owner_of_session": "user_list",
    "owner_of_trace": "user_list",
    "session": "trace_list",
    "sessions": "trace_list",
    "trace": "trace_list",
    "trace_previews": "previews",
    "traces": "trace_list",
    "user": "user_detail",
    "user_exists": "user_list",
    "users": "user_list",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
