"""PostgreSQL with more in front of it or beside it: a replica that pages read, and a pooler between."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger import Ledger, LedgerError, open_ledger
from llmtrack.ledger.lists import generations
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.query import runner
from llmtrack.settings import get_settings
from tests.ledger.making import NOON, generation

BIN = max((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), default=None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BIN is None, reason="there are no PostgreSQL binaries to run a second server with"),
]


class Server:
    """A PostgreSQL server of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgresql://llmtrack@127.0.0.1:{self.port}/postgres"

    def run(self, *words: str) -> None:
        become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        assert BIN is not None
        command = [*become, str(BIN / words[0]), *words[1:]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/tmp", timeout=60)

    def start(self) -> None:
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def folder_of(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    folder = tmp_path_factory.mktemp(name)
    for path in (folder, *folder.parents):
        if path == Path(tempfile.gettempdir()):
            break
        path.chmod(0o777)  # for the user who runs the server; with several processes of tests it lies one deeper
    return folder


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(folder_of(tmp_path_factory, "primary"))
    server.run("initdb", "-D", f"{server.folder}/data", "-A", "trust", "-U", "llmtrack", "-N")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def replica(primary: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(folder_of(tmp_path_factory, "replica"))
    source = f"host=127.0.0.1 port={primary.port} user=llmtrack"
    server.run("pg_basebackup", "-d", source, "-D", f"{server.folder}/data", "-R", "-X", "stream", "-c", "fast", "-N")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ledger]]:
    """Opens ledgers by settings of the test's own."""
    opened: list[Ledger] = []

    def made(url: str, **settings: str) -> Ledger:
        monkeypatch.setattr("llmtrack.ledger.open._opened", {})
        for name, value in {"DATABASE_URL": url, **settings}.items():
            monkeypatch.setenv(f"LLMTRACK_{name}", value)
        get_settings.cache_clear()
        opened.append(open_ledger())
        return opened[-1]

    yield made
    for ledger in opened:
        ledger.close()
    get_settings.cache_clear()


def count(ledger: Ledger) -> int:
    return int(ask(ledger, ["generations"]).totals["generations"])


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_pages_read_the_replica_and_say_how_far_it_is_behind(
    primary: Server, replica: Server, fresh: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    ledger = fresh(primary.url, READ_URL=replica.url)
    ledger.write([generation()])
    wait_for(lambda: count(ledger) == 1)
    with psycopg.connect(replica.url, autocommit=True) as there:
        there.execute("SELECT pg_wal_replay_pause()")
        ledger.write([generation(NOON + 5), generation(NOON + 6)])
        with ledger.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM generation").scalar_one() == 3
        assert count(ledger) == 1
        assert len(generations(ledger).rows) == 1
        monkeypatch.setattr(runner, "WORTH_SAYING", 0.5)
        wait_for(lambda: ledger.lag() >= 0.5)
        (warning,) = ask(ledger, ["generations"]).warnings
        assert warning.startswith("This was read from a replica that is ")
        told = CliRunner().invoke(main, ["status"]).output
        assert f"Read from    postgresql+psycopg://127.0.0.1:{replica.port}/postgres, " in told
        there.execute("SELECT pg_wal_replay_resume()")
    wait_for(lambda: count(ledger) == 3)
    assert ledger.lag() == 0
    assert ask(ledger, ["generations"]).warnings == ()


def test_where_the_replica_is_gone_the_ledgers_own_server_is_read(
    primary: Server, replica: Server, fresh: Callable[..., Ledger], caplog: pytest.LogCaptureFixture
) -> None:
    ledger = fresh(primary.url, READ_URL=f"postgresql://llmtrack@127.0.0.1:{free_port()}/postgres")
    before = count(ledger)
    ledger.write([generation()])
    assert count(ledger) == before + 1
    assert caplog.text.count("pages read the ledger's own server") == 1


def test_another_ledgers_replica_is_refused(primary: Server, ledger_url: str, fresh: Callable[..., Ledger]) -> None:
    fresh(primary.url)
    if ledger_url.startswith("sqlite"):
        with pytest.raises(LedgerError, match="LLMTRACK_READ_URL names a replica, which only PostgreSQL has"):
            fresh(ledger_url, READ_URL=primary.url)
        return
    ledger = fresh(ledger_url, READ_URL=primary.url)
    with pytest.raises(LedgerError, match="holds another ledger than LLMTRACK_DATABASE_URL"):
        count(ledger)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="there is no pgbouncer")
def test_a_pooler_in_transaction_mode_may_stand_between(
    primary: Server, fresh: Callable[..., Ledger], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, port = folder_of(tmp_path_factory, "pooler"), free_port()
    (folder / "users.txt").write_text('"llmtrack" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={primary.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        f"default_pool_size = 2\nlogfile = {folder}/log\nunix_socket_dir =\n"
    )
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    pooler = subprocess.Popen([*become, "pgbouncer", "-q", str(folder / "pgbouncer.ini")])
    try:
        wait_for(lambda: answers(port))
        ledger = fresh(f"postgresql://llmtrack@127.0.0.1:{port}/postgres")
        before = count(ledger)
        for number in range(30):  # a driver prepares a statement when it sends it for the sixth time
            ledger.write([generation(NOON + number, user_id=f"user-{number % 3}")])
            with ledger.reading():  # holds one of the two connections, so that the next is another
                assert count(ledger) == before + number + 1
        with ledger.engine.connect() as connection:
            assert connection.connection.driver_connection.prepare_threshold is None
    finally:
        pooler.terminate()
        pooler.wait(10)
    direct = fresh(primary.url)
    with direct.engine.connect() as connection:
        assert connection.connection.driver_connection.prepare_threshold == 5


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
