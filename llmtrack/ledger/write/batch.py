"""Writing a batch of records in one transaction: rows, texts, totals, everything or nothing."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database import full_text
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.ledger.write import sealed_days, spans_and_feedback
from llmtrack.ledger.write.background_responses import find_begun, is_open, write_one
from llmtrack.ledger.write.generation_row import AT, COLUMNS, Row, intern_all, row_of, text_of
from llmtrack.ledger.write.interning import Interning, Remembered
from llmtrack.ledger.write.presence import remark
from llmtrack.ledger.write.pseudonyms import anonymous
from llmtrack.ledger.write.rollup_delta import CountingRules, RollupDelta
from llmtrack.ledger.write.trace_totals import TraceDelta

_LOW = 0xFFF


Texts = dict[int, tuple[str | None, str | None, str | None]]
"""Input, output and error message, ready to be written, by the identity of the record."""


def texts_of(records: Sequence[Record]) -> Texts:
    """What was said in `records`."""
    return {
        id(record): text
        for record in records
        if isinstance(record, Generation) and (text := text_of(record)) is not None
    }


class Batch:
    """What is being written in one transaction."""

    def __init__(self, connection: Connection, dialect: Dialect, remembered: Remembered, told: Texts) -> None:
        self.connection = connection
        self._told = told
        self.dialect = dialect
        self.known = Interning(connection, dialect, remembered)
        self.moved: list[Row] = []
        """Rows replaced by others, whose marks may be wrong now."""
        self._totals: RollupDelta | None = None
        self._interactions: TraceDelta | None = None
        self._texts: list[Row] = []

    def write(self, records: Sequence[Record]) -> None:
        """Writes all records with what they add to the totals."""
        records = anonymous(self.connection, records)
        generations = [record for record in records if isinstance(record, Generation)]
        intern_all(generations, self.known)
        spans_and_feedback.intern_links(records, self.known)
        rules = CountingRules(self.known.names)
        self._totals, self._interactions = RollupDelta(rules), TraceDelta(rules)
        self._write_generations(generations)
        self._interactions.add_spans(record for record in records if isinstance(record, Span))
        edge = sealed_days.edge(self.connection)
        self._totals.store(self.connection, self.dialect, edge)
        sealed = sealed_days.sealed_among(self.connection, self._totals.days(), edge)
        for row in self.moved:
            remark(self.connection, self.dialect, rules, row)
        self._interactions.store(self.connection, self.dialect, self.known)
        full_text.store(self.connection, self.dialect, self._texts)
        for day in sealed:
            # A journal came in late: it counts, but its rows are as gone as the others of that day.
            sealed_days.remove_rows(self.connection, self.dialect, day)
            sealed_days.seal(self.connection, self.dialect, day)
        spans_and_feedback.write_spans([record for record in records if isinstance(record, Span)], self)
        spans_and_feedback.write_identities([record for record in records if isinstance(record, Identity)], self)
        spans_and_feedback.write_feedback([record for record in records if isinstance(record, Feedback)], self)

    def _write_generations(self, generations: Sequence[Generation]) -> None:
        rows = [row_of(g, self.known) for g in generations]
        place = (AT["provider"], AT["response_id"])
        keys = [(row[place[0]], row[place[1]]) for row in rows if row[place[1]] is not None]
        begun = find_begun(self.connection, self.dialect, keys)
        later: set[tuple[Any, Any]] = {
            key for g, row in zip(generations, rows, strict=True) if is_open(g) or g.settles
            if (key := (row[place[0]], row[place[1]]))
        } | set(begun)  # fmt: skip
        plain = [
            (g, row)
            for g, row in zip(generations, rows, strict=True)
            if not later or (row[place[0]], row[place[1]]) not in later
        ]
        for (g, _), row in zip(plain, self.insert_rows([row for _, row in plain]), strict=True):
            self.add_text(g, row[0])
            self.count(row)
        if later:
            for g, row in zip(generations, rows, strict=True):
                if (row[place[0]], row[place[1]]) in later:
                    write_one(self, g, row)

    def insert_one(self, g: Generation, row: Row) -> int:
        """Inserts a generation and counts it; returns its id."""
        (placed,) = self.insert_rows([row])
        self.add_text(g, placed[0])
        self.count(placed)
        return int(placed[0])

    def insert_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Inserts rows of `generation` and returns them, some with another id because theirs was taken."""
        if not rows:
            return []
        rows = _apart(rows, set())
        while True:
            try:
                with self.connection.begin_nested():
                    self.dialect.bulk_insert(self.connection, "generation", COLUMNS, rows)
            except self.dialect.duplicates():
                taken = {row[0] for row in self._existing(rows)}
                if not taken:
                    raise
                rows = _apart(rows, taken)
            else:
                return rows

    def _existing(self, rows: Sequence[Row]) -> Iterable[tuple[int, ...]]:
        return self.dialect.select_by_key(self.connection, "generation", ("id",), ("id",), [(row[0],) for row in rows])

    def add_text(self, g: Generation, id: int) -> None:
        """Keeps what was said in a generation, if anything was kept."""
        if (text := self._told.get(builtins.id(g))) is not None:
            self._texts.append((id, *text))

    def count(self, row: Row, sign: int = 1) -> None:
        """Adds a row to all totals, or takes it away."""
        assert self._totals is not None
        assert self._interactions is not None  # both made in `write`
        self._totals.add(row, sign)
        self._interactions.add(row, sign)


def _apart(rows: Sequence[Row], taken: set[int]) -> list[Row]:
    """The rows, each with an id of its own that is not `taken`: the next free one in the same microsecond."""
    used = set(taken)
    apart: list[Row] = []
    for row in rows:
        id = begun = row[0]
        while id in used:
            step = id & ~_LOW | (id + 1) & _LOW
            if step == begun:  # that microsecond is full
                step = begun = ids.first_at(ids.started_at(id) + 1)
            id = step
        used.add(id)
        apart.append(row if id == row[0] else (id, *row[1:]))
    return apart
