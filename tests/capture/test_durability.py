"""A record survives the death of its process, and is written once: neither lost nor doubled."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmtrack.capture.tracker import Tracker
from tests.capture.rows import rows as read_rows

pytestmark = pytest.mark.slow

Make = Callable[..., Tracker]

CALLER = """
import sys, httpx2, llmtrack
from llmtrack.openai import OpenAI
body = b'{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
answer = lambda request: httpx2.Response(200, content=body, headers={"content-type": "application/json"})
client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
tracker = llmtrack.Tracker(sys.argv[1], journal_dir=sys.argv[2])
llmtrack.track(client, tracker=tracker)
number = 0
while True:
    client.chat.completions.create(model="gpt-4o", messages=[], user=str(number))
    print(number, flush=True)  # the answer is the caller's now
    number += 1
"""


def call_until_killed(url: str, journal: Path, answers: int) -> int:
    """Runs a caller and kills it with signal 9 after so many answers; gives how many it had."""
    command = [sys.executable, "-W", "ignore", "-c", CALLER, url, str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        for line in caller.stdout:
            if int(line) + 1 >= answers:
                break
        caller.send_signal(signal.SIGKILL)
        return int(line) + 1 + len(caller.stdout.read().split())


def check(users: list[str], had: int) -> None:
    """All that had an answer have one row; one more may have been journalled and not yet seen."""
    assert sorted(map(int, users)) in (list(range(had)), list(range(had + 1)))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no signal 9")
@pytest.mark.parametrize("answers", [1, 40, 700])
def test_a_killed_process_loses_nothing_that_its_caller_had(
    answers: int, make_tracker: Make, database: Path, tmp_path: Path
) -> None:
    had = call_until_killed(f"sqlite:///{database}", tmp_path / "journal", answers + random.randrange(answers))
    make_tracker().close(60)
    check([row.user_id for row in read_rows(database)], had)
    assert list((tmp_path / "journal").iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no signal 9")
def test_the_writer_may_be_killed_in_the_middle_of_its_work(empty_database: Path, tmp_path: Path) -> None:
    """What a dead process left is taken in by another, which dies too, and another."""
    journal = tmp_path / "journal"
    database = tmp_path / "later" / "capture.db"
    # A database that is not there yet keeps all in the journal.
    had = call_until_killed(f"sqlite:///{database}", journal, 3000)
    database.parent.mkdir()
    shutil.copy(empty_database, database)
    code = "import sys, llmtrack; llmtrack.Tracker(sys.argv[1], journal_dir=sys.argv[2]).flush(60)"
    for _ in range(4):
        taker = subprocess.Popen([sys.executable, "-c", code, f"sqlite:///{database}", str(journal)])
        _wait_for_rows(database, taker)
        taker.kill()
        taker.wait()
    Tracker(f"sqlite:///{database}", journal_dir=journal).close(60)
    check([row.user_id for row in read_rows(database)], had)
    assert [path for path in journal.iterdir() if path.suffix == ".journal"] == []


def _wait_for_rows(database: Path, taker: subprocess.Popen[bytes]) -> None:
    """Until more rows are there than before, or the taker is done."""
    with sqlite3.connect(database) as connection:
        count = "SELECT count(*) FROM generation"
        (before,) = connection.execute(count).fetchone()
        while taker.poll() is None and connection.execute(count).fetchone()[0] == before:
            pass
    connection.close()
