"""The formulas of metrics: measures, ratios, percentiles, counts. Each is a value that says what has to be read.

Each kind also says whether it is `additive`: whether the values of the parts, split by time or by any dimension, add up
to the value of the whole. Only then may a chart stack them, or sum some of them up under one name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Unit = Literal["usd", "tokens", "seconds", "count", "ratio", "tokens_per_second", "score", "number"]
Condition = tuple[str, bool, tuple[str, ...]]
"""A dimension, whether its value must be (True) or must not be (False) one of the names, and the names."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Columns of the rollups, added up over the generations that meet all conditions of `only`."""

    columns: tuple[str, ...]
    """A column after a minus sign is subtracted."""
    only: tuple[Condition, ...] = ()

    def __init__(self, *columns: str, only: tuple[Condition, ...] = ()) -> None:
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "only", only)


@dataclass(frozen=True, slots=True)
class Measure:
    """A sum that knows what it leaves out: unknown where generations are `missing` from it and none is `present`.

    Unknown is None, not 0.
    """

    sum: Sum
    missing: Sum | None = None
    """Counts the generations whose value is unknown."""
    present: Sum | None = None
    """Not 0 where any value is known."""
    additive: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Ratio:
    """One metric divided by another; unknown where either is, or where the second is 0."""

    over: str
    under: str
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Combination:
    """Two metrics added, subtracted or multiplied; unknown where either is."""

    left: str
    operator: Literal["+", "-", "*"]
    right: str
    additive: bool
    """Sums and differences of what adds up do so, too."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of a column over the generations that meet all conditions of `only`."""

    of: Literal["duration", "time_to_first_token", "cost"]
    only: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Percentile:
    """The value that the share `q` of a distribution stays at or below (nearest rank), within 1 %, from sketches."""

    of: Distribution
    q: float
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CountDistinct:
    """The number of different users, traces or sessions. One that is in two parts counts once in the whole."""

    of: Literal["user", "trace", "session"]
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class PerUser:
    """A measure's total for each user; of these the mean (`q` None) or the percentile `q` (nearest rank, exact)."""

    of: str
    q: float | None = None
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class UsersWith:
    """The number of users whose total of a measure is known: those that `PerUser` of it is taken over."""

    of: str
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """The number of judgements given in the time: all of them (``all``), or those that say it was good (``good``)."""

    of: Literal["all", "good"]
    additive: ClassVar[bool] = False
    """Not additive: a judgement of an interaction with calls of two models counts for both."""


Formula = Measure | Ratio | Combination | Percentile | CountDistinct | PerUser | UsersWith | FeedbackCount


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that can be queried for any period, split by any dimensions."""

    name: str
    unit: Unit
    formula: Formula
    doc: str
    """What it means, in a sentence, and where the definition comes from."""

    @property
    def additive(self) -> bool:
        """Whether the values of the parts add up to the value of the whole."""
        return self.formula.additive


@dataclass(frozen=True, slots=True)
class Dimension:
    """An attribute of generations that queries filter and split by."""

    name: str
    column: str
    """Of `generation`, and of the rollups that have it."""
    name_kind: str | None
    """The kind of `name` that the column's ids refer to; None where it holds plain values or another table's ids."""
    doc: str
