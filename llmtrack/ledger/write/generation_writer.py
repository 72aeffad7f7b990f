"""Inserting generations: each row under an id of its own, with its text, counted in all totals."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database import full_text
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import CallHold, Entry, Generation
from llmtrack.ledger.write.generation_row import COLUMNS, Row, text_of
from llmtrack.ledger.write.limit_counters import LimitCounters
from llmtrack.ledger.write.rollup_delta import CountingRules, RollupDelta
from llmtrack.ledger.write.trace_totals import TraceDelta

_LOW = 0xFFF

Texts = dict[int, tuple[str | None, str | None, str | None]]
"""Input, output and error message, ready to be written, by the identity of the record."""


def put_text(texts: Texts, record: Entry) -> bool:
    """Puts the text of a record into `texts`; whether it has one."""
    if not isinstance(record, Generation) or (text := text_of(record)) is None:
        return False
    texts[id(record)] = text
    return True


class GenerationWriter:
    """Rows of `generation` that are written in one transaction, and what they add to the totals."""

    def __init__(self, connection: Connection, dialect: Dialect, rules: CountingRules, texts: Texts) -> None:
        self.connection = connection
        self.dialect = dialect
        self.rollups, self.traces = RollupDelta(rules), TraceDelta(rules)
        self.limits = LimitCounters(connection, dialect)
        self.replaced: list[Row] = []
        """Rows that others took the place of; the presence bits they set may be wrong now."""
        self._texts = texts
        self._text_rows: list[Row] = []

    def insert_one(self, g: Generation, row: Row) -> int:
        """Inserts a generation and counts it; returns its id."""
        (placed,) = self.insert_rows([row])
        self.add_text(g, placed[0])
        self.count(placed, hold=g.hold)
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
        """Writes the text of a generation at the end, if there is one to be kept."""
        if (text := self._texts.get(builtins.id(g))) is not None:
            self._text_rows.append((id, *text))

    def count(self, row: Row, sign: int = 1, hold: CallHold | None = None) -> None:
        """Adds a row to all totals, or with `sign` -1 takes it away; what its call held ends."""
        self.rollups.add(row, sign)
        self.traces.add(row, sign)
        self.limits.add(row, sign, hold)

    def store_texts(self) -> None:
        """Writes the texts of all generations."""
        full_text.store(self.connection, self.dialect, self._text_rows)


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
