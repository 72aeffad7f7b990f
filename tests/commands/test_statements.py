"""`llmtrack statements` and `verify-statement`: what they print, and what they refuse in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llmtrack.cli import main
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.periods import billing_cycle
from tests.ledger.making import generation

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **more: CliRunner().invoke(main, arguments, **more)


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with two calls of alice's and one of bob's in the last closed cycle, and one of carol's in this one."""
    ledger = open_ledger()
    at = billing_cycle(back=1).start + 1_000_000
    calls = [generation(at), generation(at + 1_000_000), generation(at, user_id="bob")]
    ledger.write([*calls, generation(billing_cycle().start, user_id="carol")])
    return ledger


def days() -> str:
    cycle = billing_cycle(back=1)
    return f"{cycle.since:%Y-%m-%d} to {cycle.until - timedelta(days=1):%Y-%m-%d}"


def test_the_last_cycle_is_issued_for_everybody_who_used_something_once(run: Run, ledger: Ledger) -> None:
    tried = run("statements", "issue", "--dry-run").output
    assert tried == f"alice: {days()} would be issued.\nbob: {days()} would be issued.\n"
    lines = run("statements", "issue").output.splitlines()
    number = r"S-[0-9A-F]{14,16}"
    assert re.fullmatch(rf"alice: {days()}, statement {number}, \$0\.000900000", lines[0])
    assert re.fullmatch(rf"bob: {days()}, statement {number}, \$0\.000450000", lines[1])
    again = run("statements", "issue").output
    assert f"alice: {days()} has statement S-" in again
    assert again.endswith("There is nothing to issue.\n")
    listed = run("statements", "list", "--user", "alice").output
    assert re.match(rf"{number}  {days()}  alice +\$0\.000900000  [0-9a-f]{{12}}\n$", listed)


def test_a_statement_is_saved_and_verified(run: Run, ledger: Ledger, tmp_path: Path) -> None:
    run("statements", "issue", "--user", "alice")
    number = run("statements", "list").output.split()[0]
    assert "statement.pdf: " in run("statements", "save", number, "statement.pdf").output
    assert (tmp_path / "statement.pdf").read_bytes().startswith(b"%PDF-")
    verified = run("verify-statement", number)
    assert verified.exit_code == 0
    assert "Its content is what was issued, and its sums add up to the nano-dollar." in verified.output
    assert "2 calls added up again: 1 model is as on the statement." in verified.output
    ledger.write([generation(billing_cycle(back=1).start + 5_000_000)])
    later = run("verify-statement", number)
    assert later.exit_code == 0
    assert "Since then openai/gpt-4o-2024-08-06: +1 calls, +0.000450000 dollars" in later.output


def test_a_statement_that_is_not_what_was_issued_ends_with_1(run: Run, ledger: Ledger) -> None:
    run("statements", "issue", "--user", "alice")
    ledger.transact(lambda connection: connection.exec_driver_sql("UPDATE statement SET csv = x'00'"))
    number = run("statements", "list").output.split()[0]
    result = run("verify-statement", number)
    assert result.exit_code == 1
    assert "FAULT: Its CSV file is not the one that was issued." in result.output


def test_rates_are_entered_and_listed(run: Run) -> None:
    assert "No rate has been entered" in run("statements", "rates").output
    assert run("statements", "rate", "EUR", "2026-11", "0.9217").output == "1 US dollar = 0.9217 EUR in 2026-11\n"
    assert run("statements", "rates").output == "2026-11  1 US dollar = 0.9217 EUR  (command line)\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["statements", "rate", "euro", "2026-11", "1"], "'euro' must be three capital letters"),
        (["statements", "rate", "EUR", "November", "1"], "'November' is no month"),
        (["statements", "rate", "EUR", "2026-11", "nan"], "'nan' must be a number above 0"),
        (["statements", "rate", "EUR", "2026-11", "-1"], "No such option"),
        (["statements", "save", "S-1", "x.txt"], "'x.txt' must end in .pdf or .csv"),
        (["statements", "save", "S-1", "x.pdf"], "There is no statement 1"),
        (["verify-statement", "october"], "'october' is no statement"),
        (["statements", "issue", "--cycle", datetime.now(UTC).strftime("%Y-%m-%d"), "--user", "a"], "is not over"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(run: Run, arguments: list[str], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert sentence in " ".join(result.output.split())
