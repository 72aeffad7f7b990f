"""Several processes against one limit, and processes killed in the middle: nothing is overspent, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import Ledger
from llmtrack.ledger.limit_book import limit_use, set_limit
from llmtrack.ledger.limits import HoldsLost, Limit
from tests.billing.replay import replay
from tests.structure import ROOT

DOLLAR = 10**9
BOTH = pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)


def start(
    ledger_url: str, journal: Path, provider, threads: int, calls: int, log: Path | None = None
) -> subprocess.Popen[str]:
    arguments = [ledger_url, str(journal), provider.openai_url, provider.anthropic_url, str(threads), str(calls)]
    if log is not None:
        log.mkdir(exist_ok=True)
        arguments.append(str(log))
    return subprocess.Popen(
        [sys.executable, "-m", "tests.billing.load", *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip


def spent_by_rows(ledger) -> int:
    with ledger.reading() as connection:
        return int(connection.exec_driver_sql("SELECT coalesce(sum(cost), 0) FROM generation").scalar_one())


def run(ledger, ledger_url, journal, provider, *, processes: int, threads: int, calls: int, mode: str, cap: int):
    limit = Limit(0, "all", "cost", "total", cap, mode=mode)
    set_limit(ledger, limit, by="admin")
    set_limit(ledger, Limit(0, "user", "tokens", "minute", 10**9, "*", mode=mode), by="admin")
    set_limit(ledger, Limit(0, "model", "messages", "day", 10**9, "*"), by="admin")
    log = journal.with_name("log")
    workers = [start(ledger_url, journal, provider, threads, calls, log) for _ in range(processes)]
    reports = [json.loads(worker.communicate(timeout=1200)[0]) for worker in workers]
    # On a busy machine a call may not be admitted within two seconds, and is refused for that.
    assert {reason for report in reports for reason in report["reasons"]} <= {"exceeded", "unavailable"}
    assert all(report["waiting"] == 0 for report in reports)
    use = next(use for use in limit_use(ledger) if use.limit.scope == "all")
    seen = replay(log, use.limit.id)
    assert seen.wrongly_refused() == []
    over = max(0, use.spent - cap)
    assert over <= seen.bound()
    print(
        f"{mode}: {use.spent / DOLLAR:.6f} of {cap / DOLLAR:.6f} dollars spent, overspent by {over / DOLLAR:.6f} "
        f"(bound {seen.bound() / DOLLAR:.6f}); {len(seen.held)} calls held {seen.ratio():.1f} times their cost (p50), "
        f"{len(seen.too_low())} less than it; {len(seen.refused)} refusals replayed, all of them right; {reports}"
    )
    return use, reports, seen


@BOTH
@pytest.mark.slow
def test_processes_at_once_do_not_overspend_a_worst_case_limit(ledger, ledger_url, provider, tmp_path) -> None:
    """The cap is such that it is reached: the limit itself refuses."""
    cap = 15_000_000
    options: dict[str, Any] = {"processes": 2, "threads": 8, "calls": 6, "mode": "worst_case"}
    use, reports, seen = run(ledger, ledger_url, tmp_path / "journal", provider, cap=cap, **options)
    assert seen.too_low() == []
    assert seen.refused
    assert use.spent == spent_by_rows(ledger)
    assert 0 < use.spent <= cap
    assert use.held == 0
    assert sum(report["refused"] for report in reports) > 0
    assert ledger.holds.open_calls() == []


@pytest.mark.slow
def test_processes_at_once_overrun_an_expected_limit_by_no_more_than_its_bound(
    ledger, ledger_url, provider, tmp_path
) -> None:
    options: dict[str, Any] = {"processes": 2, "threads": 8, "calls": 6, "mode": "expected"}
    use, _, seen = run(ledger, ledger_url, tmp_path / "journal", provider, cap=15_000_000, **options)
    assert seen.refused
    assert use.spent == spent_by_rows(ledger)
    assert ledger.holds.open_calls() == []


@BOTH
@pytest.mark.full
def test_four_processes_of_fifty_threads_do_not_overspend_a_dollar(ledger, ledger_url, provider, tmp_path) -> None:
    options: dict[str, Any] = {"processes": 4, "threads": 50, "calls": 60, "mode": "worst_case"}
    use, _, seen = run(ledger, ledger_url, tmp_path / "journal", provider, cap=DOLLAR, **options)
    assert seen.too_low() == []
    assert seen.refused
    assert use.spent == spent_by_rows(ledger)
    assert use.spent <= DOLLAR
    assert ledger.holds.open_calls() == []


@BOTH
@pytest.mark.full
def test_an_expected_limit_is_overrun_by_no_more_than_its_bound(ledger, ledger_url, provider, tmp_path) -> None:
    """The provider counts 100 tokens of input where about ten are expected. `run` compares with the bound."""
    options: dict[str, Any] = {"processes": 4, "threads": 50, "calls": 60, "mode": "expected"}
    use, _, _ = run(ledger, ledger_url, tmp_path / "journal", provider, cap=DOLLAR, **options)
    assert use.spent == spent_by_rows(ledger)
    assert ledger.holds.open_calls() == []


def kill_and_recover(ledger, ledger_url, journal, provider, *, threads: int, seconds: float) -> int:
    """Kills a process in the middle, has another take in what it left; returns how many calls were abandoned."""
    process = start(ledger_url, journal, provider, threads, 10_000)
    deadline = time.monotonic() + 30
    before = ledger.holds.open_calls()
    while time.monotonic() < deadline and len(ledger.holds.open_calls()) <= len(before):
        time.sleep(0.02)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return recover(ledger, ledger_url, journal)


def recover(ledger: Ledger, ledger_url: str, journal: Path) -> int:
    """Takes in what dead processes left; returns how many calls were ever abandoned."""
    tracker = Tracker(ledger_url, journal)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and ledger.holds.holders():
        tracker.writer.hurry()
        tracker.flush(10)
        time.sleep(0.05)
    tracker.close(10)
    with ledger.reading() as connection:
        sql = "SELECT count(*) FROM hold_ended WHERE generation IS NOT NULL"
        return int(connection.exec_driver_sql(sql).scalar_one())


def check_after_kills(ledger, provider, cap: int) -> None:
    assert ledger.holds.holders() == []
    assert ledger.holds.open_calls() == []
    (use,) = limit_use(ledger)
    with ledger.reading() as connection:
        charged, rows = connection.exec_driver_sql(
            "SELECT sum(coalesce(c.amount, g.cost, 0)), count(*) FROM generation g "
            "LEFT JOIN limit_charge c ON c.generation = g.id"
        ).one()
        refused = connection.exec_driver_sql(
            "SELECT count(*) FROM generation g JOIN name n ON n.id = g.status WHERE n.text = 'refused'"
        ).scalar_one()
    assert use.spent == charged
    assert use.spent <= cap
    assert rows - refused >= len(provider.requests)  # whatever reached the provider is a row


@BOTH
@pytest.mark.slow
def test_what_a_killed_process_held_is_booked_and_nothing_is_held_any_more(
    ledger, ledger_url, provider, tmp_path
) -> None:
    set_limit(ledger, Limit(0, "all", "cost", "total", DOLLAR, mode="worst_case"), by="admin")
    provider.wish("pause=20")
    for _ in range(2):
        kill_and_recover(ledger, ledger_url, tmp_path / "journal", provider, threads=8, seconds=0.3)
    check_after_kills(ledger, provider, DOLLAR)


@BOTH
@pytest.mark.full
def test_fifty_kills_among_four_processes_overspend_nothing(ledger, ledger_url, provider, tmp_path) -> None:
    """Each round has another $0.25 to spend, and the processes that live take in what the killed one held."""
    provider.wish("pause=5")
    journal = tmp_path / "journal"
    kills, cap, running = 50, DOLLAR, list[subprocess.Popen[str]]()
    set_limit(ledger, Limit(0, "all", "cost", "total", cap, mode="worst_case"), by="admin")
    try:
        running += [start(ledger_url, journal, provider, 50, 1_000_000) for _ in range(4)]
        for number in range(kills):
            holder = holder_of(ledger, running[0])
            time.sleep(0.1 + number % 5 * 0.1)
            running[0].send_signal(signal.SIGKILL)
            running.pop(0).communicate()
            running.append(start(ledger_url, journal, provider, 50, 1_000_000))
            wait_for(lambda: all(other.id != holder for other in ledger.holds.holders()))  # noqa: B023
            assert wait_for(lambda: [ledger.holds.open_calls(holder)])[0] == []  # noqa: B023
            assert wait_for(lambda: limit_use(ledger))[0].spent <= cap
            cap += DOLLAR // 4
            set_limit(ledger, Limit(0, "all", "cost", "total", cap, mode="worst_case"), by="admin")
    finally:
        for process in running:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    abandoned = recover(ledger, ledger_url, journal)
    check_after_kills(ledger, provider, cap)
    spent = limit_use(ledger)[0].spent / DOLLAR
    print(
        f"{kills} kills of one process among four and the last four at once: {abandoned} calls in flight booked as "
        f"abandoned, {len(provider.requests)} requests, {spent:.6f} of {cap / DOLLAR:.2f} dollars spent, overspent by 0"
    )


def wait_for(happened: Callable[[], Any]) -> Any:
    """What it says, once that is true; while two hundred threads ask for holds, one may not be let in to look."""
    deadline = time.monotonic() + 120
    result = None
    while not result:
        assert time.monotonic() < deadline
        try:
            result = happened()
        except HoldsLost:
            continue
        time.sleep(0 if result else 0.05)
    return result


def holder_of(ledger: Ledger, process: subprocess.Popen[str]) -> int:
    """The number by which a process holds something, once it does."""

    def holding() -> int | None:
        own = [holder.id for holder in ledger.holds.holders() if holder.pid == process.pid]
        return own[0] if own and ledger.holds.open_calls(own[0]) else None

    return int(wait_for(holding))
