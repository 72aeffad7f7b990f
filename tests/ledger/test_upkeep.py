"""What has been kept long enough goes by itself, once a day, whoever of several processes comes first."""

from __future__ import annotations

import threading

import pytest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.maintenance.daily import last_retention, removals, retain_daily
from llmtrack.ledger.maintenance.retention import Keep, Removed
from tests.ledger.making import HOUR, NOON, generation, said

DAY = 24 * HOUR
NOW = NOON + 30 * DAY


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    ledger.write([
        generation(NOON + n * DAY, input=said(f"word {n}"), properties={"n": str(n)}, user_id="ann") for n in range(30)
    ])  # fmt: skip
    ledger.index_texts()
    return ledger


def test_it_is_done_once_a_day_and_what_it_removed_is_on_record(filled: Ledger) -> None:
    keep = Keep(text_days=10, property_days=20, row_days=25)

    removed = retain_daily(filled, keep, NOW)

    assert removed == Removed(texts=20, properties=10, rows=5, days=5, backups=0)
    assert retain_daily(filled, keep, NOW + DAY - 1) is None
    assert retain_daily(filled, keep, NOW + DAY) == Removed(texts=1, properties=1, rows=1, days=1, backups=0)
    last = last_retention(filled, "Asia/Kathmandu")
    assert last is not None
    assert last.isoformat() == "2025-11-09T17:45:00+05:45"
    newest, first = removals(filled, "UTC")
    assert (first.by, first.action, first.detail) == (
        "retention", "remove", {"texts": 20, "properties": 10, "rows": 5, "days": 5},
    )  # fmt: skip
    assert newest.detail["rows"] == 1


def test_of_several_processes_one_does_it(filled: Ledger, ledger_url: str) -> None:
    others = [open_ledger(ledger_url) for _ in range(2)]
    begin = threading.Barrier(4)
    done: list[Removed | None] = []

    def one(ledger: Ledger) -> None:
        begin.wait()
        done.append(retain_daily(ledger, Keep(text_days=10), NOW))

    threads = [threading.Thread(target=one, args=(ledger,)) for ledger in (filled, filled, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done, key=str) == [None, None, None, Removed(20, 0, 0, 0, 0)]


def test_what_failed_is_due_again_in_an_hour(filled: Ledger) -> None:
    def fail(_: int | None) -> int:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        retain_daily(filled, Keep(text_days=10), NOW, also=fail)

    assert retain_daily(filled, Keep(text_days=10), NOW + HOUR - 1) is None
    removed = retain_daily(filled, Keep(text_days=10), NOW + HOUR)
    assert removed is not None
    assert removed.texts == 21, "an hour later another one is ten days old"


def test_others_are_told_before_when_texts_go_even_where_only_rows_do(filled: Ledger) -> None:
    told: list[int | None] = []

    def also(at: int | None) -> int:
        told.append(at)
        return 0

    retain_daily(filled, Keep(row_days=25), NOW, also=also)
    assert told == [(NOW // DAY - 25) * DAY]


def test_a_ledger_nobody_looks_after_says_so(ledger: Ledger) -> None:
    assert last_retention(ledger, "UTC") is None
    assert removals(ledger, "UTC") == []
