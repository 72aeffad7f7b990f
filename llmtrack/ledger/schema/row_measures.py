"""What one generation adds to each sum kept beside the rows. Each rule is one value, which yields Python and SQL.

The Python form reads a row as the write path has it, a tuple; the SQL form reads a row called ``g``. Words are compared
by the numbers that a ledger has for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llmtrack.pricing.reasons import NOTHING_BILLED, Reason
from llmtrack.statuses import ANSWERED, BILLED, NOT_SPENT, CostStatus, Status

Row = tuple[Any, ...]
IdOf = Callable[[str, str], int]
"""The number of a word, given with its kind; -1 for a word the ledger has never met."""
Words = tuple[str, bool, tuple[str, ...]]
"""A column, whether its word is (True) or is not (False) among the words, and the words."""


@dataclass(frozen=True, slots=True)
class RowCondition:
    """Which rows count: those for which all of this holds."""

    words: tuple[Words, ...] = ()
    present: tuple[str, ...] = ()
    """Columns that are not NULL."""
    unknown: tuple[str, ...] = ()
    """Columns that are NULL."""
    more: tuple[str, str] | None = None
    """The first of these columns is more than the second, which is 0 where it is NULL; `present` has the first."""

    def test(self, id_of: IdOf, at: Mapping[str, int]) -> Callable[[Row], bool]:
        """The condition in Python; `at` says at which place of a row each column is."""
        filled, absent = [at[column] for column in self.present], [at[column] for column in self.unknown]
        more = None if self.more is None else (at[self.more[0]], at[self.more[1]])
        words = [
            (at[column], among, frozenset(id_of(column, word) for word in texts)) for column, among, texts in self.words
        ]

        def holds(row: Row) -> bool:
            for place in absent:
                if row[place] is not None:
                    return False
            for place in filled:
                if row[place] is None:
                    return False
            for place, among, ids in words:
                if (row[place] in ids) is not among:
                    return False
            return more is None or row[more[0]] > (row[more[1]] or 0)

        return holds

    def sql(self, id_of: IdOf) -> str:
        """The condition in SQL."""
        tests = [f"g.{column} IS NULL" for column in self.unknown]
        tests += [f"g.{column} IS NOT NULL" for column in self.present]
        if self.more is not None:
            tests.append(f"g.{self.more[0]} > COALESCE(g.{self.more[1]}, 0)")
        for column, among, texts in self.words:
            ids = ", ".join(str(id_of(column, word)) for word in texts)
            tests.append(f"g.{column} IN ({ids})" if among else f"COALESCE(g.{column}, 0) NOT IN ({ids})")
        return " AND ".join(tests)


MESSAGE = RowCondition((("operation", True, ("chat",)), ("status", True, BILLED)))
"""What a person calls a message: a chat generation that the provider answered at least in part."""
ERROR = RowCondition((("status", True, (Status.ERROR.value,)),))
SIMULATED = RowCondition((("cost_status", True, (CostStatus.SIMULATED.value,)),))
EQUIVALENT = RowCondition((("cost_status", True, (CostStatus.API_EQUIVALENT.value,)),))
REAL = RowCondition((("cost_status", False, NOT_SPENT),))
UNPRICED = RowCondition(
    (*REAL.words, ("cost_reason", False, tuple(sorted(reason.value for reason in NOTHING_BILLED)))), unknown=("cost",)
)
"""May have cost something and nobody knows what. A failure without usage may not, nor may a simulated call
or one that a subscription paid for."""
USAGE_MISSING = RowCondition((*REAL.words, ("cost_reason", True, (Reason.USAGE_MISSING.value,))), unknown=("cost",))
"""Unpriced for want of usage rather than of a price."""


WRITTEN = RowCondition(
    (("status", True, ANSWERED),), present=("output_tokens", "duration"), more=("duration", "time_to_first_token")
)
"""Answers whose output and whose time of writing, the duration less the time to first token, are known."""
EVERY = RowCondition()


@dataclass(frozen=True, slots=True)
class RowMeasure:
    """What a row adds to a sum: the value of a column (NULL adds 0), or 1 where no column is named."""

    column: str | None = None
    only: RowCondition = EVERY
    """Other rows add 0."""
    less: str | None = None
    """A column that is taken off the value; `column` is known then."""

    def value(self, id_of: IdOf, at: Mapping[str, int]) -> Callable[[Row], int]:
        """The measure in Python; `at` says at which place of a row each column is."""
        if self.column is None and self.only == RowCondition(unknown=self.only.unknown[:1]) != EVERY:
            known = at[self.only.unknown[0]]
            return lambda row: 1 if row[known] is None else 0
        if self.column is None and self.only == RowCondition(present=self.only.present[:1]) != EVERY:
            known = at[self.only.present[0]]
            return lambda row: 0 if row[known] is None else 1
        counts = self.only.test(id_of, at)
        if self.column is None:
            return (lambda row: 1) if self.only is EVERY else (lambda row: 1 if counts(row) else 0)
        place = at[self.column]
        if self.less is not None:
            off = at[self.less]
            return lambda row: row[place] - (row[off] or 0) if counts(row) else 0
        if self.only is EVERY:
            return lambda row: row[place] or 0
        return lambda row: (row[place] or 0) if counts(row) else 0

    def sql(self, id_of: IdOf) -> str:
        """The measure in SQL."""
        value = "1" if self.column is None else f"COALESCE(g.{self.column}, 0)"
        if self.less is not None:
            value = f"{value} - COALESCE(g.{self.less}, 0)"
        condition = self.only.sql(id_of)
        return f"CASE WHEN {condition} THEN {value} ELSE 0 END" if condition else value


_RULES = {
    "generations": RowMeasure(),
    "input_unknown": RowMeasure(only=RowCondition(unknown=("input_tokens",))),
    "output_unknown": RowMeasure(only=RowCondition(unknown=("output_tokens",))),
    "unpriced": RowMeasure(only=UNPRICED),
    "usage_missing": RowMeasure(only=USAGE_MISSING),
    "timed": RowMeasure(only=RowCondition(present=("duration",))),
    "first_tokens": RowMeasure(only=RowCondition(present=("time_to_first_token",))),
    "speed_tokens": RowMeasure("output_tokens", only=WRITTEN),
    "speed_time": RowMeasure("duration", only=WRITTEN, less="time_to_first_token"),
}


def rollup_measure(name: str) -> RowMeasure:
    """The rule of a measure of the rollups: most are the sum of the column of `generation` that has their name."""
    return _RULES.get(name) or RowMeasure(name)


def has_rule(name: str) -> bool:
    """Whether a measure is more than the sum of the column of its name."""
    return name in _RULES


TRACE_MEASURES: Mapping[str, RowMeasure] = {
    "generations": RowMeasure(),
    "errors": RowMeasure(only=ERROR),
    "input_tokens": RowMeasure("input_tokens"),
    "output_tokens": RowMeasure("output_tokens"),
    "cost": RowMeasure("cost", only=REAL),
    "simulated_cost": RowMeasure("cost", only=SIMULATED),
    "unpriced": RowMeasure(only=UNPRICED),
}
"""What traces and sessions sum up in their own rows."""
