"""Worlds in which one thing is done in the wrong order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from llmtrack.billing.limits import dead_holders, settle
from llmtrack.capture.journal.batch_writer import held_by
from llmtrack.ledger.limits import Shortage, Verdict, Wish
from llmtrack.ledger.limits.holds import calls_of
from llmtrack.ledger.limits.sqlite_holds import _ADMIT, _EXACT, _PLACE, _rooms, _rows, _transaction
from llmtrack.ledger.write import batch
from tests.billing.holds_world import Process, SteppedHolds, World, step


class LedgerReadFirst(World):
    """What is spent is read before the lock of the holds is taken."""

    class holds_class(SteppedHolds):
        def admit(self, wishes: Sequence[Wish], holder: int) -> list[Verdict]:
            spent: dict[tuple[int, str, int], int] = {}
            with self._use() as connection:
                for entry in (entry for wish in wishes for entry in wish.entries):
                    spent[entry.counter] = connection.execute(_EXACT, entry.counter).fetchone()[0]
                booked = [row[0] for row in connection.execute("SELECT call_id FROM ledger.hold_ended")]
            step("admit")
            return self.compared(wishes, lambda: self._admit(wishes, holder, spent, booked))

        def _admit(self, wishes: Any, holder: int, spent: Any, booked: Any) -> list[Verdict]:
            held_sql = "SELECT call_id, amount FROM main.hold WHERE limit_id = ?1 AND subject = ?2 AND period = ?3"
            verdicts: list[Verdict] = []
            with self._use() as connection, _transaction(connection):
                for wish in wishes:
                    short = []
                    for entry in wish.entries:
                        rows = connection.execute(held_sql, entry.counter)
                        held = sum(amount for call, amount in rows if call not in booked)
                        if entry.amount > (entry.cap or 0) - spent[entry.counter] - held:
                            short.append(Shortage(entry, spent[entry.counter], held, 0))
                    if not short:
                        connection.execute(_PLACE, (json.dumps(_rows(wish, holder)),))
                    verdicts.append(tuple(short))
            return verdicts


class ReleasedFirst(World):
    """A hold is gone before the transaction that books its call."""

    def plant(self, process: Process) -> None:
        write = process.ledger.write

        def released_first(records: Any, *more: Any, **named: Any) -> None:
            if calls := [call for record in records if (call := held_by(record)) is not None]:
                process.holds.release(calls)
            write(records, *more, **named)

        process.ledger.write = released_first  # type: ignore[method-assign]


class EndForgottenFirst(World):
    """`hold_ended` forgets a call before its hold is gone."""

    def plant(self, process: Process) -> None:
        release = process.ledger._release

        def forgotten_first(calls: Sequence[int]) -> None:
            marks = ", ".join(map(str, calls))
            sql = f"DELETE FROM hold_ended WHERE generation IS NULL AND call_id IN ({marks})"
            process.ledger.transact(lambda connection: connection.exec_driver_sql(sql))
            release(calls)

        process.ledger._release = forgotten_first  # type: ignore[method-assign]


class DeadVoided(World):
    """What a dead process held is released instead of booked."""

    def plant(self, process: Process) -> None:
        def void(ledger: Any) -> None:
            dead, process.writer._dead._dead = list(process.writer._dead._dead.values()), {}
            for holder in dead:
                process.holds.release([call.call_id for call in process.holds.open_calls(holder.id)])
                process.holds.forget(holder.id)

        process.writer._dead.settle = void  # type: ignore[method-assign]


class SettledFirst(World):
    """What a dead process held is booked before its journal is taken in. A call's own record makes good for it."""

    def plant(self, process: Process) -> None:
        def look(ledger: Any) -> None:
            settle(ledger, dead_holders(ledger))

        process.writer._dead.look = look  # type: ignore[method-assign]


class SettledFirstForGood(SettledFirst):
    """The same where a call's own record does not take the place of the row that was booked for it."""

    def run(self) -> None:
        with _never_replaced():
            super().run()


@contextmanager
def _never_replaced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "remove_abandoned", lambda writer, generations: None)
        yield


class BookedBlindly(World):
    """What a dead process held is booked whether or not it was booked before."""

    class holds_class(SteppedHolds):
        def open_calls(self, holder: int | None = None) -> list[Any]:
            step("look for open calls")
            sql = (
                "SELECT call_id, holder, started_at, about, ended, limit_id, subject, period, amount FROM main.hold "
                f"WHERE {'true' if holder is None else f'holder = {holder}'} ORDER BY started_at, call_id"
            )
            with self._use() as connection:
                return calls_of(connection.execute(sql).fetchall())

        def still_held(self, connection: Any, calls: Sequence[int]) -> set[int]:
            return set(calls)


class RefusedHastily(World):
    """The check of a whole group refuses, which may count a booked call twice."""

    class holds_class(SteppedHolds):
        def _admit_exactly(self, connection: Any, wish: Wish, holder: int) -> Verdict:
            rows = _rows(wish, holder)
            done = connection.execute(_ADMIT, (json.dumps(rows), json.dumps(_rooms([wish]))))
            return () if done.rowcount == len(rows) else (Shortage(wish.entries[0], 0, 0, 0),)


class SettledTwice(World):
    """Two processes that settle the same dead one do not ask whether the other was faster."""

    class holds_class(SteppedHolds):
        def still_held(self, connection: Any, calls: Sequence[int]) -> set[int]:
            return set(calls)


FAULTS: tuple[type[World], ...] = (
    LedgerReadFirst, ReleasedFirst, EndForgottenFirst, DeadVoided, SettledFirstForGood, BookedBlindly, RefusedHastily,
    SettledTwice,
)  # fmt: skip
