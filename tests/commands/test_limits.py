"""`llmtrack limits`: what it prints, and what it refuses in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from llmtrack.ledger.limit_book import policy_of
from llmtrack.ledger.maintenance import erase
from llmtrack.ledger.people import audit_log
from tests.ledger.making import generation

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **more: CliRunner().invoke(main, ["limits", *arguments], **more)


def test_limits_are_set_listed_raised_reset_and_removed(run: Run) -> None:
    assert "There are no limits." in run("list").output
    first = run("set", "$20", "--user", "*").output
    assert first == "Limit 1: $20.00 per month for each user; by what calls are expected to use.\n"
    assert run("set", "none", "--user", "alice").output.startswith("Limit 2: no limit on cost per month for user alice")
    third = run("set", "100 messages", "--per", "day", "--worst-case").output
    assert third == "Limit 3: 100 messages per day for everyone together; cannot be overrun (worst case).\n"
    listed = run("list").output
    assert "everyone together: 0 messages used, 0 messages held, 100 messages left\n" in listed
    raised = run("raise", "3", "200 messages", "--until", "2999-12-24").output
    assert raised == "Limit 3 is raised to 200 messages for everybody until 2999-12-24.\n"
    assert "200 messages left of 200 messages for a while\n" in run("list").output
    assert run("reset", "3").output == "Limit 3 counts from now on for everybody.\n"
    assert run("remove", "3").output == "Limit 3 is removed.\n"
    assert run("set", "5 messages", "--per", "day").output.startswith("Limit 4: ")  # a number is used once
    assert run("holds").output == "Nothing is held.\n"
    actions = [entry.action for entry in audit_log(open_ledger())]
    assert actions == ["limit set", "limit remove", "limit reset", "limit raise", *["limit set"] * 3]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("set", "3", "--per", "hour"), "A limit on cost cannot be per hour: give it per day or longer."),
        (("set", "much"), "'much' is no number of dollars"),
        (("set", "3", "--per", "year"), "The period of a limit is 'year'; give one of minute, hour, day"),
        (("set", "3", "--user", "a", "--team", "b"), "Give one of --user, --team, --feature, --model and --token."),
        (("set", "3", "--warn-at", "80,120"), "'80,120' is no list of percentages from 1 to 100"),
        (("raise", "7", "3", "--until", "2999-01-01"), "There is no limit 7; `llmtrack limits list` lists those"),
        (("release", "00"), "No process 00 holds anything"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(run: Run, arguments, sentence) -> None:
    refused = run(*arguments)
    assert refused.exit_code != 0
    assert sentence in refused.output


def test_an_erased_user_is_in_no_limit_any_more(run: Run) -> None:
    run("set", "20", "--user", "alice")
    run("raise", "1", "30", "--until", "2999-12-24", "--for", "alice")
    ledger = open_ledger()
    ledger.write([generation(user_id="alice")])
    name = erase(ledger, "alice", by="admin").name
    (limit,) = policy_of(ledger).limits
    assert limit.target == name
    assert list(limit.adjustments) == [name]
    assert "alice" not in str([entry.detail for entry in audit_log(ledger)])


def test_the_percentages_at_which_a_limit_warns_are_set(run: Run) -> None:
    run("set", "$20", "--warn-at", "90%, 75")
    run("set", "$5", "--per", "day", "--warn-at", "none")
    run("set", "$9", "--per", "week")
    assert [limit.thresholds for limit in policy_of(open_ledger()).limits] == [(75, 90), (), (50, 80, 100)]
