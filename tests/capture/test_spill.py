"""A program that ends while neither its ledger nor its journal can be written leaves its records for the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmtrack.capture.health import Health
from llmtrack.capture.journal.frame import pieces
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.owner import Owner
from tests.capture.rows import rows as read_rows

FULL = """
import sys, httpx2, llmtrack
from llmtrack.openai import OpenAI
body = b'{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
answer = lambda request: httpx2.Response(200, content=body, headers={"content-type": "application/json"})
client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
tracker = llmtrack.Tracker(sys.argv[1], journal_dir=sys.argv[2], content=sys.argv[3])
llmtrack.track(client, tracker=tracker)
for number in range(100):
    prompt = [{"role": "user", "content": "a secret plan"}]
    client.chat.completions.create(model="gpt-4o", messages=prompt, user=str(number))
"""


def end_with_nowhere_to_write(folder: Path, content: str, temporary: Path) -> tuple[str, str]:
    """Runs a program whose journal and ledger cannot be written; gives the ledger's address and what it logged."""
    url = f"sqlite:///{folder / 'missing' / 'ledger.db'}"
    (folder / "file").write_text("no directory")
    command = [sys.executable, "-W", "ignore", "-c", FULL, url, str(folder / "file" / "journal"), content]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return url, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("content", ["on", "off"])
def test_what_could_be_written_nowhere_is_taken_in_by_the_next_start(
    content: str, tmp_path: Path, temporary_directory: Path
) -> None:
    url, log = end_with_nowhere_to_write(tmp_path, content, temporary_directory)

    (file,) = temporary_directory.glob("*/*")
    assert f"100 records could be written neither to the ledger nor to the journal; they are kept in {file}" in log
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (b"a secret plan" in file.read_bytes()) == (content == "on")

    (tmp_path / "missing").mkdir()
    other = Tracker(f"sqlite:///{tmp_path / 'other.db'}", journal_dir=tmp_path / "journal")
    other.writer.look_around()
    assert other.close(30).written == 0, "it belongs to another ledger"
    tracker = Tracker(url, journal_dir=tmp_path / "journal")
    tracker.writer.look_around()
    assert tracker.close(30).written == 100
    rows = read_rows(tmp_path / "missing" / "ledger.db")
    assert sorted(int(row.user_id) for row in rows) == list(range(100))
    assert list(temporary_directory.iterdir()) == []


@pytest.mark.slow
def test_a_directory_that_others_can_write_is_not_looked_into(tmp_path: Path, temporary_directory: Path) -> None:
    url, _ = end_with_nowhere_to_write(tmp_path, "on", temporary_directory)
    (tmp_path / "missing").mkdir()
    (spilled,) = temporary_directory.iterdir()
    spilled.chmod(0o777)

    tracker = Tracker(url, journal_dir=tmp_path / "journal")
    tracker.writer.look_around()
    assert tracker.close(30).written == 0

    spilled.chmod(0o700)
    tracker.writer.look_around()
    assert tracker.close(30).written == 100
    assert ask(open_ledger(url), "generations").totals["generations"] == 100


def test_records_that_were_committed_while_the_program_ended_are_not_taken_in_twice(
    tmp_path: Path, temporary_directory: Path
) -> None:
    ours = Journal(lambda: Path("/proc/nothing"), lambda: Owner(f"sqlite:///{tmp_path / 'l.db'}"), Health())
    for number in range(3):
        record = b'{"trace_id": "t", "user_id": "u", "score": 1, "comment": "%d", "at": 1760011200000000}' % number
        ours.append(pieces(b'{"kind": "feedback", "record": %s}' % record))
    ledger = open_ledger(f"sqlite:///{tmp_path / 'l.db'}")
    first = ours.take_memory(1)
    ledger.write([], [(ours.memory_id, ours.memory_done + len(first[0]))])  # as a writer that hangs would have
    ours.close()

    tracker = Tracker(f"sqlite:///{tmp_path / 'l.db'}", journal_dir=tmp_path / "journal")
    tracker.writer.look_around()
    assert tracker.close(30).written == 2
