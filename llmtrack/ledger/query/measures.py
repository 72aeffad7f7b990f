"""What a metric can be made of: sums, ratios, percentiles, counts. Each is a value that says what has to be read.

Each kind also says whether it is `additive`: whether the values of the parts, split by time or by any dimension, add up
to the value of the whole. Only then may a chart stack them, or sum some of them up under one name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Unit = Literal["usd", "tokens", "seconds", "count", "ratio", "tokens_per_second", "score", "number"]
Condition = tuple[str, bool, tuple[str, ...]]
"""A dimension, whether its value is (True) or is not (False) among the words, and the words."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Columns of the rollups' measures, added up over the generations that all of `only` let through."""

    columns: tuple[str, ...]
    """A column after a minus sign is taken away."""
    only: tuple[Condition, ...] = ()

    def __init__(self, *columns: str, only: tuple[Condition, ...] = ()) -> None:
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "only", only)


@dataclass(frozen=True, slots=True)
class Total:
    """A sum. Where generations are `missing` from it and nothing is `known`, it is unknown, which is not 0."""

    sum: Sum
    missing: Sum | None = None
    known: Sum | None = None
    additive: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Ratio:
    """One metric divided by another; unknown where either is, or where the second is 0."""

    over: str
    under: str
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of a quantity over the generations that all of `only` let through."""

    of: Literal["duration", "time_to_first_token", "cost"]
    only: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Percentile:
    """The value that the share `q` of a distribution stays at or below (nearest rank), within 1 %, from sketches."""

    of: Distribution
    q: float
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different ones there were. One that is in two parts is counted in both and once in the whole."""

    of: Literal["user", "trace", "session"]
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class AcrossUsers:
    """Each user's own total of a metric; of these the mean (`q` None) or the percentile `q` (nearest rank, exact)."""

    of: str
    q: float | None = None
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class UsersWith:
    """How many users have a known total of a metric: those that `AcrossUsers` of it is taken over."""

    of: str
    additive: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Judged:
    """Feedback given in the time: how much of it (``count``), how much of it good (``good``)."""

    of: Literal["count", "good"]
    additive: ClassVar[bool] = False
    """A judgement of an interaction with calls of two models counts for both."""


Formula = Total | Ratio | Percentile | Distinct | AcrossUsers | UsersWith | Judged


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that can be asked about any stretch of time, split by any dimensions."""

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
    """Something that generations can be told apart by."""

    name: str
    column: str
    """Of `generation`, and of the rollups that have it."""
    words: str | None
    """The kind of `name` its numbers stand for; None where the column holds plain values or another table's ids."""
    doc: str
