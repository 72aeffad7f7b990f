"""What a system without POSIX gets. Nobody has tried Windows itself here: its lacks are simulated, its own locks are not."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.capture.rows import rows as read_rows
from tests.provider import Provider

PROGRAM = """
import sys
sys.modules["fcntl"] = sys.modules["pwd"] = sys.modules["grp"] = sys.modules["resource"] = None
import os
for name in ("fork", "forkpty", "register_at_fork", "pread", "pwrite", "preadv", "pwritev", "fchmod", "fchown"):
    delattr(os, name)

import json
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.openai import OpenAI
import llmtrack

tracker = Tracker(sys.argv[1], journal_dir=sys.argv[2])
with llmtrack.track(OpenAI(api_key="none"), tracker=tracker, provider="openai", user_id="alice") as client:
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}])
flushed = tracker.flush(60)
tracker.close()
print(json.dumps([flushed.written, flushed.waiting, flushed.failed]))
"""


@pytest.mark.slow
def test_a_call_is_recorded_where_there_is_no_fcntl_and_no_fork(provider: Provider, tmp_path: Path) -> None:
    database = tmp_path / "elsewhere.db"
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, f"sqlite:///{database}", str(tmp_path / "waiting")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1, 0, 0]
    (row,) = read_rows(database)
    assert (row.user_id, row.model, row.status, row.cost_status) == ("alice", "gpt-4o-2024-08-06", "ok", "exact")
    assert (row.input_tokens, row.output_tokens) == (100, 20)
    assert Decimal(row.cost).scaleb(-9) == 100 * Decimal("0.0000025") + 20 * Decimal("0.00001")
    assert row.input[0]["parts"][0]["content"] == "Hello"
