"""`llmtrack retention` and `llmtrack erase`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmtrack.capture.journal.frame import encode
from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.settings import get_settings
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
    asked = CliRunner().invoke(main, ["ask", "generations", "--by", "service_tier"])
    assert "are not counted in all of this: their rows are deleted" in asked.output


def test_retention_follows_the_settings_where_it_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_KEEP_TEXT_DAYS", "30")
    get_settings.cache_clear()
    open_ledger().write([generation(NOON + n, input=said("old")) for n in range(3)])

    done = CliRunner().invoke(main, ["retention"])

    assert done.exit_code == 0, done.output
    assert "3 texts" in done.output
    assert "0 rows" in done.output


def test_retention_wants_to_know_of_what() -> None:
    result = CliRunner().invoke(main, ["retention"])
    assert result.exit_code == 2
    assert "--text, --properties or --rows" in result.output


CALLER = """
import httpx2, os, signal, llmtrack
from llmtrack.openai import OpenAI
body = b'{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[{"message":{"content":"zebulon too"}}]}'
answer = lambda request: httpx2.Response(200, content=body, headers={"content-type": "application/json"})
client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
with llmtrack.context(user_id="zebulon"):
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "I am zebulon"}])
os.kill(os.getpid(), signal.SIGKILL)  # before anything gets into the ledger
"""


@pytest.mark.slow
def test_erase_reaches_journals_rejected_records_backups_and_the_log_of_the_database(tmp_path: Path) -> None:
    ledger = open_ledger()
    ledger.write([generation(NOON + n, user_id="zebulon", input=said(f"zebulon {n}")) for n in range(49)])
    ledger.index_texts()
    journal = tmp_path / "llmtrack.db.journal"
    environment = {**os.environ, "LLMTRACK_JOURNAL_DIR": str(journal)}
    subprocess.run([sys.executable, "-c", CALLER], env=environment, check=False, timeout=120)
    waiting = [path for path in journal.glob("*.journal") if b"I am zebulon" in path.read_bytes()]
    assert waiting, "the killed process has left its journal"
    (tmp_path / "llmtrack.db.backup-0001-x").write_text("zebulon")
    record = {"trace_id": "t", "user_id": "zebulon", "score": 1, "comment": "zebulon", "at": NOON}
    said_so = encode(json.dumps({"kind": "feedback", "record": record}).encode())
    (journal / "records.rejected").write_bytes(said_so)
    ledger.write(
        [generation(NOON + 49, user_id="zebulon", input=said("zebulon 49"))]
    )  # whatever the log was emptied of
    assert zebulon(tmp_path) >= {"llmtrack.db-wal", "llmtrack.db.backup-0001-x", "records.rejected", waiting[0].name}

    done = CliRunner().invoke(main, ["erase", "zebulon", "--yes"])

    assert done.exit_code == 0, done.output
    assert zebulon(tmp_path) == set()
    assert ask(ledger, "generations").totals["generations"] == 51
    assert CliRunner().invoke(main, ["verify"]).exit_code == 0


def zebulon(directory: Path) -> set[str]:
    """The files in which somebody could read that name."""
    return {path.name for path in directory.rglob("*") if path.is_file() and b"zebulon" in path.read_bytes()}


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
