"""The price book of a ledger: add an entry, list them, retire one. Costs that are stored stay as they are."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.write.spans_and_feedback import write_audit
from llmtrack.pricing.book import BookEntry
from llmtrack.pricing.engine import Pricer
from llmtrack.pricing.reasons import in_words
from llmtrack.pricing.refusals import check

if TYPE_CHECKING:
    from llmtrack.ledger.database.dialect import Dialect
    from llmtrack.ledger.ledger import Ledger

_COLUMNS = ("id", "entry", "created_at", "created_by", "withdrawn_at", "withdrawn_by")


@dataclass(frozen=True, slots=True)
class BookLine:
    """An entry of the price book, with who made it and who took it back. Times are microseconds since 1970."""

    entry: BookEntry
    """With its end brought forward to `withdrawn_at`."""
    created_at: int
    created_by: str
    withdrawn_at: int | None = None
    """The moment from which it no longer holds; its own beginning if it was never to hold at all."""
    withdrawn_by: str | None = None

    @property
    def void(self) -> bool:
        """Whether it holds at no time."""
        return self.entry.until is not None and self.entry.until <= self.entry.since


def list_prices(ledger: Ledger) -> tuple[BookLine, ...]:
    """All entries, retired ones included, the newest first."""
    with ledger.reading() as connection:
        return tuple(reversed(_lines(connection, ledger.dialect)))


@dataclass(frozen=True, slots=True)
class Missing:
    """A model some of whose calls have no price, though somebody counted what they used."""

    provider: str
    model: str
    calls: int
    """All of them, priced ones included."""
    unpriced: int
    """Those without a price."""
    input_tokens: int | None
    output_tokens: int | None


def missing_prices(
    ledger: Ledger, *, since: datetime | date | None = None, until: datetime | date | None = None, timezone: str = "UTC"
) -> tuple[Missing, ...]:
    """The models that lack a price in a stretch of time, those with the most unpriced calls first.

    Calls that failed without being billed, and those whose usage nobody reported, are not counted: no price helps them.
    """
    metrics = ["generations", "unpriced", "usage_missing", "input_tokens", "output_tokens"]
    by_model = ask(ledger, metrics, ["provider", "model"], since=since, until=until, timezone=timezone, fill=False)
    models = (
        Missing(
            row["provider"] or "", row["model"] or "", row["generations"], row["unpriced"] - row["usage_missing"],
            row["input_tokens"], row["output_tokens"],
        )
        for row in by_model
    )  # fmt: skip
    return tuple(sorted((model for model in models if model.unpriced > 0), key=lambda model: -model.unpriced))


def why_missing(missing: Missing, pricer: Pricer, *, at: int | None = None) -> str:
    """Why calls of this model have no price, as far as it can be told now; `pricer` has the book as it is."""
    quote = pricer.quote(missing.provider, missing.model, at=_now(at))
    if quote.reason is not None:
        return in_words(quote.reason)
    if any("book" in band.price.source + band.price.version for band in quote.bands):
        return "it has a price in the book now; calls made before can be priced, too"
    return "a service tier, or a class of tokens, that some of its calls used has no price"


def add_price(ledger: Ledger, entry: BookEntry, *, by: str, at: int | None = None) -> BookEntry:
    """Keeps `entry` and returns it with its id. It prices calls from `since` on; stored costs stay as they are.

    `at` is now. Raises `llmtrack.pricing.PriceRefused` where the entry is wrong or stands in another's way.
    """
    now = _now(at)
    check(entry, (), at=now)  # before the transaction: this may have to load the price list

    def keep(connection: Connection) -> int:
        _new_version(connection, ledger.dialect)
        lines = _lines(connection, ledger.dialect)
        check(entry, [line.entry for line in lines], at=now)
        id = 1 + max((line.entry.id for line in lines), default=0)
        values = (id, json.dumps(entry.as_json()), now, by)
        connection.exec_driver_sql(ledger.dialect.insert_sql("price_book", _COLUMNS[:4]), values)
        write_audit(connection, ledger.dialect, by, "price.add", str(id), entry.as_json(), now)
        return id

    return replace(entry, id=ledger.transact(keep))


def retire_price(
    ledger: Ledger, id: int, *, by: str, from_the_beginning: bool = False, at: int | None = None
) -> BookLine:
    """Ends an entry now, or as if it had never held; stored costs keep naming it. Returns the line as it now is.

    Raises `LedgerError` where there is no such entry, or where it has ended already.
    """
    now = _now(at)

    def end(connection: Connection) -> BookLine:
        _new_version(connection, ledger.dialect)
        lines = {line.entry.id: line for line in _lines(connection, ledger.dialect)}
        line = lines.get(id)
        if line is None:
            there = ", ".join(map(str, sorted(lines))) or "none at all"
            raise LedgerError(f"There is no price book entry {id}; there are {there}.")
        if line.void or (line.entry.until is not None and line.entry.until <= now and not from_the_beginning):
            raise LedgerError(f"Price book entry {id} no longer holds; there is nothing to retire.")
        until = line.entry.since if from_the_beginning else max(now, line.entry.since)
        parameter = ledger.dialect.placeholder
        sql = f"UPDATE price_book SET withdrawn_at = {parameter}, withdrawn_by = {parameter} WHERE id = {parameter}"
        connection.exec_driver_sql(sql, (until, by, id))
        ended = replace(line.entry, until=until)
        write_audit(connection, ledger.dialect, by, "price.retire", str(id), ended.as_json(), now)
        return replace(line, entry=ended, withdrawn_at=until, withdrawn_by=by)

    return ledger.transact(end)


def _lines(connection: Connection, dialect: Dialect) -> Sequence[BookLine]:
    rows = connection.exec_driver_sql(f"SELECT {', '.join(_COLUMNS)} FROM price_book ORDER BY id").fetchall()
    return [
        BookLine(BookEntry.from_json(dialect.from_json(entry), id, until=withdrawn), made, maker, withdrawn, withdrawer)
        for id, entry, made, maker, withdrawn, withdrawer in rows
    ]


def _new_version(connection: Connection, dialect: Dialect) -> None:
    """Says that the book is about to change. First of all: it also makes others who would change it wait."""
    connection.exec_driver_sql(dialect.upsert_sql("state", ("key",), [("value", "add")]), ("book", 1))


def _now(at: int | None) -> int:
    return time.time_ns() // 1_000 if at is None else at
