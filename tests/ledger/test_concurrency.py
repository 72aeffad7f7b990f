"""Several processes write to one ledger while others read it, and nobody hears of a locked database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "concurrency.py"


@pytest.mark.slow
def test_four_processes_write_while_two_read_and_nothing_is_lost(ledger_url: str) -> None:
    given = ["--database", ledger_url, "--writers", "4", "--readers", "2", "--seconds", "2", "--batch", "20"]
    env = {**os.environ, "PYTHONPATH": str(BENCHMARK.parents[1])}
    done = subprocess.run([sys.executable, BENCHMARK, *given], capture_output=True, text=True, env=env)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] > 0
    assert (found["failures"], found["lost"], found["totals"]) == (0, 0, "right")
