"""What is lost when a process is killed, the database is locked, or PostgreSQL goes away: nothing, or this says what.

    python benchmarks/durability.py                        # SQLite: twenty kills, a lock of ten seconds
    python benchmarks/durability.py --postgres BIN_DIR     # and PostgreSQL stopped and started under load
    python benchmarks/durability.py --price                # only what LLMTRACK_DURABILITY=power costs the caller
    python benchmarks/durability.py --writer               # only how many rows a second the writer writes

`BIN_DIR` is where `initdb` and `pg_ctl` are, such as /usr/lib/postgresql/15/bin; a cluster of its own is made in a
temporary folder (as user `postgres` when run as root). Calls go through the real OpenAI SDK to a transport inside the
process.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CALLS = 1000


def client(tracker: Any, prefix: str) -> Any:
    """A tracked client whose answers have the ids ``prefix-0``, ``prefix-1``, …"""
    import itertools

    import httpx2

    import llmtrack
    from llmtrack.openai import OpenAI

    counter = itertools.count()

    def answer(request: httpx2.Request) -> httpx2.Response:
        message = {"role": "assistant", "content": "Hello " * 50}
        body = {
            "id": f"{prefix}-{next(counter)}", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
        }  # fmt: skip
        return httpx2.Response(200, json=body)

    made = OpenAI(api_key="sk-not-a-key", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
    return llmtrack.track(made, tracker=tracker)


def ask(openai: Any) -> None:
    """One call."""
    openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Say hello. " * 20}])


def die(url: str, prefix: str) -> None:
    """Receives `CALLS` answers and is killed at once, as `kill -9` does."""
    from llmtrack import Tracker

    openai = client(Tracker(database_url=url), prefix)
    for _ in range(CALLS):
        ask(openai)
    os.kill(os.getpid(), signal.SIGKILL)


def kills(times: int) -> None:
    """Kills `times` processes, lets this one take over what they left, and counts rows."""
    from llmtrack import Tracker

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        for number in range(times):
            died = subprocess.run([sys.executable, __file__, "--die", url, f"run{number}"], check=False, cwd=folder)
            if died.returncode != -signal.SIGKILL:
                sys.exit(f"the child ended with {died.returncode} instead of being killed")
        left = sum(path.stat().st_size for path in Path(f"{folder}/ledger.db.journal").glob("*.journal"))
        tracker = Tracker(database_url=url)
        tracker.flush(120)
        tracker.close()
        rows, distinct = count(url)
    expected = times * CALLS
    print(
        f"kill -9: {times} x {CALLS} answers, {left / 1e6:.1f} MB left in journals by the dead; "
        f"rows {rows}, lost {expected - distinct}, twice {rows - distinct}"
    )


def count(url: str) -> tuple[int, int]:
    """Rows, and distinct response ids among them."""
    query = "SELECT count(*), count(DISTINCT response_id) FROM generation"
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            row = database.execute(query).fetchone()
    else:
        import psycopg

        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
            row = connection.execute(query).fetchone()
    return row[0], row[1]


class Load:
    """Threads that call until told to stop, and how long the tracker held each call at its end."""

    def __init__(self, tracker: Any, threads: int = 2, pause: float = 0.002) -> None:
        self.answers = 0
        self.held: list[float] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pause = pause
        finish = tracker.finish

        def timed(*arguments: Any) -> None:
            before = time.perf_counter()
            finish(*arguments)
            self.held.append((time.perf_counter() - before) * 1000)

        tracker.finish = timed
        self._threads = [
            threading.Thread(target=self._run, args=(client(tracker, f"load{n}"),), daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, openai: Any) -> None:
        while not self._stop.wait(self._pause):
            ask(openai)
            with self._lock:
                self.answers += 1

    def so_far(self) -> str:
        """The held times since the last call of this, in milliseconds."""
        held, self.held = sorted(self.held), []
        if not held:
            return "no calls"
        return (
            f"{len(held)} calls, held by the tracker p50 {statistics.median(held):.3f} ms, "
            f"p99 {held[int(len(held) * 0.99)]:.3f} ms, worst {held[-1]:.3f} ms"
        )

    def stop(self) -> int:
        """Ends the threads; how many answers they got."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.answers


def locked(seconds: float) -> None:
    """Another process holds the write lock for `seconds` under load."""
    from llmtrack import Tracker

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        tracker = Tracker(database_url=url)
        load = Load(tracker)
        time.sleep(3)
        load.so_far()
        time.sleep(seconds)
        print(f"before the lock: {load.so_far()}")
        holder = (
            "import sqlite3,sys,time; d=sqlite3.connect(sys.argv[1],isolation_level=None,timeout=30); "
            "d.execute('BEGIN IMMEDIATE'); print('held',flush=True); "
            "time.sleep(float(sys.argv[2])); d.execute('COMMIT')"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", holder, f"{folder}/ledger.db", str(seconds)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        load.so_far()
        process.wait()
        print(f"locked {seconds:.0f} s:  {load.so_far()}")
        answers = load.stop()
        flushed = tracker.flush(60)
        tracker.close()
        rows, distinct = count(url)
    lost, twice = answers - distinct, rows - distinct
    print(f"after the lock: {answers} answers, rows {rows}, lost {lost}, twice {twice}; {flushed}")


@contextlib.contextmanager
def cluster(bin_dir: Path) -> Iterator[tuple[str, Any]]:
    """A PostgreSQL server of our own: its URL, and a function that runs `pg_ctl`."""
    folder = Path(tempfile.mkdtemp(prefix="llmtrack-pg-"))
    folder.chmod(0o777)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def run(*words: str) -> None:
        subprocess.run([*become, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    def control(*words: str) -> None:
        run(str(bin_dir / "pg_ctl"), "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", *words)

    run(str(bin_dir / "initdb"), "-D", f"{folder}/data", "-A", "trust", "-U", "llmtrack")
    with (folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\n")
    control("start")
    try:
        yield f"postgresql+psycopg://llmtrack@127.0.0.1:{port}/postgres", control
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def postgres(bin_dir: Path) -> None:
    """PostgreSQL is stopped for five seconds, twice, under load."""
    from llmtrack import Tracker

    with cluster(bin_dir) as (url, control), tempfile.TemporaryDirectory() as journals:
        tracker = Tracker(database_url=url, journal_dir=journals)
        load = Load(tracker)
        for mode in ("fast", "immediate"):
            time.sleep(3)
            load.so_far()
            control("-m", mode, "stop")
            time.sleep(5)
            print(f"PostgreSQL stopped ({mode}): {load.so_far()}")
            control("start")
        time.sleep(2)
        answers = load.stop()
        flushed = tracker.flush(60)
        tracker.close()
        rows, distinct = count(url)
        lost, twice = answers - distinct, rows - distinct
        print(f"PostgreSQL back: {answers} answers, rows {rows}, lost {lost}, twice {twice}; {flushed}")


def price(rounds: int = 12, calls: int = 200) -> None:
    """What a call takes with the journal synced in groups, beside one without: blocks next to each other."""
    from llmtrack import Tracker

    with tempfile.TemporaryDirectory(dir=".") as folder:
        trackers = {
            name: Tracker(f"sqlite:///{folder}/{name}.db", durability=kind)
            for name, kind in (("process", "process"), ("again", "process"), ("power", "power"))
        }
        clients = {name: client(tracker, name) for name, tracker in trackers.items()}
        wall: dict[str, list[float]] = {name: [] for name in trackers}
        cpu: dict[str, list[float]] = {name: [] for name in trackers}
        for turn in range(rounds + 1):
            for name, openai in clients.items():
                walls, cpus = [], []
                for _ in range(calls):
                    at, busy = time.perf_counter(), time.thread_time()
                    ask(openai)
                    walls.append(time.perf_counter() - at)
                    cpus.append(time.thread_time() - busy)
                trackers[name].flush(60)
                if turn:  # the first is for imports
                    wall[name].append(statistics.median(walls))
                    cpu[name].append(statistics.median(cpus))
        for tracker in trackers.values():
            tracker.close()
    for kind, numbers in (("thread-CPU", cpu), ("wall", wall)):
        for name in ("again", "power"):
            added = statistics.median(b - a for a, b in zip(numbers["process"], numbers[name], strict=True))
            label = "power" if name == "power" else "process again (the noise)"
            print(f"{kind}: {label} {added * 1e6:+.1f} us a call, of {statistics.median(numbers['process']) * 1e6:.0f}")


def raw_insert(folder: str, turn: int, calls: int) -> float:
    """Processor time of inserting a call with its text and its totals, made before: the least a writer could take."""
    from llmtrack.ledger import open_ledger

    path = f"{folder}/ledger.db"
    open_ledger(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as there:
        rows: dict[str, list[Any]] = {}
        inserts: dict[str, str] = {}
        tables = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'rollup_%' OR name LIKE 'sketch_%')"
        )
        for table in ("generation", "generation_text", *(row[0] for row in there.execute(tables))):
            rows[table] = there.execute(f"SELECT * FROM {table} ORDER BY 1 DESC LIMIT {calls}").fetchall()
            if rows[table]:
                inserts[table] = f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[table][0]))})"
    empty = f"{folder}/raw{turn}.db"
    open_ledger(f"sqlite:///{empty}")
    with contextlib.closing(sqlite3.connect(empty, isolation_level=None)) as there:
        busy = time.thread_time()
        there.execute("BEGIN IMMEDIATE")
        for table, insert in inserts.items():
            there.executemany(insert, rows[table])
        there.execute("COMMIT")
        return (time.thread_time() - busy) / calls


def writer(rounds: int = 4, calls: int = 1000) -> None:
    """How fast the writer empties a journal that filled while the ledger was locked: rows a second, and CPU a row.

    Beside it, in the same run, what SQLite alone takes to insert the rows that came of them, read and priced before.
    """
    from llmtrack import Tracker

    with tempfile.TemporaryDirectory() as folder:
        tracker = Tracker(database_url=f"sqlite:///{folder}/ledger.db")
        openai = client(tracker, "writer")
        ask(openai)
        tracker.flush(60)
        rates, cpus = [], []
        for turn in range(rounds + 1):
            holder = sqlite3.connect(f"{folder}/ledger.db", isolation_level=None, timeout=30)
            holder.execute("BEGIN IMMEDIATE")
            for _ in range(calls):
                ask(openai)
            at, busy = time.perf_counter(), time.process_time()
            holder.execute("COMMIT")
            holder.close()
            flushed = tracker.flush(300)
            if turn:  # the first is for imports
                rates.append(calls / (time.perf_counter() - at))
                cpus.append((time.process_time() - busy) / calls)
            if flushed.waiting or flushed.failed:
                sys.exit(f"the writer left something: {flushed}")
        tracker.close()
        raws = [raw_insert(folder, turn, calls) for turn in range(rounds)]
    cpu, raw = statistics.median(cpus) * 1e6, statistics.median(raws) * 1e6
    print(
        f"writer: {statistics.median(rates):,.0f} rows/s (median of {rounds} times {calls:,} rows), "
        f"{cpu:.0f} us of processor time a row; SQLite alone {raw:.0f} us to insert it: {raw / cpu:.2f} of the writer's"
    )


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--die", nargs=2, metavar=("URL", "PREFIX"), help=argparse.SUPPRESS)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--postgres", type=Path, metavar="BIN_DIR")
    parser.add_argument("--price", action="store_true")
    parser.add_argument("--writer", action="store_true")
    asked = parser.parse_args()
    if asked.die:
        die(*asked.die)
    print(json.dumps({"load": os.getloadavg()[0]}))
    if asked.price:
        price()
        return
    if asked.writer:
        writer()
        return
    kills(asked.kills)
    locked(asked.seconds)
    if asked.postgres:
        postgres(asked.postgres)


if __name__ == "__main__":
    main()
