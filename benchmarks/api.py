"""How long `GET /api/usage` takes for one user, beside the page's own query and a bare Starlette route; and exports.

    python benchmarks/ledger.py build --rows 1000000 --database sqlite:///bench.db
    python benchmarks/api.py --database sqlite:///bench.db [--only usage] [--only exports]

The server is uvicorn in a process of its own, the clients are threads of this one that keep their connections, one
alone and then 16. The page's query runs in this process, without HTTP. All three are measured in the same run; so is
the processor time that the server takes for a request, which a busy machine changes less (Linux only).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CLIENTS = 16
CYCLE = "2026-10"
SERVER = """
import sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from llmtrack.serving import api, web

async def bare(request):
    return JSONResponse({"status": "ok"})

app = Starlette(routes=[Route("/bare", bare), *api.routes()], middleware=web.MIDDLEWARE)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""


def percentile(seconds: list[float], share: float) -> float:
    """In milliseconds, by nearest rank."""
    return 1000 * sorted(seconds)[max(0, round(share * len(seconds)) - 1)]


def report(name: str, seconds: list[float], whole: float) -> None:
    """Prints a line."""
    line = f"{name:<34} p50 {percentile(seconds, 0.5):8.2f} ms   p99 {percentile(seconds, 0.99):8.2f} ms"
    print(f"{line}   {len(seconds) / whole:8.0f} /s")


def asked(port: int, path: str, token: str, count: int) -> list[float]:
    """Seconds of `count` requests over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(time.perf_counter() - began)
        assert answer.status == 200, body
    connection.close()
    return seconds


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has taken so far, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """What a process holds in memory of its own: without the pages of the ledger's file, which SQLite maps."""
    (held,) = re.findall(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(held) / 1000


def exported(port: int, pid: int, token: str, query: str) -> None:
    """Reads a file to its end and prints what it took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    before, used, began = megabytes(pid), cpu_seconds(pid), time.perf_counter()
    connection.request("GET", f"/api/export?{query}", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    size, most = 0, before
    while piece := answer.read(1 << 16):
        size += len(piece)
        most = max(most, megabytes(pid))
    passed, spent = time.perf_counter() - began, cpu_seconds(pid) - used
    connection.close()
    print(
        f"{query:<28}{size / 1e6:9.1f} MB in {passed:6.1f} s ({spent:.1f} s of CPU); the server held "
        f"{before:.0f} MB, at most {most:.0f}, then {megabytes(pid):.0f}"
    )


def measured(name: str, run: Callable[[int], list[float]], clients: int, count: int) -> None:
    """Runs `clients` at once, each `count` times."""
    run(max(1, count // 10))
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        each = list(threads.map(run, [count] * clients))
    whole = time.perf_counter() - began
    report(f"{name}, {clients} client{'s' if clients > 1 else ''}", [s for seconds in each for s in seconds], whole)


def measure_usage(
    port: int, pid: int, token: str, user: str, requests: int, query: Callable[[int], list[float]]
) -> None:
    """Prints the lines about `GET /api/usage`."""
    path = f"/api/usage?user_id={user}&cycle={CYCLE}"
    for clients in (1, CLIENTS):
        count = requests if clients == 1 else max(20, requests // 4)
        measured("bare Starlette route", lambda n: asked(port, "/bare", token, n), clients, count)
        measured("GET /api/usage", lambda n: asked(port, path, token, n), clients, count)
        measured("the page's query, no HTTP", query, clients, count)
    bare, usage = (statistics.median(asked(port, p, token, requests)) for p in ("/bare", path))
    print(f"GET /api/usage over the bare route: {1000 * (usage - bare):.2f} ms (median, 1 client)")
    taken = {}
    for p in ("/bare", path):
        before = cpu_seconds(pid)
        asked(port, p, token, 1_000)
        taken[p] = cpu_seconds(pid) - before
    print(f"the same in processor time of the server: {taken[path] - taken['/bare']:.2f} ms a request")
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    print("cost", json.loads(connection.getresponse().read())["cost"])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", default="sqlite:///bench.db")
    parser.add_argument("--user", default="user-0003")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--only", choices=("usage", "exports"), action="append")
    given = parser.parse_args()
    wanted = given.only or ("usage", "exports")
    os.environ.update(LLMTRACK_DATABASE_URL=given.database, LLMTRACK_API_REQUESTS_PER_MINUTE="1000000")

    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.metrics import ask
    from llmtrack.serving.api.usage import METRICS, cycle_of
    from llmtrack.serving.identity import TokenScope, Viewer, make_token

    ledger = open_ledger()
    admin = Viewer("bench", "bench", "admin")
    token = make_token(ledger, admin, "bench", [TokenScope.ADMIN_READ], days=1, service="bench")
    period = cycle_of(CYCLE)
    by = ["provider", "model"]

    def query(count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            ask(
                ledger,
                METRICS,
                by,
                since=period.since,
                until=period.until,
                where={"user": [given.user]},
            )
            seconds.append(time.perf_counter() - began)
        return seconds

    rows = ask(ledger, "generations").totals["generations"]
    of_user = ask(ledger, "generations", where={"user": given.user}, since=period.since, until=period.until).totals
    print(f"{rows:,} generations; {of_user['generations']:,} of {given.user} in {CYCLE}; load {os.getloadavg()[0]:.1f}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        if "usage" in wanted:
            measure_usage(port, server.pid, token, given.user, given.requests, query)
        if "exports" in wanted:
            warm = f"format=parquet&since={CYCLE}-01&until={CYCLE}-03"  # what is imported once does not count
            exported(port, server.pid, token, warm)
            for kind in ("csv", "jsonl", "parquet"):
                exported(port, server.pid, token, f"format={kind}")
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    main()
