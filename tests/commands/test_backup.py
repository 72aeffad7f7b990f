"""A backup is the ledger at one moment, whatever writes to it; and the file of an idle app is all there is of it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmtrack.capture.tracker import Tracker
from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from tests.ledger.making import NOON, generation


def count(path: Path) -> int:
    """Calls in a ledger, both in its rows and in its totals."""
    return int(ask(open_ledger(f"sqlite:///{path}"), "generations").totals["generations"])


def back_up(path: Path, *arguments: str) -> str:
    """What `llmtrack backup` prints."""
    result = CliRunner().invoke(main, ["backup", *arguments, "--database", f"sqlite:///{path}"])
    assert result.exit_code in (0, 1), result.output
    return result.output


def test_a_backup_is_the_ledger_at_one_moment_while_others_write(tmp_path: Path) -> None:
    path, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.write([generation(NOON + number) for number in range(50)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM generation")  # not committed: no part of it

        assert back_up(path, str(copy)).startswith(f"{path} copied to {copy} (")
        other.execute("ROLLBACK")

    assert copy.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.glob("copy*")] == ["copy.db"]
    ledger.write([generation(NOON + number) for number in range(50, 60)])
    assert count(copy) == 50
    # Restored, as the help says: it is the same ledger again.
    owner = ledger.owner
    ledger.close()
    backup = tmp_path / "again.db"
    back_up(path, str(backup))
    for name in ("ledger.db-wal", "ledger.db-shm"):
        path.with_name(name).unlink(missing_ok=True)
    backup.replace(path)
    assert count(path) == 60
    assert open_ledger(f"sqlite:///{path}").owner == owner


def test_a_file_that_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    open_ledger(f"sqlite:///{path}").write([generation(NOON)])
    copy.write_text("mine")
    assert "exists: name another file, or add --replace" in back_up(path, str(copy))
    assert copy.read_text() == "mine"
    assert "exists: name another file." in back_up(path, str(path), "--replace")
    assert "is a directory" in back_up(path, str(tmp_path))
    assert "cannot be written" in back_up(path, str(tmp_path / "missing" / "copy.db"))
    assert "copied to" in back_up(path, str(copy), "--replace")
    assert count(copy) == 1


def test_a_ledger_in_postgresql_is_backed_up_by_postgresql(postgres_url: str) -> None:
    result = CliRunner().invoke(main, ["backup", "file.db", "--database", postgres_url])
    assert result.exit_code == 1
    assert "pg_dump" in result.output


@pytest.mark.slow
def test_a_plain_copy_of_an_idle_programs_file_has_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    tracker = Tracker(f"sqlite:///{path}")
    for number in range(5):
        tracker.record("feedback", trace_id=str(number), user_id="ann", score=1, comment=None, at=NOON)
    assert tracker.flush(60).written == 5
    log = path.with_name("ledger.db-wal")
    deadline = time.monotonic() + 60  # five seconds on an idle machine
    while (log.stat().st_size or list(path.with_name("ledger.db.journal").iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)

    shutil.copy(path, tmp_path / "copy.db")

    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM feedback").fetchone() == (5,)
    tracker.close()


@pytest.mark.parametrize("reader", [False, True])
def test_a_program_that_ended_leaves_one_file(reader: bool, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    tracker = Tracker(f"sqlite:///{path}")
    tracker.record("feedback", trace_id="t", user_id="ann", score=1, comment=None, at=NOON)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if reader:  # somebody in the middle of reading is not waited for
            open_ledger(f"sqlite:///{path}")
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM feedback").fetchone()
        assert tracker.close(60).written == 1
    if not reader:
        assert path.with_name("ledger.db-wal").stat().st_size == 0
