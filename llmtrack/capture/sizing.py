"""A request as limits look at it: who makes it, to whom it goes, and how much it may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmtrack.capture.context import Context
from llmtrack.ledger.limits import Caller

if TYPE_CHECKING:
    from llmtrack.billing.limits import PriceBook, Sizing
    from llmtrack.capture.tracked_call import LimitedCall

TOKEN = "llmtrack.token"
"""The property of a call that says which of our tokens it was made with."""
_LONG_CONTEXT = "context-1m"


def caller_of(context: Context, body: Any, model: str | None) -> Caller:
    """Who makes a call of which model: the context's user, or else the one that the request's `body` itself names."""
    user = context.user_id or _user_of(body)
    token = context.properties.get(TOKEN)
    return Caller(user, context.group, context.feature, model, None if token is None else str(token))


def _user_of(body: Any) -> str | None:
    # As `llmtrack.capture.readers.reader` reads it from what was sent.
    if type(body) is not dict:
        return None
    metadata = body.get("metadata")
    names = [body.get("safety_identifier"), body.get("user")]
    names.append(metadata.get("user_id") if isinstance(metadata, Mapping) else None)
    return next((name for name in names if isinstance(name, str) and name), None)


def sizing_of(
    call: LimitedCall, path: str, headers: Any, body: dict[str, Any], book: PriceBook, caller: Caller, *,
    has_files: bool, tries: int,
) -> Sizing:  # fmt: skip
    """How much a call may use that sends `body` to `path`, at most `tries` times."""
    from llmtrack.billing.limits import Destination, Sizing, facts_of
    from llmtrack.pricing.listing import provider_named
    from llmtrack.pricing.regions import region_of

    host = call.base_host or "unknown"
    provider = provider_named(call.settings.provider or host, path)
    where = Destination(
        provider,
        call.model,
        call.endpoint.operation,
        region_of(provider, host, path, call.model),
        call.settings.simulated or call.settings.subscription,
        _LONG_CONTEXT in str(_header(headers, "anthropic-beta")),
    )
    facts = facts_of(body, has_files=has_files)
    return Sizing(where, facts, tries, call.started_at, book.pricer, lambda: book.p95(caller.user, caller.model))


def _header(headers: Any, name: str) -> Any:
    if not isinstance(headers, Mapping):
        return None
    return next((value for key, value in headers.items() if str(key).lower() == name), None)


def about(call: LimitedCall, sizing: Sizing) -> dict[str, Any]:
    """What the row of a call would say that nobody saw the end of."""
    context = call.context
    values: dict[str, Any] = {
        "user_id": call.caller().user,
        "session_id": context.session_id,
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "feature": context.feature,
        "group": context.group,
        "properties": dict(context.properties),
        "provider": sizing.where.provider,
        "model": call.model,
        "operation": call.endpoint.operation,
        "simulated": call.settings.simulated,
        "subscription": call.settings.subscription,
        "tries": sizing.tries,
    }
    return {name: value for name, value in values.items() if value}
