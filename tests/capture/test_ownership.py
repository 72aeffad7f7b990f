"""A journal goes into the ledger it belongs to and no other; what a database takes with it is written again."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmtrack.capture.journal import segment
from llmtrack.capture.journal.frame import encode
from llmtrack.capture.tracker import Tracker
from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.settings import get_settings
from tests.conftest import postgres_database

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no signal 9")

DYING = """
import os, signal, sys, httpx2, llmtrack
from llmtrack.openai import OpenAI
body = b'{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
answer = lambda request: httpx2.Response(200, content=body, headers={"content-type": "application/json"})
client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
tracker = llmtrack.Tracker(sys.argv[1], journal_dir=sys.argv[3] or None)
llmtrack.track(client, tracker=tracker)
if sys.argv[2] == "opened":
    client.chat.completions.create(model="gpt-4o", messages=[], user="first")
    assert tracker.flush(20).written == 1
for number in range(10):
    client.chat.completions.create(model="gpt-4o", messages=[], user=str(number))
os.kill(os.getpid(), signal.SIGKILL)
"""
TEN = [str(number) for number in range(10)]


def die(url: str, how: str, journal: Path | str = "") -> None:
    """Records ten calls in a process that dies at once; "opened": after one that is in the ledger."""
    command = [sys.executable, "-W", "ignore", "-c", DYING, url, how, str(journal)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


def users(url: str) -> list[str]:
    """Who called, once for each call."""
    by_user = ask(open_ledger(url), "generations", by="user").rows
    return sorted(user for row in by_user for user in [row["user"]] * row["generations"])


def take_in(url: str, journal: Path | None = None) -> None:
    """What any program that writes to this ledger does."""
    tracker = Tracker(url, journal_dir=journal)
    tracker.writer.look_around()
    assert tracker.flush(30).waiting == 0
    tracker.close()


def run(*arguments: str, url: str, journal: Path | None = None) -> str:
    """What a command prints."""
    environment = {"LLMTRACK_DATABASE_URL": url, "LLMTRACK_JOURNAL_DIR": str(journal) if journal else None}
    get_settings.cache_clear()
    result = CliRunner(env=environment).invoke(main, arguments)
    get_settings.cache_clear()
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(params=["sqlite", "postgresql"])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two databases of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ours.db'}", f"sqlite:///{tmp_path / 'theirs.db'}"
        return
    for ours in postgres_database():
        for theirs in postgres_database():
            yield ours, theirs


@pytest.mark.slow
@pytest.mark.parametrize("how", ["opened", "never opened"])
def test_what_a_dead_process_left_waits_for_its_own_ledger(how: str, two_urls: tuple[str, str], tmp_path: Path) -> None:
    ours, theirs = two_urls
    journal = tmp_path / "journal"
    die(ours, how, journal)

    take_in(theirs, journal)

    assert users(theirs) == []
    shown = run("status", url=theirs, journal=journal)
    database = ours.rpartition("/")[2]
    assert "Waiting      0 bytes in 0 journal files" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("Not ours")]
    assert "in 1 journal file in" in line
    assert line.endswith(f"/{database}")
    take_in(ours, journal)
    assert users(ours) == TEN + ["first"] * (how == "opened")
    assert list(journal.iterdir()) == []


@pytest.mark.slow
def test_a_ledger_that_was_renamed_finds_what_waits_for_it(tmp_path: Path) -> None:
    before, after = tmp_path / "before.db", tmp_path / "after.db"
    die(f"sqlite:///{before}", "opened")
    for path in tmp_path.glob("before.db*"):
        if path.is_file():
            path.rename(path.with_name(path.name.replace("before", "after")))

    take_in(f"sqlite:///{before}")  # a new ledger in the old one's place
    take_in(f"sqlite:///{after}")

    assert users(f"sqlite:///{before}") == []
    assert users(f"sqlite:///{after}") == [*TEN, "first"]


@pytest.mark.slow
def test_a_copy_leaves_what_waits_to_the_original(tmp_path: Path) -> None:
    original, journal = tmp_path / "original.db", tmp_path / "journal"
    die(f"sqlite:///{original}", "opened", journal)
    with sqlite3.connect(original) as source, sqlite3.connect(tmp_path / "copy.db") as target:
        source.backup(target)

    take_in(f"sqlite:///{tmp_path / 'copy.db'}", journal)
    assert users(f"sqlite:///{tmp_path / 'copy.db'}") == ["first"]
    take_in(f"sqlite:///{original}", journal)
    assert users(f"sqlite:///{original}") == [*TEN, "first"]


def test_a_journal_without_a_mark_is_taken_in_where_only_one_ledger_can_have_left_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    for place in ("ledger.db.journal", "shared"):
        (tmp_path / place).mkdir()
        write_as_before(tmp_path / place / "0123.journal", place)

    take_in(url)
    assert judged(url) == ["ledger.db.journal"]
    assert list((tmp_path / "ledger.db.journal").iterdir()) == []

    take_in(url, tmp_path / "shared")
    assert judged(url) == ["ledger.db.journal"]
    (aside,) = (tmp_path / "shared").iterdir()
    assert f"Set aside    {aside}, of no known ledger" in run("status", url=url, journal=tmp_path / "shared")
    shown = run("flush", "--take", str(aside), url=url, journal=tmp_path / "shared")
    assert shown == "1 records moved into the ledger.\n"
    assert judged(url) == ["ledger.db.journal", "shared"]
    assert list((tmp_path / "shared").iterdir()) == []


@pytest.mark.slow
def test_a_journal_without_a_mark_is_set_aside_where_another_ledger_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    journal = tmp_path / "ledger.db.journal"
    die(f"sqlite:///{tmp_path / 'missing' / 'other.db'}", "never opened", journal)
    write_as_before(journal / "0123.journal", "whose?")

    take_in(url)

    assert judged(url) == []
    assert (journal / "0123.journal.aside").exists()


def write_as_before(path: Path, comment: str) -> None:
    """A journal of a version before: records and no mark."""
    record = f'{{"trace_id": "t", "user_id": "{comment}", "score": 1, "comment": "{comment}", "at": 1760011200000000}}'
    path.write_bytes(encode(f'{{"kind": "feedback", "record": {record}}}'.encode()))


def judged(url: str) -> list[str]:
    """The comments in a ledger."""
    with open_ledger(url).reading() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT comment FROM feedback ORDER BY comment")]


RUNNING = """
import sys, httpx2, llmtrack
from llmtrack.openai import OpenAI
body = b'{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
answer = lambda request: httpx2.Response(200, content=body, headers={"content-type": "application/json"})
client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
tracker = llmtrack.Tracker(sys.argv[1])
llmtrack.track(client, tracker=tracker)
for line in sys.stdin:
    for number in range(40):
        client.chat.completions.create(model="gpt-4o", messages=[], user=f"{line.strip()} {number}")
    print(tracker.flush(20), flush=True)
"""


def removed(path: Path) -> None:
    path.unlink()


def removed_with_its_log(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        if each.is_file():
            each.unlink()


def moved(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replaced(path: Path) -> None:
    shutil.copy(path.with_name("backup.db"), path.with_name("incoming.db"))
    path.with_name("incoming.db").replace(path)


@pytest.mark.slow
@pytest.mark.parametrize("change", [removed, removed_with_its_log, moved, replaced])
def test_calls_are_kept_when_the_database_of_a_running_program_is(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "ledger.db"
    url = f"sqlite:///{path}"
    command = [sys.executable, "-W", "ignore", "-c", RUNNING, url]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None

        def call(name: str) -> str:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(f"{name}\n")
            program.stdin.flush()
            return program.stdout.readline()

        assert call("before") == "Flushed(written=40, waiting=0, failed=0, where=None)\n"
        with sqlite3.connect(path) as source, sqlite3.connect(tmp_path / "backup.db") as target:
            source.backup(target)
        source.close()
        target.close()
        assert call("between") == "Flushed(written=80, waiting=0, failed=0, where=None)\n"
        change(path)
        assert call("after").endswith("waiting=0, failed=0, where=None)\n")
        program.stdin.close()
        assert program.wait(60) == 0
        assert "was removed, moved or replaced; what the path names now is opened" in program.stderr.read()

    # The journal still had what the backup lacks, or the new database: nothing is lost, and nothing is there twice.
    assert users(url) == sorted(f"{name} {n}" for name in ("before", "between", "after") for n in range(40))
    with open_ledger(url).reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    if change is moved:  # It took along all it had been given, although most of that was in its log.
        there = users(f"sqlite:///{tmp_path / 'moved.db'}")
        assert there == sorted(f"{name} {n}" for name in ("before", "between") for n in range(40))
    assert list((tmp_path / "ledger.db.journal").iterdir()) == []


@pytest.mark.slow
def test_a_log_whose_database_is_gone_is_set_aside_and_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    die(f"sqlite:///{path}", "opened", tmp_path / "journal")
    log = path.with_name("ledger.db-wal").read_bytes()
    assert b"first" in log
    path.unlink()

    shown = run("status", url=f"sqlite:///{path}")

    (aside,) = tmp_path.glob("ledger.db-wal.aside-*")
    assert aside.read_bytes() == log
    assert f"Set aside    {aside}, the log of a database that was removed or replaced" in shown


def test_a_journal_says_from_its_first_byte_and_soon_by_its_id_whose_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    tracker = Tracker(url, journal_dir=tmp_path / "journal")
    tracker.record("identity", user_id="alice", attributes={}, at=1)
    (path,) = (tmp_path / "journal").iterdir()
    assert segment.owner_of(path) is not None
    assert path.read_bytes().find(f"sqlite:///{tmp_path / 'ledger.db'}".encode()) > 0
    tracker.flush(20)
    assert segment.owner_of(path) == open_ledger(url).owner
    assert os.stat(path).st_mode & 0o077 == 0
    tracker.close()
