"""Opening a ledger, or one sentence that says why not and what to do."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from llmtrack.ledger import LedgerError, open_ledger
from llmtrack.ledger.migrations import VERSION_TABLE

pytestmark = pytest.mark.makes_tables


def refused(url: str) -> str:
    """The sentence with which this address is refused."""
    with pytest.raises(LedgerError) as caught:
        open_ledger(url)
    message = str(caught.value)
    assert "\n" not in message
    assert re.fullmatch(r"[^\n]+\.", message)
    return message


def test_the_address_of_the_settings_is_opened_by_default(tmp_path: Path) -> None:
    open_ledger()
    assert (tmp_path / "llmtrack.db").exists()


def test_the_same_address_is_opened_once(ledger_url: str) -> None:
    assert open_ledger(ledger_url) is open_ledger(ledger_url)


def test_a_path_is_relative_to_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_ledger("sqlite:///here.db").name == str(tmp_path / "here.db")


def test_sqlite_is_set_up_for_several_processes(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ledger.reading() as connection:
        wanted = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30_000, "auto_vacuum": 2}
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted}
    assert found == wanted


def test_an_address_that_is_none_is_refused_without_showing_it() -> None:
    message = refused("hunter2 is my password")
    assert "LLMTRACK_DATABASE_URL" in message
    assert "hunter2" not in message


def test_another_kind_of_database_is_refused() -> None:
    assert "'mysql'" in refused("mysql://user@host/database")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_ledger_that_would_be_forgotten_is_refused(url: str) -> None:
    assert "names no file" in refused(url)


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    message = refused(f"sqlite:///{tmp_path}/missing/ledger.db")
    assert f"{tmp_path}/missing is no directory" in message


def test_a_directory_is_no_ledger(tmp_path: Path) -> None:
    assert f"{tmp_path} is a directory" in refused(f"sqlite:///{tmp_path}")


def test_a_path_that_cannot_be_written_is_refused() -> None:
    assert "/proc/ledger.db" in refused("sqlite:////proc/ledger.db")


def test_a_file_without_write_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.db"
    path.touch(mode=0o400)
    monkeypatch.setattr(os, "access", lambda place, mode: place != path)  # tests may run as root, who may do anything
    assert f"{path} cannot be written" in refused(f"sqlite:///{path}")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 100)
    assert f"{path} is not an SQLite database" in refused(f"sqlite:///{path}")
    assert path.read_text() == "dear diary, " * 100


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE message (id INTEGER)")
    assert "already has a table named 'message'" in refused(f"sqlite:///{path}")
    with sqlite3.connect(path) as other:
        assert [row[0] for row in other.execute("SELECT name FROM sqlite_master")] == ["message"]


@pytest.mark.slow
def test_a_ledger_made_by_a_newer_version_is_refused_and_left_alone(ledger_url: str) -> None:
    ledger = open_ledger(ledger_url)
    ledger.transact(lambda c: c.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    ledger.close()
    message = subprocess.run([sys.executable, "-c", OPEN, ledger_url], capture_output=True, text=True).stdout
    assert "made by a newer llmtrack" in message
    assert "revision 9999" in message
    assert "upgrade llmtrack" in message


OPEN = """
import sys
from llmtrack.ledger import LedgerError, open_ledger
try:
    with open_ledger(sys.argv[1]).reading() as connection:
        print("tables", len(connection.exec_driver_sql("SELECT * FROM generation").fetchall()))
except LedgerError as error:
    print(error)
"""


def test_a_server_that_is_down_is_said_without_the_password() -> None:
    message = refused("postgresql://someone:hunter2@127.0.0.1:1/ledger")
    assert "cannot be reached" in message
    assert "127.0.0.1:1" in message
    assert "hunter2" not in message


def test_no_part_of_an_address_that_lets_somebody_in_is_shown() -> None:
    message = refused("postgresql://someone:hunter2@127.0.0.1:1/ledger?password=hunter3&application_name=app")
    assert "postgresql+psycopg://127.0.0.1:1/ledger?" in message
    assert "application_name=app" in message
    assert [secret for secret in ("someone", "hunter2", "hunter3") if secret in message] == []
    assert "hunter2" not in refused("sqlite://someone:hunter2@")


@pytest.mark.slow
def test_the_name_of_a_ledger_is_its_address_without_user_and_password(postgres_url: str) -> None:
    host = postgres_url.partition("@")[2]
    ledger = open_ledger(f"{postgres_url}?application_name=app&sslpassword=hunter2")
    assert ledger.name == f"postgresql+psycopg://{host}?application_name=app&sslpassword=***"
    ledger.close()


@pytest.mark.slow
def test_many_processes_may_open_a_new_ledger_at_once(ledger_url: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, ledger_url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(4)
    ]
    said = [process.communicate()[0].decode() for process in processes]
    assert said == ["tables 0\n"] * 4


def test_a_child_process_opens_connections_of_its_own(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.write([], [("before", 1)])
    child = os.fork()
    if child == 0:
        again = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
        again.write([], [("child", 2)])
        os._exit(0 if again is not ledger else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (ledger.progress("before"), ledger.progress("child")) == (1, 2)


def test_a_ledger_and_what_lies_beside_it_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)  # which would let everybody read and write
    try:
        made = open_ledger(f"sqlite:///{tmp_path / 'made.db'}")
        made.write([])
        assert modes(tmp_path, "made.db*") == {0o600}
        with closing(sqlite3.connect(tmp_path / "made.db")) as source:
            for name in ("older.db", "older.db.backup-1-20260101T000000Z"):
                with closing(sqlite3.connect(tmp_path / name)) as target:
                    source.backup(target)
        (tmp_path / "older.db.turn").touch(0o666)
        assert modes(tmp_path, "older.db*") - {0o600}

        older = open_ledger(f"sqlite:///{tmp_path / 'older.db'}")
        older.write([])
    finally:
        os.umask(before)
    assert len(list(tmp_path.glob("older.db*"))) >= 5
    assert modes(tmp_path, "older.db*") == {0o600}


def modes(directory: Path, pattern: str) -> set[int]:
    """The permissions of files."""
    return {path.stat().st_mode & 0o777 for path in directory.glob(pattern)}
