"""Holds against a model of what really happened, with several processes and a kill before any step.

Every seed is an order of steps. As the code stands no order breaks anything; with its steps in a wrong order some do.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from llmtrack.ledger import open_ledger
from llmtrack.ledger.limit_book import policy_of, set_limit
from llmtrack.ledger.limits import Limit
from tests.billing.holds_faults import FAULTS, SettledFirst
from tests.billing.holds_world import DOLLARS, TOKENS, Broken, World


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory):
    """A ledger with two limits, and these."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    set_limit(ledger, Limit(0, "all", "cost", "total", DOLLARS, mode="worst_case"), by="admin")
    set_limit(ledger, Limit(0, "team", "tokens", "total", TOKENS, "blue", mode="worst_case"), by="admin")
    limits = policy_of(ledger).limits
    ledger.checkpoint()
    ledger.close()
    return path, limits


def run(world: type[World], template, directory: Path, seed: int) -> World:
    path, limits = template
    directory.mkdir()
    one = world(directory, path, seed, limits)
    one.run()
    return one


@pytest.mark.slow
def test_no_order_breaks_anything(template, tmp_path) -> None:
    for seed in range(15):
        run(World, template, tmp_path / str(seed), seed)


@pytest.mark.full
def test_no_order_of_many_breaks_anything(template, tmp_path) -> None:
    kills = steps = 0
    for seed in range(600):
        world = run(World, template, tmp_path / str(seed), seed)
        kills += sum("killed" in line for line in world.log)
        steps += len(world.log)
    print(f"600 runs, {steps} steps, {kills} processes killed, 0 broken")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_wrong_order_is_found_out(fault, template, tmp_path) -> None:
    for seed in range(30):
        try:
            run(fault, template, tmp_path / str(seed), seed)
        except Broken as broken:
            print(f"run {seed}: {broken}")
            return
    pytest.fail("it was never noticed")


@pytest.mark.slow
def test_a_record_that_comes_late_takes_the_place_of_what_was_booked_for_it(template, tmp_path) -> None:
    for seed in range(5):
        run(SettledFirst, template, tmp_path / str(seed), seed)
