"""Prices and what they do: those in use with the calls they priced, and entries of the price book with theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.metrics import ask
from llmtrack.ledger.query import Row
from pages.components import formatting, links, queries, tables
from pages.components.charts import colours
from pages.components.insights.cost_tables import dearest, part
from pages.components.tables import Column

if TYPE_CHECKING:
    from datetime import datetime

    from llmtrack.ledger.price_book import BookLine
    from llmtrack.pricing import BookEntry, Pricer

METRICS = ("generations", "cost", "unpriced", "simulated", "priced")
TIER = "standard"


def in_use(rows: Sequence[Row]) -> list[Row]:
    """The rows of models some of whose calls have a price, the dearest first."""
    return [row for row in dearest(rows) if row["priced"]]


def draw_in_use(rows: Sequence[Row], totals: Row, pricer: Pricer, at: int, alt_text: str) -> None:
    """The models in use: what they cost now, where that is from, and what their calls came to."""
    of_model = colours.css("model", (row["model"] or "" for row in rows))
    columns = [
        Column("model", "Model", "model", pinned=True, href=lambda row: links.model(row["id"]),
               colour=lambda row: of_model[row["id"] or ""]),
        Column("provider", "Provider", tone="muted", wide_only=True),
        Column("input", "Input, $/M", "usd", alike="rate"),
        Column("output", "Output, $/M", "usd", alike="rate", unknown="none"),
        Column("source", "From", wide_only=True),
        Column("generations", "Calls", "count", wide_only=True),
        Column("share", "Share", "bar", wide_only=True, colour=lambda row: of_model[row["id"] or ""]),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    table = [{**row, **quoted(row, pricer, at), "id": row["model"], "share": part(row, totals)} for row in rows]
    tables.table(table, columns, alt_text=alt_text)


def quoted(row: Mapping[str, Any], pricer: Pricer, at: int) -> dict[str, Any]:
    """What a model costs at a moment, in dollars per million tokens, and where that price is from."""
    quote = pricer.quote(row["provider"] or "", row["model"] or "", at=at)
    if quote.reason is not None or not quote.bands:
        return {"input": None, "output": None, "source": "no price any more"}
    price = quote.bands[0].price
    source = f"{price.source} {price.version}" + (f", {price.adjustment}" if price.adjustment else "")
    return {"input": rate(price.rates, "input"), "output": rate(price.rates, "output"), "source": source}


def rate(rates: Mapping[str, Any], name: str) -> Decimal | None:
    """The rate of a class; None where there is none."""
    return Decimal(str(rates[name])) if name in rates else None


def draw_book(lines: Sequence[BookLine], states: Mapping[int, str], day: Any, ends: Any) -> None:
    """The entries of the price book, each with the calls it was for and what they cost."""
    columns = [
        Column("id", "Entry", "count", pinned=True),
        Column("what", "What"),
        Column("state", "State"),
        Column("calls", "Calls since", "count", help="Of the models it is about, while it held."),
        Column("cost", "Their cost", "usd"),
        Column("since", "From", "time", wide_only=True),
        Column("until", "Until", wide_only=True),
        Column("tier", "Tier", tone="muted", wide_only=True),
        Column("by", "Added by", tone="muted", wide_only=True),
        Column("note", "Note", tone="muted", wide_only=True),
    ]
    rows = [
        {
            "id": line.entry.id, "what": line.entry.title, "state": states[line.entry.id],
            "since": begins(line, day), "until": ends(line), "tier": line.entry.tiers, "by": line.created_by,
            "note": line.entry.note, **effect(line),
        }
        for line in lines
    ]  # fmt: skip
    tables.table(rows, columns, alt_text="The price book", name="entries")


def begins(line: BookLine, day: Any) -> datetime:
    """The moment an entry begins to hold."""
    moment: datetime = day(line.entry.since)
    return moment


def effect(line: BookLine) -> dict[str, Any]:
    """The calls that an entry was about while it held, and what they cost as far as that is known."""
    entry: BookEntry = line.entry
    if line.void:
        return {"calls": 0, "cost": Decimal(0)}
    from llmtrack.ledger.periods import from_micros

    answer = ask(
        queries.ledger(), ["generations", "cost"], ["provider", "model"], fill=False, timezone="UTC",
        since=from_micros(entry.since, "UTC"),
        until=None if entry.until is None else from_micros(entry.until, "UTC"),
        max_rows=None,
    )  # fmt: skip
    meant = [row for row in answer if entry.matches(row["provider"] or "", row["model"] or "", TIER)]
    costs = [row["cost"] for row in meant if row["cost"] is not None]
    calls = sum(row["generations"] for row in meant)
    return {"calls": calls, "cost": sum(costs, Decimal(0)) if costs or not calls else None}


def headline(unpriced: int, generations: int) -> str:
    """How many calls lack a price, for a tile: ``6 % of the calls``."""
    return f"{formatting.percent(unpriced, generations)} of the calls" if unpriced else "every call has one"
