"""Makes statements of closed billing cycles from the ledger, and keeps them as issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.billing.amounts import ExchangeRate, month_number
from llmtrack.billing.cycles import Cycle, Issued, cycles
from llmtrack.billing.statements.content import ZERO, Adjustment, Line, ModelTotal, Statement, decode, digest
from llmtrack.ids import new_id
from llmtrack.ledger import LedgerError
from llmtrack.ledger import statements as store
from llmtrack.ledger.lists import QUANTITIES, PricedUsage, priced_usage
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.periods import from_micros, to_micros
from llmtrack.settings import Settings, get_settings
from llmtrack.statuses import NOT_SPENT, CostStatus

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.query import Row

_TRIES = 5
"""How often a cycle is read anew because calls of it were recorded meanwhile."""
_COUNTED = ("cost", "generations", "messages", "unpriced", "simulated", "simulated_cost", "api_equivalent", *QUANTITIES)
_Model = tuple[str, str]


def own_cycles(
    ledger: Ledger, users: Sequence[str], count: int, *, settings: Settings | None = None, now: datetime | None = None
) -> tuple[Cycle, ...]:
    """The running billing cycle of a person and those before it, the latest first: issued ones as they were issued."""
    settings = settings or get_settings()
    issued = [Issued(one.since, one.until, one.id, one.timezone) for one in store.statements(ledger, users[:1])]
    return cycles(count, anchor_day=settings.billing_anchor_day, timezone=settings.timezone, issued=issued, now=now)


def issue(
    ledger: Ledger,
    users: Sequence[str],
    cycle: Cycle,
    *,
    by: str,
    settings: Settings | None = None,
    now: datetime | None = None,
) -> Statement:
    """Issues the statement of a closed cycle for a person, whose user ids are `users`, the first one first.

    Raises `LedgerError` where the cycle still runs, or has a statement already.
    """
    settings = settings or get_settings()
    moment = now or datetime.now(UTC)
    if not cycle.closed(moment):
        raise LedgerError(
            f"The cycle of {users[0]} runs until {cycle.period.until:%d %B %Y}: it can be issued after that."
        )
    from llmtrack.billing.statements.files import as_csv
    from llmtrack.billing.statements.pdf import as_pdf

    statement = draft(ledger, users, cycle, by=by, settings=settings, now=moment)
    content = statement.encode()
    own_digest = digest(content)
    pdf = as_pdf(statement, own_digest, settings.statement_font)
    record = store.StatementRecord(
        id=statement.number,
        user_id=statement.user_id,
        since=statement.since,
        until=statement.until,
        timezone=statement.timezone,
        issued_at=statement.issued_at,
        issued_by=by,
        digest=own_digest,
        content=content,
        pdf_digest=digest(pdf),
    )
    store.add_statement(ledger, record, csv=as_csv(statement, own_digest), pdf=pdf)
    return statement


def draft(
    ledger: Ledger, users: Sequence[str], cycle: Cycle, *, by: str, settings: Settings, now: datetime
) -> Statement:
    """The statement as it would be issued now."""
    usage, totals = _read(ledger, users, cycle)
    priced = [entry for entry in usage if entry.cost_status not in (*NOT_SPENT, CostStatus.UNPRICED)]
    lines = [_line(entry) for entry in priced]
    lines += _deleted(lines, totals)
    last_month = month_number(cycle.period.until - timedelta(microseconds=1))
    at = to_micros(now)
    unpriced = sum(row["unpriced"] for row in totals.values())
    calls = sum(_billable(row) for row in totals.values())
    return Statement(
        number=new_id(at),
        user_id=users[0],
        users=tuple(users),
        since=cycle.period.start,
        until=cycle.period.end,
        timezone=cycle.timezone,
        issued_at=at,
        issued_by=by,
        lines=tuple(sorted(lines, key=lambda line: (-line.cost, line.provider, line.model, str(line.price)))),
        models=tuple(_model_total(model, row) for model, row in sorted(totals.items())),
        not_billed=calls - unpriced - sum(line.calls for line in lines),
        simulated_calls=sum(row["simulated"] for row in totals.values()),
        simulated_cost=sum((row["simulated_cost"] or ZERO for row in totals.values()), ZERO),
        percent=settings.billing_markup_percent,
        adjustments=tuple(adjustments(ledger, users)),
        currency=settings.billing_currency,
        month=last_month,
        rate=exchange_rate(ledger, settings.billing_currency, last_month),
    )


def exchange_rate(ledger: Ledger, currency: str, month: int) -> ExchangeRate | None:
    """The rate an admin entered for a month; None where nobody did, and for US dollars."""
    if currency == "USD":
        return None
    for rate in store.rates(ledger, currency):
        if rate.month == month:
            return ExchangeRate(currency, month, Decimal(rate.rate), rate.entered_by, rate.entered_at)
    return None


def adjustments(ledger: Ledger, users: Sequence[str]) -> list[Adjustment]:
    """What changed in the cycles of this person's statements and is on none of them yet, by statement and model."""
    earlier = [decode(record.content) for record in store.statements(ledger, users[:1])]
    billed: defaultdict[tuple[int, _Model], list[Any]] = defaultdict(lambda: [0, ZERO])
    for statement in earlier:
        entries: list[ModelTotal | Adjustment] = [*statement.models, *statement.adjustments]
        for entry in entries:
            number = entry.statement if isinstance(entry, Adjustment) else statement.number
            so_far = billed[number, (entry.provider, entry.model)]
            so_far[0] += entry.calls
            so_far[1] += entry.cost
    changed = []
    for statement in sorted(earlier, key=lambda statement: statement.since):
        now = {
            model: (_billable(row), row["cost"] or ZERO)
            for model, row in model_totals(ledger, users, statement.since, statement.until, statement.timezone).items()
        }
        before = {model for number, model in billed if number == statement.number}
        for model in sorted(before | set(now)):
            calls, cost = now.get(model, (0, ZERO))
            calls, cost = calls - billed[statement.number, model][0], cost - billed[statement.number, model][1]
            if calls or cost:
                changed.append(
                    Adjustment(
                        statement.number, statement.since, statement.until, statement.timezone, *model,
                        calls, cost, statement.percent,
                    )
                )  # fmt: skip
    return changed


def model_totals(ledger: Ledger, users: Sequence[str], since: int, until: int, timezone: str) -> dict[_Model, Row]:
    """What the ledger counts for each model in a time (microseconds since 1970), as the usage page has it."""
    result = ask(
        ledger, _COUNTED, ["provider", "model"], since=from_micros(since, timezone), until=from_micros(until, timezone),
        timezone=timezone, where={"user": list(users)}, fill=False, max_rows=None,
    )  # fmt: skip
    return {(row["provider"] or "", row["model"] or ""): row for row in result}


def _read(ledger: Ledger, users: Sequence[str], cycle: Cycle) -> tuple[list[PricedUsage], Mapping[_Model, Row]]:
    """The rows by price and the totals by model, both of one moment: nothing was recorded between the two."""
    start, end = cycle.period.start, cycle.period.end
    before = model_totals(ledger, users, start, end, cycle.timezone)
    for _ in range(_TRIES):
        usage = priced_usage(
            ledger, since=cycle.period.since, until=cycle.period.until, timezone=cycle.timezone,
            where={"user": list(users)},
        )  # fmt: skip
        after = model_totals(ledger, users, start, end, cycle.timezone)
        if {model: dict(row) for model, row in before.items()} == {model: dict(row) for model, row in after.items()}:
            return usage, after
        before = after
    raise LedgerError(f"Calls of {users[0]} in this cycle are being recorded at this moment: try again in a minute.")


def _line(usage: PricedUsage) -> Line:
    quantities = {name: count for name, count in usage.quantities.items() if count}
    return Line(
        usage.provider, usage.model or "", usage.cost_status, usage.price, usage.calls, usage.messages, quantities,
        usage.parts, usage.cost,
    )  # fmt: skip


def _deleted(lines: Sequence[Line], totals: Mapping[_Model, Row]) -> list[Line]:
    """A line for what is in a model's total and in none of its rows, because these are deleted."""
    remaining = []
    for model, row in totals.items():
        own = [line for line in lines if (line.provider, line.model) == model]
        cost = (row["cost"] or ZERO) - sum((line.cost for line in own), ZERO)
        if not cost:
            continue
        quantities = {
            name: count
            for name in QUANTITIES
            if (count := (row[name] or 0) - sum(line.quantities.get(name, 0) for line in own)) > 0
        }
        calls = _billable(row) - row["unpriced"] - sum(line.calls for line in own)
        messages = row["messages"] - sum(line.messages for line in own)
        remaining.append(Line(*model, "totals", None, calls, messages, quantities, {}, cost))
    return remaining


def _billable(row: Row) -> int:
    """Calls that may have cost something: neither simulated nor paid for by a subscription."""
    calls: int = row["generations"] - row["simulated"] - row["api_equivalent"]
    return calls


def _model_total(model: _Model, row: Row) -> ModelTotal:
    return ModelTotal(*model, _billable(row), row["unpriced"], row["cost"] or ZERO)
