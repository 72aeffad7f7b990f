"""Reading what a question needs: for each kind of number the tables that have it, cut along their slots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.periods import Period, buckets, from_micros
from llmtrack.ledger.query import catalog, sql_distinct
from llmtrack.ledger.query.context import look
from llmtrack.ledger.query.measures import Distribution, Sum
from llmtrack.ledger.query.names import texts_of
from llmtrack.ledger.query.planner import (
    DISTRIBUTIONS,
    TOTALS,
    Extent,
    Part,
    Piece,
    choose,
    cut,
    reason,
    rounded,
    sealed,
)
from llmtrack.ledger.query.query import Question
from llmtrack.ledger.query.sql_filters import Scope
from llmtrack.ledger.query.sql_sums import DAY_USER_SUMS, Key, Sums, read_sums
from llmtrack.ledger.schema.rollups import DAY_USER, Rollup

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_BY_TABLE = ("user", "session", "trace")


class TooManyRows(LedgerError):
    """The question would have to read more generations than allowed; the message says how many, why and the way out."""

    def __init__(self, rows: int, allowed: int, reason: str, what: str = "generations") -> None:
        self.rows = rows
        self.allowed = allowed
        self.reason = reason
        self.what = what
        super().__init__(
            f"This question has to read {rows:,} {what} one by one, because {reason}; "
            f"{allowed:,} are allowed: ask about a shorter time or one user, or allow more."
        )


class Reader:
    """One question at one moment of the ledger."""

    def __init__(self, view: Snapshot, ledger: Ledger, question: Question, max_rows: int | None, judged: bool) -> None:
        self.view = view
        self.question = question
        self._max_rows = max_rows
        self._notes: list[str] = []
        self.remarks: list[str] = []
        """What whoever reads the answer has to know."""
        self.words, self.extent = look(view, ledger)
        self.scope = Scope(view, self.words, question.where, question.dimensions)
        self._since, self._until = self._bounds(judged)
        self.buckets: list[Period] = []
        if question.grain and self._since < self._until:
            self.buckets = buckets(self._since, self._until, question.grain, question.timezone, question.anchor_day)

    @property
    def period(self) -> Period:
        """The time asked about."""
        zone = self.question.timezone
        return Period(from_micros(self._since, zone), from_micros(self._until, zone))

    def sums(self, sums: Sequence[Sum]) -> Sums:
        """Each sum by bucket and dimensions."""
        return self._sums(self.scope, sums)

    def user_sums(self, sums: Sequence[Sum]) -> dict[Key, dict[int, list[int]]]:
        """Each sum by bucket and dimensions, then by user."""
        scope = Scope(self.view, self.words, self.question.where, (*self.question.dimensions, "user"))
        found: dict[Key, dict[int, list[int]]] = {}
        for key, values in self._sums(scope, sums).items():
            found.setdefault(key[:-1], {})[int(str(key[-1]))] = values
        return found

    def distribution(self, of: Distribution) -> Mapping[Key, Any]:
        """The distribution of a quantity by bucket and dimensions."""
        from llmtrack.ledger.query.sql_percentiles import read_distribution

        needed = self.scope.columns | {catalog.DIMENSIONS[name].column for name, _, _ in of.only}
        chain = choose(DISTRIBUTIONS, needed, self.scope.fixed)
        rollups = chain.rollups if chain else ()
        why = reason(DISTRIBUTIONS, self.scope.columns)
        parts, rows = self._cut(f"{of.of} percentiles", rollups, rollups, why, rounding=True)
        return read_distribution(self.scope, of, parts, rows)

    def merged(self, distributions: Mapping[Key, Any]) -> Any:
        """All distributions as one."""
        from llmtrack.ledger.query.sql_percentiles import merged

        return merged(distributions)

    def distinct(self, of: str, *, divided: bool = True) -> Mapping[Key, int]:
        """How many different users, traces or sessions there were, by bucket and dimensions or altogether."""
        scope = self.scope if divided else Scope(self.view, self.words, self.question.where, ())
        if of == "user":
            return sql_distinct.users(scope, partial(self._cut, divided=divided))
        known = scope.columns <= sql_distinct.TOLD_BY[of]
        rows = [] if known else [Piece(*span) for span in self._spans(divided)]
        self._note_rows(f"{of}s", f"the table {of}", rows, f"{of}s are told apart by their generations")
        return sql_distinct.begun(scope, self._spans(divided), of)

    def judged(self, *, divided: bool = True) -> Sums:
        """Feedback, and good feedback, by bucket and dimensions or altogether."""
        scope = self.scope if divided else Scope(self.view, self.words, self.question.where, ())
        rows = [Piece(*span) for span in self._spans(divided)] if scope.columns else []
        self._remark_gone(rows, (), "judgements are told apart by generations")
        return sql_distinct.judged(scope, self._spans(divided))

    def names(self, groups: Iterable[Key]) -> dict[Key, tuple[Any, ...]]:
        """What the numbers in the groups of the answer stand for."""
        wanted = set(groups)
        tables = {
            name: texts_of(self.view, name, {int(str(group[at])) for group in wanted if group[at]})
            for at, name in enumerate(self.question.dimensions)
            if name in _BY_TABLE
        }
        return {
            group: tuple(self._name(name, group[at], tables) for at, name in enumerate(self.question.dimensions))
            for group in wanted
        }

    def explain(self) -> str:
        """Where the numbers came from."""
        return "; ".join(dict.fromkeys(self._notes)) or "nothing to read"

    def _name(self, name: str, id: Any, tables: Mapping[str, Mapping[int, str]]) -> Any:
        if name in tables:
            return tables[name].get(id)
        if catalog.dimension(name).words:
            return self.words.text(id)
        return id

    def _sums(self, scope: Scope, sums: Sequence[Sum]) -> Sums:
        needed = scope.columns | {catalog.DIMENSIONS[name].column for each in sums for name, _, _ in each.only}
        chain = choose(TOTALS, needed, scope.fixed)
        rollups, finer = (chain.live, chain.rollups) if chain else ((), ())
        if scope.columns == {"app_user"} and "app_user" not in scope.fixed and all(s in DAY_USER_SUMS for s in sums):
            rollups = (DAY_USER,)
        parts, rows = self._cut("totals", rollups, finer, reason(TOTALS, needed), rounding=True)
        return read_sums(scope, sums, parts, rows)

    def _cut(
        self,
        what: str,
        rollups: Sequence[Rollup],
        finer: Sequence[Rollup],
        why: str,
        *,
        divided: bool = True,
        rounding: bool = False,
    ) -> tuple[list[Part], list[Piece]]:
        """What to read from `rollups` and what from rows or, where these are gone, from `finer` rollups instead.

        `rounding`: slots may be read whole and rows taken away from them again, where these are fewer.
        """
        parts, left = cut(self._spans(divided), rollups, self.extent)
        instead, rows = sealed(left, finer, self.extent)
        self._remark_gone(left, finer, why)
        if rounding:
            parts, rows = rounded(parts, rows, rollups)
        parts += instead
        self._note_rows(what, ", ".join(map(str, parts)), rows, why)
        return parts, rows

    def _remark_gone(self, rows: Sequence[Piece], finer: Sequence[Rollup], why: str) -> None:
        """Says what it means that rows which would be read are gone."""
        edge = self.extent.sealed_until if self.extent else 0
        slot = finer[-1].length if finer else 0
        if all(piece.start >= edge or (slot and not piece.start % slot and not piece.end % slot) for piece in rows):
            return
        until = from_micros(edge).date()
        told = f"Generations before {until} are not counted in all of this: their rows are deleted, and {why}."
        if finer:
            told = f"Before {until} rows are deleted: what was cut within a slot there counts where the slot begins."
        if told not in self.remarks:
            self.remarks.append(told)

    def _spans(self, divided: bool = True) -> list[tuple[int, int, int]]:
        if self.question.grain and divided:
            clipped = ((max(p.start, self._since), min(p.end, self._until)) for p in self.buckets)
            return [(number, *span) for number, span in enumerate(clipped)]
        return [(0, self._since, self._until)] if self._since < self._until else []

    def _bounds(self, judged: bool) -> tuple[int, int]:
        """The time asked about; left open it ends with the latest generation, or judgement if these are asked for."""
        known = self.extent or Extent(0, 0, 0)
        since = known.first if self.question.since is None else self.question.since
        if self.question.until is not None:
            return since, max(since, self.question.until)
        last = known.last
        if judged and self.extent:
            last = max(last, self.view.one("SELECT COALESCE(MAX(at), 0) FROM feedback")[0])
        return since, max(since, last + 1)

    def _note_rows(self, what: str, said: str, rows: Sequence[Piece], why: str) -> None:
        """Says where something is read; refuses what would read too many rows."""
        if rows:
            count = sql_distinct.rows_within(self.view, self.scope, rows)
            if self._max_rows is not None and count > self._max_rows:
                raise TooManyRows(count, self._max_rows, why)
            said += f"{', ' if said else ''}at most {count:,} rows"
        self._notes.append(f"{what} from {said or 'nothing'}")
