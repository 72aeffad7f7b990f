"""Pricing calls that had no price when they were made: a preview, doing it, and undoing it.

Costs that exist are left alone. Rows of sealed days are gone, so that nothing on those days can be priced any more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.write import sealed_days
from llmtrack.ledger.write.cost_changes import CostChanges
from llmtrack.ledger.write.generation_row import AT, COLUMNS, Row
from llmtrack.ledger.write.spans_and_feedback import write_audit
from llmtrack.ledger.write.unpriced_rows import SOME, on_sealed_days, priced_now
from llmtrack.pricing.engine import Pricer, in_dollars
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.usage import Cost

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of one user in one month that would be priced."""

    month: str
    """``2026-11``."""
    user: str | None
    calls: int
    cost: Decimal
    """US dollars."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What pricing the unpriced calls of some models would come to."""

    lines: tuple[Line, ...]
    """By month, then the dearest user first."""
    unpriced: int
    """Calls for which there is still no price, though their usage is known."""
    sealed: int
    """Unpriced calls on days whose rows are gone; they stay unpriced."""

    @property
    def calls(self) -> int:
        """Calls that would be priced."""
        return sum(line.calls for line in self.lines)

    @property
    def cost(self) -> Decimal:
        """What they would cost, in US dollars."""
        return sum((line.cost for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Run:
    """One pricing of unpriced calls."""

    number: int
    at: int
    """Microseconds since 1970."""
    by: str
    models: str
    """Which were asked for: ``ollama/*``."""
    calls: int
    cost: Decimal
    undone: bool = False


def preview(ledger: Ledger, provider: str = "*", model: str = "*", *, timezone: str = "UTC") -> Preview:
    """What pricing the unpriced calls of these models (names or globs) would come to, by month and user.

    A call has the price that held when it was made, or else the one that holds now and is then an estimate.
    """
    pricer, zone = Pricer(ledger.book()[1]), ZoneInfo(timezone)
    sums: dict[tuple[str, int | None], list[int]] = {}
    unpriced = 0
    with ledger.reading() as connection:
        for row, cost in priced_now(connection, ledger.dialect, pricer, provider, model):
            if cost.total is None:
                unpriced += cost.reason != Reason.USAGE_MISSING
                continue
            month = datetime.fromtimestamp(ids.started_at(row[0]) / 1e6, UTC).astimezone(zone)
            into = sums.setdefault((f"{month:%Y-%m}", row[AT["app_user"]]), [0, 0])
            into[0] += 1
            into[1] += cost.total
        users = _users(connection, {user for _, user in sums if user is not None})
        sealed = on_sealed_days(connection, provider, model)
    lines = [
        Line(month, users.get(user or 0), calls, in_dollars(nano) or Decimal(0))
        for (month, user), (calls, nano) in sums.items()
    ]
    return Preview(tuple(sorted(lines, key=lambda line: (line.month, -line.cost, line.user or ""))), unpriced, sealed)


def apply(ledger: Ledger, provider: str = "*", model: str = "*", *, by: str) -> Run:
    """Prices them, with all totals, traces and sessions, in one transaction. Raises `LedgerError` where none can be."""
    pricer = Pricer(ledger.book()[1])
    models = f"{provider}/{model}"

    def work(connection: Connection) -> Run:
        sealed_days.exclude_writers(connection)  # nobody prices, seals or completes the same rows meanwhile
        sql = "SELECT count(*) FROM audit WHERE action = 'price.apply'"
        number = 1 + connection.exec_driver_sql(sql).scalar_one()
        change, calls, nano = CostChanges(connection, ledger.dialect), 0, 0
        batch: list[tuple[Row, Cost]] = []
        for row, cost in priced_now(connection, ledger.dialect, pricer, provider, model):
            if cost.total is None:
                continue
            calls, nano = calls + 1, nano + cost.total
            batch.append((row, cost))
            if len(batch) >= SOME:
                change.price(batch, number)
                batch = []
        change.price(batch, number)
        if not calls:
            raise LedgerError(f"No unpriced call of {models} has a price now; nothing was changed.")
        change.store()
        detail = {"models": models, "calls": calls, "nano_dollars": nano}
        write_audit(connection, ledger.dialect, by, "price.apply", str(number), detail)
        return Run(number, time.time_ns() // 1_000, by, models, calls, in_dollars(nano) or Decimal(0))

    return ledger.transact(work)


def undo(ledger: Ledger, number: int, *, by: str) -> int:
    """Makes the calls that a pricing priced unpriced again, with all totals; returns how many.

    Calls whose rows retention has deleted since keep their cost. Raises `LedgerError` where there is no such pricing,
    or where it was undone before.
    """

    def work(connection: Connection) -> int:
        sealed_days.exclude_writers(connection)
        run = next((run for run in _runs(connection, ledger) if run.number == number), None)
        if run is None:
            raise LedgerError(f"There is no pricing {number}; `llmtrack prices runs` lists those there are.")
        if run.undone:
            raise LedgerError(f"Pricing {number} was undone before.")
        change, count, after = CostChanges(connection, ledger.dialect), 0, -1
        placeholder = ledger.dialect.placeholder
        while some := connection.exec_driver_sql(
            f"SELECT {', '.join(f'g.{column}' for column in COLUMNS)}, r.cost_reason, r.usage_details FROM repriced r "
            f"JOIN generation g ON g.id = r.generation WHERE r.run = {placeholder} AND r.generation > {placeholder} "
            f"ORDER BY r.generation LIMIT {SOME}",
            (number, after),
        ).fetchall():
            change.restore([(tuple(row[:-2]), row[-2], row[-1]) for row in some])
            count, after = count + len(some), some[-1][0]
        change.store()
        connection.exec_driver_sql(f"DELETE FROM repriced WHERE run = {placeholder}", (number,))
        write_audit(connection, ledger.dialect, by, "price.undo", str(number), {"models": run.models, "calls": count})
        return count

    return ledger.transact(work)


def runs(ledger: Ledger) -> tuple[Run, ...]:
    """Every pricing there was, the newest first."""
    with ledger.reading() as connection:
        return tuple(sorted(_runs(connection, ledger), key=lambda run: -run.number))


def _runs(connection: Connection, ledger: Ledger) -> list[Run]:
    sql = "SELECT action, subject, at, actor, detail FROM audit WHERE action IN ('price.apply', 'price.undo')"
    entries = connection.exec_driver_sql(sql).fetchall()
    undone = {subject for action, subject, *_ in entries if action == "price.undo"}
    load = ledger.dialect.from_json
    return [
        Run(int(subject), at, by, run["models"], run["calls"], in_dollars(run["nano_dollars"]) or Decimal(0),
            subject in undone)
        for action, subject, at, by, detail in entries if action == "price.apply" and (run := load(detail))
    ]  # fmt: skip


def _users(connection: Connection, wanted: set[int]) -> dict[int, str]:
    if not wanted:
        return {}
    users = connection.exec_driver_sql("SELECT id, user_id FROM app_user")
    return {id: name for id, name in users if id in wanted}
