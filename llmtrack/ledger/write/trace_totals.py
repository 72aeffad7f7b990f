"""What a trace and a session cost so far, kept in their own rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Span
from llmtrack.ledger.schema.row_measures import TRACE_MEASURES
from llmtrack.ledger.write.generation_row import AT, Row, moment
from llmtrack.ledger.write.interning import Interning, fitted
from llmtrack.ledger.write.rollup_delta import CountingRules

SUMS = tuple(TRACE_MEASURES)
_PLACES = {"trace": AT["trace"], "session": AT["session"]}
_DURATION = AT["duration"]


class TraceDelta:
    """What some rows add to their traces and sessions."""

    def __init__(self, rules: CountingRules) -> None:
        self._measures = rules.trace_measures
        self._sums: dict[str, dict[int, list[int]]] = {"trace": {}, "session": {}}
        self._times: dict[str, dict[int, tuple[int, int]]] = {"trace": {}, "session": {}}
        self._spans: list[Span] = []

    def add(self, row: Row, sign: int = 1) -> None:
        """Counts a row, or with `sign` -1 takes it away; the time it spans stays."""
        for table, place in _PLACES.items():
            if (id := row[place]) is None:
                continue
            started = ids.started_at(row[0])
            self._stretch(table, id, started, started + (row[_DURATION] or 0))
            sums = self._sums[table].setdefault(id, [0] * len(SUMS))
            for place, value in enumerate(self._measures):
                sums[place] += sign * value(row)

    def add_spans(self, spans: Iterable[Span]) -> None:
        """Stretches traces and sessions over these spans."""
        self._spans.extend(spans)

    def _stretch(self, table: str, id: int, start: int, end: int) -> None:
        times = self._times[table].get(id)
        self._times[table][id] = (start, end) if times is None else (min(times[0], start), max(times[1], end))

    def store(self, connection: Connection, dialect: Dialect, interning: Interning) -> None:
        """Adds everything to the rows of the traces and sessions."""
        for span in self._spans:
            start = moment(span.started_at)
            self._stretch("trace", interning.traces[fitted(span.trace_id)], start, start + max(0, span.duration))
            if span.session_id is not None:
                session = interning.sessions[fitted(span.session_id)]
                self._stretch("session", session, start, start + max(0, span.duration))
        for table, times in self._times.items():
            used = [
                place for place in range(len(SUMS)) if any(sums[place] for sums in self._sums[table].values())
            ]  # fmt: skip
            placeholder = dialect.placeholder
            sets = [
                f"started_at = {dialect.least}(started_at, {placeholder})",
                f"ended_at = {dialect.greatest}(ended_at, {placeholder})",
                *(f"{SUMS[place]} = {SUMS[place]} + {placeholder}" for place in used),
            ]
            none = [0] * len(SUMS)
            rows = [
                (*times[id], *(self._sums[table].get(id, none)[place] for place in used), id) for id in sorted(times)
            ]
            if rows:
                connection.exec_driver_sql(f"UPDATE {table} SET {', '.join(sets)} WHERE id = {placeholder}", rows)
