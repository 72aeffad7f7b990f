"""A statement as CSV, and how its number, its exchange rate and its amounts are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.billing.amounts import month_name
from llmtrack.ledger.export import Column, encoded
from llmtrack.ledger.lists import PARTS, QUANTITIES
from llmtrack.ledger.periods import from_micros

if TYPE_CHECKING:
    from llmtrack.billing.statements.content import Statement

_COLUMNS = (
    Column("kind", "text", "``line``, ``unpriced``, ``markup``, ``adjustment``, ``total`` or ``converted``."),
    Column("statement", "text", "The statement's number; of an adjustment that of the statement adjusted."),
    Column("user", "text", "Whose it is."),
    Column("since", "time", "The cycle's first instant."),
    Column("until", "time", "The first instant after it."),
    Column("provider", "text", ""),
    Column("model", "text", ""),
    Column("cost_status", "text", "How the cost is known."),
    Column("price_source", "text", ""),
    Column("price_version", "text", ""),
    Column("price_model", "text", "As the price list has it."),
    Column("price_tier", "text", ""),
    Column("price_above", "integer", "The rates hold for calls with more input tokens."),
    Column("price_adjustment", "text", "The price book's discount or markup in the rates."),
    Column("rates", "text", "JSON."),
    Column("calls", "integer", ""),
    Column("messages", "integer", ""),
    *(Column(name, "integer", "") for name in QUANTITIES),
    *(Column(f"{part}_cost", "money", "") for part in PARTS),
    Column("cost", "money", "List dollars."),
    Column("markup_percent", "money", ""),
    Column("amount", "money", "Charged, markup included; of ``converted`` in the other currency."),
    Column("currency", "text", ""),
    Column("exchange_rate", "money", "Units of the currency for one US dollar."),
    Column("sha256", "text", "Of the statement's content."),
)


def as_csv(statement: Statement, digest: str) -> bytes:
    """The statement as CSV, one row for each line, adjustment and sum, as RFC 4180 has it."""
    names = [column.name for column in _COLUMNS]
    shared = {
        "statement": printed_number(statement.number), "user": statement.user_id, "since": statement.period.since,
        "until": statement.period.until, "currency": "USD", "sha256": digest,
    }  # fmt: skip
    rows = [[(shared | row).get(name) for name in names] for row in _rows(statement)]
    return b"".join(encoded("csv", _COLUMNS, [rows]))


def printed_number(id: int) -> str:
    """A statement's number as it is printed."""
    return f"S-{id:X}"


def parse_number(text: str) -> int:
    """The statement that a printed number (or a plain one) names. Raises ValueError, naming it, for anything else."""
    plain = text.strip().upper()
    try:
        return int(plain.removeprefix("S-"), 16) if plain.startswith("S-") else int(plain)
    except ValueError:
        raise ValueError(f"{text!r} is no statement; `llmtrack statements list` shows their numbers.") from None


def _rows(statement: Statement) -> Iterator[dict[str, Any]]:
    for line in statement.lines:
        price = line.price or {}
        yield {
            "kind": "line", "provider": line.provider, "model": line.model, "cost_status": line.cost_status,
            "price_source": price.get("source"), "price_version": price.get("version"),
            "price_model": price.get("model"), "price_tier": price.get("tier"), "price_above": price.get("above"),
            "price_adjustment": price.get("adjustment"),
            "rates": json.dumps(price["rates"], sort_keys=True) if price else None,
            "calls": line.calls, "messages": line.messages, **line.quantities,
            **{f"{part}_cost": amount for part, amount in line.parts.items()}, "cost": line.cost,
        }  # fmt: skip
    for model in statement.models:
        if model.unpriced:
            yield {"kind": "unpriced", "provider": model.provider, "model": model.model, "calls": model.unpriced}
    yield {"kind": "markup", "markup_percent": statement.percent, "amount": statement.markup}
    for entry in statement.adjustments:
        yield {
            "kind": "adjustment", "statement": printed_number(entry.statement), "provider": entry.provider,
            "model": entry.model, "calls": entry.calls, "cost": entry.cost, "markup_percent": entry.percent,
            "amount": entry.amount, "since": from_micros(entry.since, entry.timezone),
            "until": from_micros(entry.until, entry.timezone),
        }  # fmt: skip
    yield {"kind": "total", "cost": statement.list_total, "amount": statement.total}
    if statement.rate is not None:
        yield {
            "kind": "converted", "amount": statement.converted, "currency": statement.currency,
            "exchange_rate": statement.rate.rate,
        }  # fmt: skip


def rate_sentence(statement: Statement) -> str:
    """Which exchange rate was taken, or that there is none; empty for US dollars."""
    if statement.currency == "USD":
        return ""
    month = month_name(statement.month)
    if statement.rate is None:
        return f"No rate of {statement.currency} was entered for {month}: amounts are in US dollars only."
    return (
        f"1 US dollar = {format(statement.rate.rate, 'f')} {statement.currency} in {month}, "
        f"entered by {statement.rate.entered_by}."
    )


def places(statement: Statement) -> int:
    """With how many decimals every amount of a statement can be written so that the sums add up to the last digit."""
    amounts = [line.cost for line in statement.lines] + [entry.amount for entry in statement.adjustments]
    amounts += [entry.cost for entry in statement.adjustments] + [statement.markup, statement.total]
    return max(2, *(-_exponent(amount) for amount in amounts))


def _exponent(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
