"""A record survives the death of its process, and is written once: neither lost nor doubled."""

from __future__ import annotations

import logging
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmtrack.capture.tracker import Tracker
from tests.capture.rows import rows as read_rows
from tests.new_ledgers import fill

pytestmark = pytest.mark.slow

Make = Callable[..., Tracker]
log = logging.getLogger(__name__)

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
def test_the_writer_may_be_killed_in_the_middle_of_its_work(tmp_path: Path) -> None:
    """What a dead process left is taken in by another, which dies too, and another."""
    journal = tmp_path / "journal"
    database = tmp_path / "later" / "capture.db"
    # A database that is not there yet keeps all in the journal.
    had = call_until_killed(f"sqlite:///{database}", journal, 3000)
    database.parent.mkdir()
    fill(database)
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


THREADS = """
import os, random, signal, sys, threading, time, httpx2, llmtrack
from llmtrack.openai import OpenAI
usage = b'"usage":{"prompt_tokens":1,"completion_tokens":2}'
head = b'{"id":"1","model":"gpt-4o",'
plain = head + b'"object":"chat.completion","choices":[],' + usage + b"}"
chunk = head + b'"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "}}]}'
last = head + b'"object":"chat.completion.chunk","choices":[],' + usage + b"}"
stream = b"".join(b"data: " + part + b"\\n\\n" for part in [*[chunk] * 20, last, b"[DONE]"])
def answer(request):
    streams = b'"stream":true' in request.content
    kind = "text/event-stream" if streams else "application/json"
    return httpx2.Response(200, content=stream if streams else plain, headers={"content-type": kind})
from llmtrack.capture.journal.imports import import_all
import_all(sys.argv[1])  # once, and not by each of those that are killed
def call(name, begun):
    tracker = llmtrack.Tracker(sys.argv[1], journal_dir=sys.argv[2])
    def work(thread):
        client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
        llmtrack.track(client, tracker=tracker)
        number = 0
        while True:
            user = f"{name}-{thread}-{number}"
            if number % 2:
                for _ in client.chat.completions.create(model="gpt-4o", messages=[], user=user, stream=True):
                    pass
            else:
                client.chat.completions.create(model="gpt-4o", messages=[], user=user)
            os.write(1, f"{user}\\n".encode())  # the answer is the caller's now
            number += 1
            if number == 20:
                os.write(begun, b".")
    for thread in range(4):
        threading.Thread(target=work, args=(thread,)).start()
for round in range(int(sys.argv[3])):
    there, begun = os.pipe()
    programs = []
    for which in range(2):
        programs.append(os.fork())
        if programs[-1] == 0:
            call(f"{round}-{which}", begun)
            threading.Event().wait()
    os.read(there, 1)
    time.sleep(random.random())
    for program in programs:
        os.kill(program, signal.SIGKILL)
    for program in programs:
        os.waitpid(program, 0)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no signal 9")
@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.full)])
def test_two_processes_of_four_threads_may_be_killed_at_once(
    rounds: int, database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url, journal = f"sqlite:///{database}", tmp_path / "journal"
    command = [sys.executable, "-W", "ignore", "-c", THREADS, url, str(journal), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answered = set(done.stdout.split())
    tracker = Tracker(url, journal_dir=journal)
    tracker.writer.look_around()
    tracker.close(120)

    users = [row.user_id for row in read_rows(database)]
    lost, doubled = answered - set(users), len(users) - len(set(users))
    caplog.set_level("INFO")
    log.info("%d rounds: %d answers, %d lost, %d doubled", rounds, len(answered), len(lost), doubled)
    assert (len(lost), doubled) == (0, 0)
    assert len(users) - len(answered) <= rounds * 8, "one for each thread may be journalled and not printed"
