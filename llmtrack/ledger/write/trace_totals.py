"""What a trace and a session cost so far, kept in their own rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Span
from llmtrack.ledger.write.generation_row import AT, Row, moment
from llmtrack.ledger.write.interning import Interning, fitted
from llmtrack.ledger.write.rollup_delta import Words

SUMS = ("generations", "errors", "input_tokens", "output_tokens", "cost", "simulated_cost", "unpriced")
_PLACES = {"trace": AT["trace"], "session": AT["session"]}
_DURATION, _STATUS, _COST, _COST_STATUS = (AT[column] for column in ("duration", "status", "cost", "cost_status"))
_INPUT, _OUTPUT = AT["input_tokens"], AT["output_tokens"]


class Interactions:
    """What some rows add to their traces and sessions."""

    def __init__(self, words: Words) -> None:
        self._words = words
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
            cost = row[_COST] or 0
            simulated = row[_COST_STATUS] == self._words.simulated
            more = (
                1,
                row[_STATUS] == self._words.error,
                row[_INPUT] or 0,
                row[_OUTPUT] or 0,
                0 if simulated else cost,
                cost if simulated else 0,
                self._words.is_unpriced(row),
            )
            for at, value in enumerate(more):
                sums[at] += sign * value

    def note(self, spans: Iterable[Span]) -> None:
        """Lets traces and sessions last as long as their spans."""
        self._spans.extend(spans)

    def _stretch(self, table: str, id: int, start: int, end: int) -> None:
        known = self._times[table].get(id)
        self._times[table][id] = (start, end) if known is None else (min(known[0], start), max(known[1], end))

    def store(self, connection: Connection, dialect: Dialect, known: Interning) -> None:
        """Adds everything to the rows of the traces and sessions."""
        for span in self._spans:
            start = moment(span.started_at)
            self._stretch("trace", known.traces[fitted(span.trace_id)], start, start + max(0, span.duration))
            if span.session_id is not None:
                session = known.sessions[fitted(span.session_id)]
                self._stretch("session", session, start, start + max(0, span.duration))
        for table, times in self._times.items():
            used = [
                place for place in range(len(SUMS)) if any(sums[place] for sums in self._sums[table].values())
            ]  # fmt: skip
            mark = dialect.mark
            sets = [
                f"started_at = {dialect.least}(started_at, {mark})",
                f"ended_at = {dialect.greatest}(ended_at, {mark})",
                *(f"{SUMS[place]} = {SUMS[place]} + {mark}" for place in used),
            ]
            none = [0] * len(SUMS)
            rows = [
                (*times[id], *(self._sums[table].get(id, none)[place] for place in used), id) for id in sorted(times)
            ]
            if rows:
                connection.exec_driver_sql(f"UPDATE {table} SET {', '.join(sets)} WHERE id = {mark}", rows)
