"""A generation as a row of `generation`: words, users and prices by their numbers, everything mapped by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any

from pydantic_core import to_json
from sqlmodel import SQLModel

from llmtrack import ids
from llmtrack.ledger.records import Generation
from llmtrack.ledger.schema import tables
from llmtrack.ledger.write.interning import Interning, PriceKey, fitted, plain_json, price_key
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.usage import COUNTS, PARTS, Cost, Usage
from llmtrack.statuses import CostStatus

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
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_NO_COST = Cost(status=CostStatus.UNPRICED.value, reason=Reason.NO_PRICE.value)

# How a column gets its value goes by its name. These are encoded one by one, in `row_of`, in this order:
_ENCODED = (
    "id", "app_user", "session", "trace", "property_set", "model", "streamed", "attempts", "duration",
    "time_to_first_token", "usage_estimated", "usage_details", "cost_status", "cost", "reported_cost", "price",
    "cost_reason", "response_id", "request_id",
)  # fmt: skip
_ATTRIBUTE = {"group_name": "group"}
"""Fields of a generation that are not called as their column is."""
_KINDS = {
    column.name: column.info["kind"]
    for column in SQLModel.metadata.tables["generation"].columns
    if "kind" in column.info and column.name not in _ENCODED
}
"""The columns that hold the number of a word, with the word's kind."""
_COUNTS = tuple(column for column in COLUMNS if column in COUNTS)
_COST_PARTS = tuple(f"{part}_cost" for part in PARTS)
_PLAIN = tuple(column for column in COLUMNS if column not in {*_ENCODED, *_KINDS, *_COUNTS, *_COST_PARTS})
"""The columns that hold a field of the generation as it is."""
_SOURCES = (*_ENCODED, *_KINDS, *_PLAIN, *_COUNTS, *_COST_PARTS)
_in_order = itemgetter(*(_SOURCES.index(column) for column in COLUMNS))
_words_of = attrgetter(*(_ATTRIBUTE.get(column, column) for column in _KINDS))
_plain_of, _counts_of, _cost_parts_of = attrgetter(*_PLAIN), attrgetter(*_COUNTS), attrgetter(*PARTS)

USAGE_AND_COST = (
    *_COUNTS, *_COST_PARTS, "usage_estimated", "usage_details", "cost_status", "cost", "reported_cost", "price",
    "cost_reason",
)  # fmt: skip


def moment(at: int) -> int:
    """`at`, or the nearest time an id can hold: a clock may be wrong, a row is kept all the same."""
    return min(max(at, _FIRST), _LAST)


def known_cost(generation: Generation) -> Cost:
    """The cost to keep: without a total it is unpriced, as one is that is too large to be summed.

    A simulated call stays simulated whatever became of it, and one that a subscription paid for what it is: neither is
    ever among the real ones.
    """
    cost = generation.cost or _NO_COST
    apart = None
    if generation.simulated or cost.status == CostStatus.SIMULATED:
        apart = CostStatus.SIMULATED.value
    elif generation.subscription or cost.status == CostStatus.API_EQUIVALENT:
        apart = CostStatus.API_EQUIVALENT.value
    if cost.total is None or not 0 <= cost.total <= MOST_COST:
        status = apart or CostStatus.UNPRICED.value
        return Cost(status=status, reason=cost.reason if cost.total is None else Reason.TOO_MANY.value)
    return cost if apart is None or cost.status == apart else replace(cost, status=apart)


def intern_all(generations: Sequence[Generation], interning: Interning) -> None:
    """Makes sure that every word, price and property set of these has its number."""
    costs = [known_cost(g) for g in generations]
    words = {
        (kind, text)
        for kind, texts in zip(_KINDS.values(), zip(*map(_words_of, generations), strict=True), strict=False)
        for text in set(texts)
        if text
    }
    words |= {("cost_status", cost.status) for cost in costs}
    words |= {("cost_reason", cost.reason) for cost in costs if cost.reason}
    interning.want_names((kind, fitted(text)) for kind, text in sorted(words))
    interning.want_sets({plain_json(g.properties): None for g in generations if g.properties})
    interning.want_prices({
        price_key(price): price for cost in costs for price in (cost.price, *cost.other_prices) if price is not None
    })  # fmt: skip


def row_of(g: Generation, interning: Interning) -> Row:
    """The row of `g`, whose words have been interned, with the id that its time gives it."""
    numbers = interning.names
    texts = _words_of(g)
    words = interning.words.get(texts)
    if words is None:
        # Nearly every text is kept as it is: it is looked up before it is fitted.
        words = interning.words[texts] = [
            (numbers.get((kind, text)) or numbers[kind, fitted(text)]) if text else None
            for kind, text in zip(_KINDS.values(), texts, strict=True)
        ]
    cost = known_cost(g)
    counts: Sequence[int | None] = _counts_of(g.usage)
    reported = None
    stated = [count for count in counts if count]
    if stated and (max(stated) > MOST_TOKENS or min(stated) < 0):
        reported, counts = counts, [_believed(count) for count in counts]
    model = interning.model(words[_PROVIDER], words[_REQUEST_MODEL], words[_RESPONSE_MODEL])
    encoded = (
        ids.moved_to(g.id, moment(g.started_at)),
        _number(interning.users, g.user_id),
        _number(interning.sessions, g.session_id),
        _number(interning.traces, g.trace_id),
        interning.sets[plain_json(g.properties)] if g.properties else None,
        model,
        int(g.streamed),
        min(g.attempts, 1_000_000),
        _waited(g.duration),
        _waited(g.time_to_first_token),
        int(g.usage_estimated),
        _details(g, reported, cost, interning.prices),
        numbers["cost_status", cost.status],
        cost.total,
        None if g.reported_cost is None else _reported(g.reported_cost),
        None if cost.price is None else interning.prices[price_key(cost.price)],
        numbers["cost_reason", fitted(cost.reason)] if cost.reason else None,
        None if g.response_id is None else fitted(g.response_id),
        None if g.request_id is None else fitted(g.request_id),
    )
    row: Row = _in_order((*encoded, *words, *_plain_of(g), *counts, *_cost_parts_of(cost)))
    return row


_PROVIDER, _REQUEST_MODEL, _RESPONSE_MODEL = (
    list(_KINDS).index(column) for column in ("provider", "request_model", "response_model")
)


def _believed(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= MOST_TOKENS else None


def _number(numbers: Mapping[str, int], text: str | None) -> int | None:
    return None if text is None else numbers.get(text) or numbers[fitted(text)]


def text_of(g: Generation) -> tuple[str | None, str | None, str | None] | None:
    """Input, output and error message as `generation_text` has them; None where there are none, or none are kept."""
    if g.input is None and g.output is None and g.error_message is None:
        return None
    error = None if g.error_message is None else _clean(g.error_message)
    return _message_json(g.input), _message_json(g.output), error


def _message_json(messages: Any) -> str | None:
    if messages is None:
        return None
    try:
        # The same JSON as the standard library's, in half the time; what it refuses the other takes.
        return to_json(messages, inf_nan_mode="constants").decode()
    except (ValueError, TypeError):
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
    g: Generation, reported: Sequence[int | None] | None, cost: Cost, prices: Mapping[PriceKey, int]
) -> str | None:
    """JSON of what has no column; None, as nearly always, where there is nothing.

    `reported` are the counts as reported, where some of them are not believed.
    """
    usage = g.usage
    details: dict[str, Any] = {"estimated": list(g.estimated)} if g.estimated else {}
    if reported is not None:
        counts = zip(_COUNTS, reported, strict=True)
        details["reported"] = {name: count for name, count in counts if count is not None and _believed(count) is None}
    if usage.audio_seconds is not None:
        details["audio_seconds"] = str(usage.audio_seconds)
    if usage.characters is not None:
        details["characters"] = usage.characters
    if usage.cache_write_12h_tokens:
        details["cache_write_12h_tokens"] = usage.cache_write_12h_tokens
    if usage.doubt is not None:
        details["doubt"] = usage.doubt
    if usage.uncounted:
        details["uncounted"] = list(usage.uncounted)
    if usage.cache_read_image_tokens is not None:
        details["cache_read_image_tokens"] = usage.cache_read_image_tokens
    if usage.tools:
        details["tools"] = dict(usage.tools)
    if usage.others:
        details["others"] = [[model, _plain(other)] for model, other in usage.others]
    if cost.other_prices:
        details["prices"] = [prices[price_key(price)] for price in cost.other_prices]
    if g.refusal is not None:
        details["refusal"] = dict(g.refusal)
    return plain_json(details) if details else None


def usage_of(row: Row) -> Usage:
    """The usage that a row was made from, counts that were not believed included."""
    details = json.loads(row[AT["usage_details"]] or "{}")
    return _usage({**details, **{name: row[AT[name]] for name in _COUNTS}, **details.get("reported", {})})


def _usage(counts: Mapping[str, Any]) -> Usage:
    """The usage with these counts by name; what is no count of it is left out."""
    values: dict[str, Any] = {field.name: counts.get(field.name) for field in fields(Usage)}
    seconds = values["audio_seconds"]
    others = tuple((model, _usage(other)) for model, other in values["others"] or ())
    values |= {"tools": values["tools"] or {}, "others": others, "uncounted": tuple(values["uncounted"] or ())}
    values["text_only"] = bool(values["text_only"])  # not kept: a call priced later is then an estimate
    return Usage(**{**values, "audio_seconds": None if seconds is None else Decimal(str(seconds))})


def _plain(usage: Usage) -> dict[str, Any]:
    """The counts of `usage` that are known, by name."""
    values = {field.name: getattr(usage, field.name) for field in fields(usage) if field.name != "text_only"}
    values["uncounted"] = list(usage.uncounted)
    values["others"] = [[model, _plain(other)] for model, other in usage.others]
    values["tools"] = dict(usage.tools)
    return {name: value for name, value in values.items() if value not in (None, {}, [])}
