"""A program in another language: Node with the plain `openai` package, which posts what it used."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import generations
from tests.provider.server import Provider
from tests.serving.api.conftest import Server
from tests.serving.api.live import listening

HERE = Path(__file__).parents[2] / "node"


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """The default tracker of the test alone."""
    tracker = Tracker()
    before = set_default_tracker(tracker)
    yield tracker
    tracker.close()
    set_default_tracker(before)


@pytest.mark.slow
def test_what_a_node_program_used_is_on_the_pages_once_and_priced(
    provider: Provider, small_server: Server, tracker: Tracker
) -> None:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").is_dir():
        pytest.skip("no program in another language: install Node.js and run `npm ci` in tests/node")
    with listening() as url:
        command = [node, "record.mjs", "gpt-4o-mini", provider.openai_url, url, small_server.tokens["alice"]]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == second
    status, answer, usage = first.split(" ", 2)
    assert (status, json.loads(answer)) == ("202", {"accepted": 1})
    used = json.loads(usage)
    assert tracker.flush(30).waiting == 0
    (row,) = generations(open_ledger(), where={"feature": "node"})
    assert (row.user, row.input_tokens, row.output_tokens) == (
        "alice",
        used["prompt_tokens"],
        used["completion_tokens"],
    )
    cached = used.get("prompt_tokens_details", {}).get("cached_tokens", 0)
    # $0.15 per million tokens of input, $0.075 from the cache, $0.60 of output.
    fresh = used["prompt_tokens"] - cached
    cost = fresh * Decimal("0.15") + cached * Decimal("0.075") + used["completion_tokens"] * Decimal("0.60")
    assert (row.cost, row.cost_status) == (cost / 1_000_000, "exact")
