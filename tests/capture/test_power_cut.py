"""A power cut takes no call that the documents promise to keep: seen from below SQLite, by what was synced to disk."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmtrack.capture.journal.frame import MAGIC
from llmtrack.capture.journal.segment import take_over
from llmtrack.capture.journal.segment_reader import read_batch
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.settings import get_settings

SHIM = Path(__file__).with_name("power_cut.c")
pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc to look at what SQLite syncs"),
    pytest.mark.skipif(sys.platform != "linux", reason="needs LD_PRELOAD and /proc"),
]

CALLER = """
import os, sys, time, httpx2, llmtrack
from llmtrack.openai import OpenAI
body = b'{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
answer = lambda request: httpx2.Response(200, content=body, headers={"content-type": "application/json"})
client = OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
tracker = llmtrack.Tracker(sys.argv[1])
llmtrack.track(client, tracker=tracker)
calls, size = int(sys.argv[2]), int(sys.argv[3])
number = 0
while number != calls:
    prompt = [{"role": "user", "content": "x" * size}]
    client.chat.completions.create(model="gpt-4o", messages=prompt, user=str(number))
    print(number, time.monotonic(), flush=True)
    number += 1
    if sys.argv[4] == "flush" and number % 50 == 0:
        tracker.flush(30)
if sys.argv[4] == "close":
    tracker.close(30)
print("done", flush=True)
time.sleep(100)
"""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that keeps what was synced."""
    made = tmp_path_factory.mktemp("shim") / "power_cut.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(made), str(SHIM), "-ldl"], check=True)
    return made


class Disk:
    """A directory that loses, when the power goes, whatever was not synced."""

    def __init__(self, folder: Path, shim: Path) -> None:
        self.live, self.image, self._shim = folder / "live", folder / "image", shim
        self.live.mkdir()
        self.url = f"sqlite:///{self.live / 'ledger.db'}"

    @contextmanager
    def running(self, calls: int, size: int, end: str = "", **settings: str) -> Iterator[subprocess.Popen[str]]:
        """A program that makes calls; the power goes when the block ends."""
        environment = {
            **os.environ, "LD_PRELOAD": str(self._shim), "CUT_ROOT": f"{self.live}/", "CUT_IMAGE": f"{self.image}/",
            **settings,
        }  # fmt: skip
        command = [sys.executable, "-W", "ignore", "-c", CALLER, self.url, str(calls), str(size), end]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
            try:
                yield program
            finally:
                program.send_signal(signal.SIGKILL)

    def in_journal(self) -> set[str]:
        """Who called in what the journal still holds, as it looks before the power goes."""
        users = set()
        for path in (self.live / "ledger.db.journal").glob("*.journal"):
            segment = take_over(path)
            assert segment is not None
            while segment.done < segment.end:
                batch = read_batch(segment)
                for frame in batch.frames:
                    if frame.ended != "ledger":
                        users.add(frame.request.rpartition(b'"user":"')[2].partition(b'"')[0].decode())
                segment.done = batch.end
            segment.release(delete=False)
        return users

    def restore(self) -> set[str]:
        """Who called in the ledger, once a program has started on what was left."""
        shutil.rmtree(self.live)
        self.image.mkdir(exist_ok=True)
        self.image.rename(self.live)
        for young in self.live.rglob("*.young"):
            young.unlink()
        tracker = Tracker(self.url)
        tracker.writer.look_around()
        tracker.close(60)
        rows = ask(open_ledger(self.url), "generations", by="user").rows
        assert all(row["generations"] == 1 for row in rows), "a call is there twice"
        return {row["user"] for row in rows}


@pytest.fixture
def disk(tmp_path: Path, shim: Path) -> Disk:
    """A disk of the test's own."""
    return Disk(tmp_path, shim)


def wait_for_end(program: subprocess.Popen[str]) -> None:
    """Until the program has nothing left to do."""
    assert program.stdout is not None
    for line in program.stdout:
        if line == "done\n":
            return
    raise AssertionError("it ended early")


@pytest.mark.slow
def test_a_journal_is_deleted_only_when_the_rows_survive_a_power_cut(disk: Disk) -> None:
    with disk.running(200, 20_000, "flush") as program:
        wait_for_end(program)
        journal = disk.live / "ledger.db.journal"
        deadline = time.monotonic() + 60
        while len(list(journal.glob("*.journal"))) > 2 and time.monotonic() < deadline:
            time.sleep(0.05)  # the writer gets to the end of a segment, and deletes it
    in_journal = disk.in_journal()
    assert len(in_journal) < 150, "some of 4 MB in segments of 1 MB have been deleted"
    left = disk.restore()
    assert {str(number) for number in range(200)} - in_journal <= left


@pytest.mark.slow
def test_what_a_program_had_written_when_it_closed_survives_a_power_cut(disk: Disk) -> None:
    with disk.running(20, 100, "close") as program:
        wait_for_end(program)
    assert disk.in_journal() == set()
    assert disk.restore() == {str(number) for number in range(20)}


@pytest.mark.slow
def test_with_durability_power_the_journal_is_synced_while_the_ledger_is_away(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.url = f"sqlite:///{disk.live / 'missing' / 'ledger.db'}"
    monkeypatch.setenv("LLMTRACK_JOURNAL_DIR", str(disk.live / "journal"))
    with disk.running(30, 100, LLMTRACK_DURABILITY="power") as program:
        wait_for_end(program)
        deadline = time.monotonic() + 60
        while synced(disk.image / "journal") < 31 and time.monotonic() < deadline:  # one says whose they are
            time.sleep(0.05)
    (disk.image / "missing").mkdir(parents=True)
    get_settings.cache_clear()
    assert disk.restore() == {str(number) for number in range(30)}


def synced(journal: Path) -> int:
    """How many records of a journal have been synced."""
    return sum(path.read_bytes().count(MAGIC) for path in journal.glob("*.journal"))


@pytest.mark.full
@pytest.mark.parametrize("round", range(20))
def test_no_call_answered_200_ms_before_a_power_cut_is_lost(round: int, disk: Disk) -> None:
    with disk.running(-1, 500, LLMTRACK_DURABILITY="power") as program:
        assert program.stdout is not None
        answered: list[tuple[str, float]] = []
        for line in program.stdout:
            number, at = line.split()
            answered.append((number, float(at)))
            if len(answered) == 200 + 100 * round:
                break
        program.send_signal(signal.SIGKILL)
        cut = time.monotonic()
    promised = {number for number, at in answered if at < cut - 0.2}
    left = disk.restore()
    logging.getLogger(__name__).warning("answered %d, promised %d, kept %d", len(answered), len(promised), len(left))
    assert promised <= left
