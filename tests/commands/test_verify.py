"""`llmtrack verify` and `llmtrack rebuild`."""

from __future__ import annotations

import random

import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from tests.ledger.making import random_generation


@pytest.mark.slow
def test_verify_says_that_all_is_right_or_what_is_wrong_and_rebuild_mends_it() -> None:
    ledger = open_ledger()
    chance = random.Random(1)
    ledger.write([random_generation(chance) for _ in range(100)])

    right = CliRunner().invoke(main, ["verify"])
    assert right.exit_code == 0, right.output
    assert "100 generations" in right.output
    assert "all totals are right" in right.output

    ledger.transact(lambda c: c.exec_driver_sql("UPDATE rollup_hour SET cost = cost + 1 WHERE slot < 20380 * 24"))
    wrong = CliRunner().invoke(main, ["verify"])
    assert wrong.exit_code == 1
    assert "2025-10-10: rollup_hour" in wrong.output

    mended = CliRunner().invoke(main, ["rebuild"])
    assert mended.exit_code == 0, mended.output
    assert "made anew" in mended.output
    assert CliRunner().invoke(main, ["verify"]).exit_code == 0
    assert "all totals are right" in CliRunner().invoke(main, ["rebuild"]).output
    assert "made anew" in CliRunner().invoke(main, ["rebuild", "--all"]).output
