"""`llmtrack retention` and `llmtrack erase`."""

from __future__ import annotations

from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from tests.ledger.making import NOON, generation, said


def test_retention_says_what_would_go_and_then_removes_it() -> None:
    ledger = open_ledger()
    ledger.write([generation(NOON + n, input=said("old")) for n in range(3)])

    would = CliRunner().invoke(main, ["retention", "--rows", "30", "--dry-run"])
    assert would.exit_code == 0, would.output
    assert "3 rows" in would.output
    assert "1 days sealed" in would.output
    assert "dry run" in would.output

    done = CliRunner().invoke(main, ["retention", "--rows", "30"])
    assert done.exit_code == 0, done.output
    assert "3 rows" in done.output
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM generation").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT sum(cost) FROM rollup_day").scalar_one() == 1_350_000
    assert CliRunner().invoke(main, ["verify"]).exit_code == 0


def test_retention_wants_to_know_of_what() -> None:
    result = CliRunner().invoke(main, ["retention"])
    assert result.exit_code == 2
    assert "--text, --properties or --rows" in result.output


def test_erase_asks_first_and_then_forgets_a_user() -> None:
    open_ledger().write([generation(user_id="alice", input=said("hello"))])

    refused = CliRunner().invoke(main, ["erase", "alice"], input="n\n")
    assert refused.exit_code == 1
    done = CliRunner().invoke(main, ["erase", "alice", "--yes"])
    assert done.exit_code == 0, done.output
    assert "alice is erased-" in done.output
    assert "1 texts, 0 conversations and 0 backups are gone" in done.output
    nobody = CliRunner().invoke(main, ["erase", "alice", "--yes"])
    assert nobody.exit_code == 1
    assert "Nobody called 'alice'" in nobody.output
