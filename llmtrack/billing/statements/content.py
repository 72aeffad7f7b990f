"""What a statement says: its lines, adjustments, markup and total, as JSON whose digest is printed on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from llmtrack.billing.amounts import ExchangeRate, markup
from llmtrack.ledger.periods import Period, from_micros

FORMAT = 1
"""Of the JSON; statements of every format can be read for ever."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """The calls to one model that were priced alike. Money is list dollars."""

    provider: str
    model: str
    cost_status: str
    """``exact``, ``estimated`` or ``provider_reported``; ``totals`` where only sums are left of it."""
    price: Mapping[str, Any] | None
    """The price applied: source, version, provider, model, tier, above, adjustment and rates."""
    calls: int
    messages: int
    quantities: Mapping[str, int]
    """Tokens and searches by the names of `llmtrack.ledger.lists.QUANTITIES`."""
    parts: Mapping[str, Decimal]
    """The cost by part; they add up to it. Empty where only sums are left."""
    cost: Decimal


@dataclass(frozen=True, slots=True)
class ModelTotal:
    """What the ledger counted for a model when the statement was issued, calls without a price included."""

    provider: str
    model: str
    calls: int
    unpriced: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What changed in an earlier cycle after its statement was issued, for one model."""

    statement: int
    since: int
    until: int
    timezone: str
    provider: str
    model: str
    calls: int
    """Calls recorded later, less those that are gone."""
    cost: Decimal
    """List dollars to add; negative where the cycle became cheaper."""
    percent: Decimal
    """The markup of that statement."""

    @property
    def amount(self) -> Decimal:
        """The amount charged for it, markup included."""
        return self.cost + markup(self.cost, self.percent)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a closed billing cycle. Times are microseconds since 1970, money is US dollars."""

    number: int
    user_id: str
    users: tuple[str, ...]
    """Every user id its calls were made under."""
    since: int
    until: int
    timezone: str
    issued_at: int
    issued_by: str
    lines: tuple[Line, ...]
    models: tuple[ModelTotal, ...]
    not_billed: int
    """Calls that cost nothing: failures and refusals."""
    simulated_calls: int
    simulated_cost: Decimal
    """What simulated calls would have cost; not part of any sum."""
    percent: Decimal
    """The markup."""
    adjustments: tuple[Adjustment, ...] = ()
    currency: str = "USD"
    month: int = 0
    """Whose exchange rate is taken: the month of the cycle's last day."""
    rate: ExchangeRate | None = None
    """None for US dollars, and where no admin entered one for the month."""

    @property
    def period(self) -> Period:
        """The cycle, on its clocks."""
        return Period(from_micros(self.since, self.timezone), from_micros(self.until, self.timezone))

    @property
    def list_total(self) -> Decimal:
        """The lines added up, in list dollars."""
        return sum((line.cost for line in self.lines), ZERO)

    @property
    def markup(self) -> Decimal:
        """What the markup adds to them."""
        return markup(self.list_total, self.percent)

    @property
    def adjusted(self) -> Decimal:
        """The adjustments added up, their markup included."""
        return sum((adjustment.amount for adjustment in self.adjustments), ZERO)

    @property
    def total(self) -> Decimal:
        """The amount of the statement."""
        return self.list_total + self.markup + self.adjusted

    @property
    def converted(self) -> Decimal | None:
        """The amount in the other currency; None without a rate."""
        return None if self.rate is None else self.rate.convert(self.total)

    @property
    def unpriced(self) -> int:
        """Calls that may have cost something nobody knows; they are in no amount."""
        return sum(model.unpriced for model in self.models)

    def encode(self) -> bytes:
        """The statement as it is kept and hashed: sums are written out beside what they are made of."""
        values = asdict(self) | {
            "format": FORMAT, "list_total": self.list_total, "markup": self.markup, "adjusted": self.adjusted,
            "total": self.total, "converted": self.converted,
        }  # fmt: skip
        return json.dumps(values, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


def digest(content: bytes) -> str:
    """The SHA-256 of a statement's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes) -> Statement:
    """The statement of its content. Raises ValueError where that is none of ours."""
    values = json.loads(content)
    if values.get("format") != FORMAT:
        raise ValueError(f"A statement of format {values.get('format')!r}: a later version of llmtrack can read it.")
    values["lines"] = [
        Line(**{**line, "parts": _money(line["parts"])}) for line in _with_money(values["lines"], "cost")
    ]
    values["models"] = [ModelTotal(**model) for model in _with_money(values["models"], "cost")]
    values["adjustments"] = [Adjustment(**entry) for entry in _with_money(values["adjustments"], "cost", "percent")]
    if values["rate"] is not None:
        values["rate"] = ExchangeRate(**values["rate"] | {"rate": Decimal(values["rate"]["rate"])})
    values |= {name: Decimal(values[name]) for name in ("percent", "simulated_cost")}
    values |= {name: tuple(values[name]) for name in ("users", "lines", "models", "adjustments")}
    return Statement(**{field.name: values[field.name] for field in fields(Statement)})


def sums_of(content: bytes) -> dict[str, Decimal]:
    """The sums as they are written in the content, to be compared with those of its parts."""
    values = json.loads(content)
    return {name: Decimal(values[name]) for name in ("list_total", "markup", "adjusted", "total")}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{value!r} has no place in a statement.")


def _money(values: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


def _with_money(entries: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{**entry, **{name: Decimal(entry[name]) for name in names}} for entry in entries]
