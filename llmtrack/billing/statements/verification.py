"""Checks a statement: that it is as it was issued, that it adds up, and what the ledger counts for its cycle today."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.billing.statements.content import ZERO, Statement, decode, digest, sums_of
from llmtrack.billing.statements.files import as_csv
from llmtrack.billing.statements.issuing import model_totals
from llmtrack.ledger import statements as store
from llmtrack.ledger.lists import priced_usage
from llmtrack.statuses import NOT_SPENT

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

_Model = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A model for which the ledger counts something else today than when the statement was issued."""

    provider: str
    model: str
    calls: int
    """More calls than then; negative where there are fewer."""
    cost: Decimal
    """More list dollars than then."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking a statement showed."""

    statement: Statement
    faults: tuple[str, ...]
    """What does not hold, in sentences: it is not what was issued. Empty where all is well."""
    added: int
    """Calls whose rows were added up again."""
    matching: int
    """Models whose rows add up to what the statement says, to the nano-dollar."""
    without_rows: tuple[tuple[_Model, int], ...]
    """Models with calls whose rows are deleted, and how many: their totals were compared instead."""
    differences: tuple[Difference, ...]
    """What changed since; the next statement carries it as an adjustment."""

    @property
    def holds(self) -> bool:
        """Whether the statement is what was issued and adds up."""
        return not self.faults


def verify(ledger: Ledger, id: int) -> Verification:
    """Checks a statement against itself and against the ledger. Raises `LedgerError` where there is none."""
    record = store.statement(ledger, id)
    statement = decode(record.content)
    totals = {
        model: (row["generations"] - row["simulated"] - row["api_equivalent"], row["unpriced"], row["cost"] or ZERO)
        for model, row in model_totals(
            ledger, statement.users, statement.since, statement.until, statement.timezone
        ).items()
    }
    rows: Counter[_Model] = Counter()
    costs: defaultdict[_Model, Decimal] = defaultdict(lambda: ZERO)
    period = statement.period
    for usage in priced_usage(
        ledger, since=period.since, until=period.until, timezone=statement.timezone,
        where={"user": list(statement.users)},
    ):  # fmt: skip
        if usage.cost_status not in NOT_SPENT:
            rows[usage.provider, usage.model or ""] += usage.calls
            costs[usage.provider, usage.model or ""] += usage.cost
    issued = {(entry.provider, entry.model): (entry.calls, entry.cost) for entry in statement.models}
    without_rows = {model: calls - rows[model] for model, (calls, _, _) in totals.items() if calls > rows[model]}
    matching = sum(
        calls == rows[model] and cost == costs[model]
        for model, (calls, cost) in issued.items()
        if model not in without_rows
    )
    return Verification(
        statement,
        tuple(_faults(ledger, record, statement)),
        rows.total(),
        matching,
        tuple(sorted(without_rows.items())),
        tuple(_differences(issued, {model: (calls, cost) for model, (calls, _, cost) in totals.items()})),
    )


def _faults(ledger: Ledger, record: store.StatementRecord, statement: Statement) -> list[str]:
    faults = []
    if digest(record.content) != record.digest:
        faults.append(f"Its content was changed: its SHA-256 is not the {record.digest} that was issued and printed.")
    own = {"list_total": statement.list_total, "markup": statement.markup, "adjusted": statement.adjusted,
           "total": statement.total}  # fmt: skip
    for name, value in sums_of(record.content).items():
        if own[name] != value:
            faults.append(f"Its {name.replace('_', ' ')} says ${value:f}, but its lines add up to ${own[name]:f}.")
    by_model: defaultdict[_Model, Decimal] = defaultdict(lambda: ZERO)
    for line in statement.lines:
        by_model[line.provider, line.model] += line.cost
        if line.parts and sum(line.parts.values(), ZERO) != line.cost:
            faults.append(f"The parts of a line of {line.model} do not add up to its ${line.cost:f}.")
    faults += [
        f"Its lines of {entry.model} add up to ${by_model[entry.provider, entry.model]:f}, not to ${entry.cost:f}."
        for entry in statement.models
        if by_model[entry.provider, entry.model] != entry.cost
    ]
    if store.statement_file(ledger, record.id, "csv") != as_csv(statement, record.digest):
        faults.append("Its CSV file is not the one that was issued.")
    pdf = store.statement_file(ledger, record.id, "pdf")
    as_issued = pdf.startswith(b"%PDF-") if record.pdf_digest is None else digest(pdf) == record.pdf_digest
    if not as_issued:
        faults.append("Its PDF file is not the one that was issued.")
    return faults


def _differences(
    issued: Mapping[_Model, tuple[int, Decimal]], today: Mapping[_Model, tuple[int, Decimal]]
) -> Sequence[Difference]:
    models = sorted({*issued, *today})
    nothing = (0, ZERO)
    changes = (
        Difference(
            *model,
            today.get(model, nothing)[0] - issued.get(model, nothing)[0],
            today.get(model, nothing)[1] - issued.get(model, nothing)[1],
        )
        for model in models
    )
    return [change for change in changes if change.calls or change.cost]
