"""A generation as capture tells it, as the numbers its row holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from llmtrack import ids
from llmtrack.ledger.records import Generation
from llmtrack.ledger.schema import tables
from llmtrack.ledger.write.interning import Interning, PriceKey, fitted, plain_json, price_key
from llmtrack.pricing.usage import Cost, Usage

COLUMNS = tuple(tables.Generation.model_fields)
"""The columns of `generation`, in the order of the tuples here."""
AT = {column: place for place, column in enumerate(COLUMNS)}
Row = tuple[Any, ...]

MOST_TOKENS = 1_000_000_000
"""A count above this is kept as reported in `usage_details` and is unknown to all sums (decision 9)."""
MOST_COST = 10**16
"""Nano-dollars; a cost above this could not be summed."""
_LONGEST_WAIT = 10**15
_FIRST, _LAST = 946_684_800_000_000, 3_786_912_000_000_000  # the years an id can hold, roughly: 2000 to 2089
_NAMED = (
    "provider",
    "operation",
    "status",
    "feature",
    "error_type",
    "error_code",
    "finish_reason",
    "service_tier",
    "region",
)
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "cache_read_audio_tokens",
    "input_image_tokens",
    "output_image_tokens",
    "web_searches",
)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_UNPRICED = Cost(status="unpriced", reason="no_price")
assert COLUMNS[AT["input_tokens"] : AT["web_searches"] + 1] == _COUNTS


def moment(at: int) -> int:
    """`at`, or the nearest time an id can hold: a clock may be wrong, a row is kept all the same."""
    return min(max(at, _FIRST), _LAST)


def known_cost(generation: Generation) -> Cost:
    """The cost to keep: without a total it is unpriced, as one is that is too large to be summed.

    A simulated call stays simulated whatever became of it: it is never among the real ones.
    """
    cost = generation.cost or _UNPRICED
    simulated = generation.simulated or cost.status == "simulated"
    if cost.total is None:
        return Cost(status="simulated" if simulated else "unpriced", reason=cost.reason)
    if not 0 <= cost.total <= MOST_COST:
        return Cost(status="simulated" if simulated else "unpriced", reason="too_many")
    return replace(cost, status="simulated") if simulated and cost.status != "simulated" else cost


def intern_all(generations: Sequence[Generation], interning: Interning) -> None:
    """Makes sure that every word, price and property set of these has its number."""
    costs = [known_cost(g) for g in generations]
    words: dict[str, set[str | None]] = {kind: {getattr(g, kind) for g in generations} for kind in _NAMED}
    words["model"] = {model for g in generations for model in (g.response_model, g.request_model)}
    words["group"] = {g.group for g in generations}
    words["cost_status"] = {cost.status for cost in costs}
    words["cost_reason"] = {cost.reason for cost in costs}
    interning.want_names((kind, fitted(text)) for kind, texts in words.items() for text in texts if text)
    interning.want_sets({plain_json(g.properties): None for g in generations if g.properties})
    interning.want_prices({
        price_key(price): price for cost in costs for price in (cost.price, *cost.other_prices) if price is not None
    })  # fmt: skip


def row_of(g: Generation, known: Interning) -> Row:
    """The row of `g`, whose words have been interned, with the id that its time gives it."""
    names = known.names
    found = names.get

    def name(kind: str, text: str | None) -> int | None:
        if not text:
            return None
        # Nearly every text is kept as it is: look before fitting it.
        return found((kind, text)) or names[kind, fitted(text)]

    cost, usage = known_cost(g), g.usage
    requested, served = name("model", g.request_model), name("model", g.response_model)
    counts = reported = [getattr(usage, field) for field in _COUNTS]
    if any(count is not None and not 0 <= count <= MOST_TOKENS for count in reported):
        counts = [count if count is None or 0 <= count <= MOST_TOKENS else None for count in reported]
    return (
        ids.moved_to(g.id, moment(g.started_at)),
        _number(known.users, g.user_id),
        _number(known.sessions, g.session_id),
        _number(known.traces, g.trace_id),
        g.span_id,
        name("feature", g.feature),
        name("group", g.group),
        known.sets[plain_json(g.properties)] if g.properties else None,
        name("provider", g.provider),
        name("operation", g.operation),
        known.model(name("provider", g.provider), requested, served),
        requested,
        served,
        name("status", g.status),
        name("error_type", g.error_type),
        name("error_code", g.error_code),
        g.http_status,
        name("finish_reason", g.finish_reason),
        name("service_tier", g.service_tier),
        name("region", g.region),
        int(g.streamed),
        min(g.attempts, 1_000_000),
        _waited(g.duration),
        _waited(g.time_to_first_token),
        *counts,
        int(g.usage_estimated),
        _details(g, None if counts is reported else reported, cost, known.prices),
        name("cost_status", cost.status),
        cost.total,
        cost.input,
        cost.cache_read,
        cost.cache_write,
        cost.output,
        cost.reasoning,
        cost.audio,
        cost.image,
        cost.request,
        cost.tool,
        None if g.reported_cost is None else _reported(g.reported_cost),
        None if cost.price is None else known.prices[price_key(cost.price)],
        name("cost_reason", cost.reason),
        None if g.response_id is None else fitted(g.response_id),
        None if g.request_id is None else fitted(g.request_id),
    )


def _number(known: Mapping[str, int], text: str | None) -> int | None:
    return None if text is None else known.get(text) or known[fitted(text)]


def text_of(g: Generation) -> tuple[str | None, str | None, str | None] | None:
    """Input, output and error message as `generation_text` has them; None where nothing was said or kept."""
    if g.input is None and g.output is None and g.error_message is None:
        return None
    error = None if g.error_message is None else _clean(g.error_message)
    return _told(g.input), _told(g.output), error


def _told(messages: Any) -> str | None:
    if messages is None:
        return None
    return _clean(_encode(messages))


def _clean(text: str) -> str:
    """Without what a database cannot keep: half characters, and NUL (which JSON escapes by itself)."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "\ufffd")


def _waited(micros: int | None) -> int | None:
    return micros if micros is not None and 0 <= micros <= _LONGEST_WAIT else None


def _reported(dollars: Decimal) -> int | None:
    if not dollars.is_finite():
        return None
    nano = round(dollars * 10**9)
    return nano if abs(nano) <= MOST_COST else None


def _details(
    g: Generation, unbelieved: list[int | None] | None, cost: Cost, prices: Mapping[PriceKey, int]
) -> str | None:
    """JSON of what has no column; None, as nearly always, where there is nothing."""
    usage = g.usage
    told: dict[str, Any] = {"estimated": list(g.estimated)} if g.estimated else {}
    if unbelieved is not None:
        counts = zip(_COUNTS, unbelieved, strict=True)
        told["reported"] = {
            field: count for field, count in counts if count is not None and not 0 <= count <= MOST_TOKENS
        }
    if usage.audio_seconds is not None:
        told["audio_seconds"] = str(usage.audio_seconds)
    if usage.characters is not None:
        told["characters"] = usage.characters
    if usage.cache_write_12h_tokens:
        told["cache_write_12h_tokens"] = usage.cache_write_12h_tokens
    if usage.doubt is not None:
        told["doubt"] = usage.doubt
    if usage.uncounted:
        told["uncounted"] = list(usage.uncounted)
    if usage.cache_read_image_tokens is not None:
        told["cache_read_image_tokens"] = usage.cache_read_image_tokens
    if usage.tools:
        told["tools"] = dict(usage.tools)
    if usage.others:
        told["others"] = [[model, _plain(other)] for model, other in usage.others]
    if cost.other_prices:
        told["prices"] = [prices[price_key(price)] for price in cost.other_prices]
    return plain_json(told) if told else None


def usage_of(row: Row) -> Usage:
    """The usage that a row was made from, counts that were not believed included."""
    told = json.loads(row[AT["usage_details"]] or "{}")
    return _usage({**told, **dict(zip(_COUNTS, row[AT[_COUNTS[0]] :], strict=False)), **told.get("reported", {})})


def _usage(told: Mapping[str, Any]) -> Usage:
    """The usage with these counts by name; what is no count of it is left out."""
    known: dict[str, Any] = {field.name: told.get(field.name) for field in fields(Usage)}
    seconds = known["audio_seconds"]
    others = tuple((model, _usage(other)) for model, other in known["others"] or ())
    known |= {"tools": known["tools"] or {}, "others": others, "uncounted": tuple(known["uncounted"] or ())}
    known["text_only"] = bool(known["text_only"])  # not kept: a call priced later is then an estimate
    return Usage(**{**known, "audio_seconds": None if seconds is None else Decimal(str(seconds))})


def _plain(usage: Usage) -> dict[str, Any]:
    """The counts of `usage` that are known, by name."""
    told = {field.name: getattr(usage, field.name) for field in fields(usage) if field.name != "text_only"}
    told["uncounted"] = list(usage.uncounted)
    told["others"] = [[model, _plain(other)] for model, other in usage.others]
    told["tools"] = dict(usage.tools)
    return {name: value for name, value in told.items() if value not in (None, {}, [])}
