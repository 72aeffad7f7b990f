"""One writer at a time in an SQLite file, and nobody waits for a process that does not write."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from llmtrack.ledger import open_ledger
from llmtrack.ledger.database import write_lock

FORK_WHILE_WRITING = """
import os, sys, threading, time
from llmtrack.ledger import open_ledger

ledger = open_ledger(sys.argv[1])
writing, written = threading.Event(), threading.Event()

def write(connection):
    writing.set()
    written.wait()

thread = threading.Thread(target=ledger.transact, args=(write,), daemon=True)
thread.start()
writing.wait()
pid = os.fork()
if pid == 0:
    time.sleep(60)
    os._exit(0)
print(pid, flush=True)
if sys.argv[2] == "ends":
    written.set()
    thread.join()
    print("wrote", flush=True)
time.sleep(60)
"""


@contextmanager
def program(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The program above and its child's process id, both gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORK_WHILE_WRITING, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        yield process, child
    finally:
        process.kill()
        os.kill(child, signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_forked_during_a_write_holds_nobody_up_when_the_write_has_ended(tmp_path: Path) -> None:
    with program(f"sqlite:///{tmp_path / 'ledger.db'}", "ends") as (process, child):
        assert process.stdout is not None
        assert process.stdout.readline() == "wrote\n"
        os.kill(child, 0)  # it lives
        with FileLock(tmp_path / "ledger.db.turn", timeout=10):  # the program itself may be tidying up
            pass


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_forked_during_a_write_holds_nobody_up_when_its_parent_is_killed(tmp_path: Path) -> None:
    with program(f"sqlite:///{tmp_path / 'ledger.db'}", "hangs") as (process, child):
        with pytest.raises(Timeout):
            FileLock(tmp_path / "ledger.db.turn", timeout=0).acquire()
        process.kill()
        process.wait()
        os.kill(child, 0)
        with FileLock(tmp_path / "ledger.db.turn", timeout=10):  # the child may not have let go of it yet
            pass


def test_a_writer_that_hangs_is_named_in_the_log_and_waited_for_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    monkeypatch.setattr(write_lock, "TIMEOUT", 0)
    free = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with FileLock(tmp_path / "ledger.db.turn"):
            held.set()
            free.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        with caplog.at_level(logging.WARNING, logger="llmtrack"):
            ledger.write([], [("segment", 1)])
    finally:
        free.set()
        thread.join()
    assert ledger.progress("segment") == 1
    path = tmp_path / "ledger.db.turn"
    assert caplog.messages == [f"Another process has held {path} for 0 seconds; writing without waiting for it"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_ledger_opened_before_a_fork_can_be_written_in_the_child(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.write([], [("parent", 1)])
    child = os.fork()
    if child == 0:
        try:
            ledger.write([], [("child", 2)])
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert (ledger.progress("parent"), ledger.progress("child")) == (1, 2)
