"""The admitting place of a process, when whoever does the transaction for all is interrupted."""

from __future__ import annotations

import threading
import time

import pytest

import llmtrack
from llmtrack.billing.limits.admission import Admission
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import EACH, HoldsLost, Limit, Wish

CALL = {"model": "gpt-4o", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}


class Interrupted:
    """Holds whose first transaction waits until others stand in line, and then is interrupted."""

    def __init__(self) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.groups: list[int] = []

    def admit(self, wishes, holder):
        self.groups.append(len(wishes))
        if len(self.groups) == 1:
            self.entered.set()
            self.go_on.wait(10)
            raise KeyboardInterrupt
        return [() for _ in wishes]


def test_the_next_in_line_goes_on_where_the_leader_was_interrupted() -> None:
    holds = Interrupted()
    admission = Admission(holds, 1)  # type: ignore[arg-type]
    ends: list[object] = []

    def ask(number: int) -> None:
        try:
            ends.append(admission.ask(Wish(number, 0, (), "{}"), time.monotonic() + 10))
        except BaseException as error:
            ends.append(type(error))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    threads[0].start()
    assert holds.entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(admission._waiting) < 2:
        time.sleep(0.001)
    holds.go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(map(str, ends)) == sorted(map(str, [KeyboardInterrupt, (), ()]))
    assert admission.ask(Wish(4, 0, (), "{}"), time.monotonic() + 10) == ()


@pytest.mark.slow
def test_a_call_interrupted_while_it_is_admitted_is_a_row_and_holds_nothing(ledger, client, tracker, provider) -> None:
    set_limit(ledger, Limit(0, "user", "messages", "day", 5, EACH), by="admin")
    openai = client()
    with llmtrack.context(user_id="alice"):
        openai.chat.completions.create(**CALL)
        admit = ledger.holds.admit

        def interrupted(wishes, holder):
            raise KeyboardInterrupt

        ledger.holds.admit = interrupted
        with pytest.raises(KeyboardInterrupt):
            openai.chat.completions.create(**CALL)
        ledger.holds.admit = admit
        openai.chat.completions.create(**CALL)
    assert tracker.flush(30).waiting == 0
    assert len(provider.requests) == 2
    with ledger.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT s.text, g.attempts FROM generation g JOIN name s ON s.id = g.status ORDER BY g.id"
        ).fetchall()
    assert [tuple(row) for row in rows] == [("ok", 1), ("cancelled", 0), ("ok", 1)]
    assert ledger.holds.open_calls() == []


def test_those_whose_transaction_was_interrupted_get_an_answer() -> None:
    admission = Admission(Interrupted(), 1)  # type: ignore[arg-type]
    admission._holds.go_on.set()  # type: ignore[attr-defined]
    first, second = [place_of(number) for number in (1, 2)]
    with pytest.raises(KeyboardInterrupt):
        admission._serve([first, second])
    assert isinstance(second.error, HoldsLost)
    assert second.woken.acquire(timeout=1)


def place_of(number: int):
    from llmtrack.billing.limits.admission import _Place

    return _Place(Wish(number, 0, (), "{}"))
