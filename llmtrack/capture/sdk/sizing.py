"""A request as limits look at it: who makes it, to whom it goes, and how much it may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.limits import Caller

if TYPE_CHECKING:
    from llmtrack.billing.limits import PriceBook, Sizing
    from llmtrack.capture.tracked_call import LimitedCall

TOKEN = "llmtrack.token"
"""The property of a call that says which of our tokens it was made with."""
_LONG_CONTEXT = "context-1m"


def caller_of(call: LimitedCall) -> Caller:
    """Who makes a call of which model: the context's user, or else the one that the request itself names."""
    context = call.context
    user = context.user_id or _user_of(call.plain_options.json_data)
    token = context.properties.get(TOKEN)
    return Caller(user, context.group, context.feature, call.model, None if token is None else str(token))


def _user_of(body: Any) -> str | None:
    # As `llmtrack.capture.readers.reader` reads it from what was sent.
    if type(body) is not dict:
        return None
    metadata = body.get("metadata")
    names = [body.get("safety_identifier"), body.get("user")]
    names.append(metadata.get("user_id") if isinstance(metadata, Mapping) else None)
    return next((name for name in names if isinstance(name, str) and name), None)


def sizing_of(call: LimitedCall, book: PriceBook, caller: Caller) -> Sizing:
    """How much a call may use."""
    from llmtrack.billing.limits import Destination, Sizing, facts_of
    from llmtrack.pricing.listing import provider_named
    from llmtrack.pricing.regions import region_of

    options, client = call.plain_options, call.client
    host = client.base_url.host or "unknown"
    path = f"{client.base_url.path.rstrip('/')}/{options.url.lstrip('/')}"
    provider = provider_named(call.settings.provider or host, path)
    where = Destination(
        provider,
        call.model,
        call.endpoint.operation,
        region_of(provider, host, path, call.model),
        call.settings.simulated,
        _LONG_CONTEXT in str(_header(options.headers, "anthropic-beta")),
    )
    facts = facts_of(_body(options), has_files=bool(options.files))
    tries = 1 + max(0, int(options.get_max_retries(client.max_retries)))
    return Sizing(where, facts, tries, call.started_at, book.pricer, lambda: book.p95(caller.user, caller.model))


def _body(options: Any) -> dict[str, Any]:
    """What is sent as JSON, with what the caller adds to it by ``extra_body``."""
    body = options.json_data if type(options.json_data) is dict else {}
    extra = getattr(options, "extra_json", None)
    return {**body, **extra} if isinstance(extra, Mapping) else body


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
        "tries": sizing.tries,
    }
    return {name: value for name, value in values.items() if value}
