"""The result of a query: typed rows in which unknown is not zero, or a DataFrame of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.periods import Period

if TYPE_CHECKING:
    import pandas as pd

Number = Decimal | float | int
"""US dollars are Decimals, counts and tokens are ints, everything divided is a float."""


class Row(Mapping[str, Any]):
    """A row of a result: ``row["model"]``, ``row["cost"]``. None is unknown, which is not 0."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"{name!r} was not asked for; this row has {', '.join(self._values)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"


@dataclass(frozen=True, slots=True)
class Money:
    """The parts of "$41.20, 12 of 3,400 calls unpriced"; see `money`."""

    cost: Decimal | None
    """Real cost in US dollars; None where calls were made and none of them has a known price."""
    unpriced: int
    """Calls whose cost nobody knows; it is missing from `cost`."""
    generations: int
    """All calls, those without a known price among them."""
    simulated: Decimal | None
    """Cost of the demo provider's calls at its stated demo price; never part of `cost`. None where it made none."""


MONEY = ("cost", "unpriced", "generations", "simulated_cost", "simulated")
"""The metrics to ask for when `money` is to be read off the rows."""


def money(row: Row) -> Money:
    """Cost with what it leaves out, from a row that was asked for the metrics `MONEY`."""
    simulated = row["simulated_cost"] if row["simulated"] else None
    return Money(row["cost"], row["unpriced"], row["generations"], simulated)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The rows of a query in order, with the totals over all of them."""

    rows: Sequence[Row]
    totals: Row
    """The same metrics over the whole query: distinct users and percentiles are counted anew, not added up."""
    by: tuple[str, ...]
    units: Mapping[str, str]
    """The unit of each metric: ``usd``, ``tokens``, ``seconds``, ``count``, ``ratio``, …"""
    period: Period | None
    """The time of the query; None where the query had no beginning."""
    timezone: str
    explain: str
    """Where the numbers were read (rollup or rows), and how many rows that meant, in a sentence or two."""
    warnings: tuple[str, ...] = ()
    """What is missing from the numbers because rows were deleted, in sentences."""
    additive: frozenset[str] = frozenset()
    """Those of the metrics whose parts add up to the whole: the others must be neither stacked nor summed up."""
    cut: int = 0
    """How many rows `limit` left out."""
    top: tuple[str | int | None, ...] = ()
    """With `top`: the values that have rows of their own, the largest first. Ask for the same ones by handing it on."""
    queries: int = field(default=0, compare=False)
    """How many statements were sent to the database."""

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        """Whether there is any row, be it one of zeros."""
        return bool(self.rows)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The former name of `warnings`."""
        return self.warnings

    def frame(self, *, exact: bool = False) -> pd.DataFrame:
        """The rows as a DataFrame. Dollars become floats, as charts want them, unless `exact` keeps the Decimals."""
        import pandas as pd

        columns: dict[str, list[Any]] = {name: [row[name] for row in self.rows] for name in (*self.by, *self.units)}
        if not exact:
            for name, unit in self.units.items():
                if unit == "usd":
                    columns[name] = [None if value is None else float(value) for value in columns[name]]
        frame = pd.DataFrame(columns)
        for name in ("hour", "day", "week", "month", "cycle"):
            if name in self.by:
                # Clock time without a zone: charts would move an aware one to the browser's zone.
                frame[name] = pd.to_datetime([row[name].replace(tzinfo=None) for row in self.rows])
        for name, unit in self.units.items():
            if unit != "usd" or not exact:
                frame[name] = pd.to_numeric(frame[name])
        return frame
