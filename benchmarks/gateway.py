"""What the gateway adds to a call, beside a direct call and LiteLLM's proxy, all with answers of one mock upstream.

    python -m venv LITELLM && LITELLM/bin/pip install 'litellm[proxy]'
    python -m benchmarks.gateway --litellm LITELLM/bin/litellm

Measured are: the gateway alone with one worker, the same where a limit applies, the app with the gateway in it (idle),
and LiteLLM's proxy with one worker, without a database. The first records in a ledger, LiteLLM records nothing.

- Latency: one connection, one request at a time, the servers in turn: a plain answer, and the first byte of a stream
  that is over at once, so that nobody's work on what follows is measured with it.
- A chunk's delay: from leaving the upstream to reaching the caller, in paced streams.
- Processor time: of the server with its children, for plain answers, for streams of 20 chunks that come at once, and
  for a chunk of paced streams, recording included; sixteen connections, the servers in turn.
- Memory: of the server with its children, while 200 streams are open for a minute.

Only figures of one run can be compared. Needs Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.mock_upstream import Caller, Connection
from llmtrack.ledger import open_ledger
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import Limit
from llmtrack.serving.identity import TokenScope, Viewer, make_token

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 16
WARM = 20
"""Requests of each kind that are not counted."""
LIMITED = "with a limit"
LITELLM_KEY = "sk-litellm"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """Something that answers chat completions."""

    name: str
    port: int
    path: str
    key: str
    process: int = 0
    figures: dict[str, str] = field(default_factory=dict)

    def request(self, chunks: int = 0, pause: int = 0) -> bytes:
        """The bytes of a request for a plain answer, or for a stream of so many chunks, so many milliseconds apart."""
        wanted = {"model": "gpt-4o", "messages": [{"role": "user", "content": "word " * 200}]}
        if chunks:
            wanted |= {"stream": True, "max_tokens": chunks, "seed": pause}
        body = json.dumps(wanted).encode()
        head = (
            f"POST {self.path}/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n"
            f"authorization: Bearer {self.key}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def processes(self) -> list[int]:
        """Its process and all below it."""
        found = [self.process]
        for process in found:
            for task in Path(f"/proc/{process}/task").glob("*/children"):
                found += map(int, task.read_text().split())
        return found

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        total = 0.0
        for process in self.processes():
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / _TICKS
        return total

    def memory(self) -> float:
        """Megabytes that are its own and would be free without it."""
        total = 0
        for process in self.processes():
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            total += sum(int(n) for n in re.findall(r"^Private_\w+:\s+(\d+)", text, re.MULTILINE))
        return total / 1000


def many(server: Server, request: bytes, connections: int, seconds: float) -> tuple[int, list[float]]:
    """Answers and delays of chunks, of so many connections that ask again for so many seconds."""

    async def run() -> tuple[int, list[float]]:
        loop, until = asyncio.get_running_loop(), time.monotonic() + seconds
        made = [Caller(request, until, loop.create_future()) for _ in range(connections)]
        for caller in made:
            await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", server.port)  # type: ignore[misc]
        await asyncio.gather(*(caller._done for caller in made))
        return sum(caller.answers for caller in made), [delay for caller in made for delay in caller.delays]

    return asyncio.run(run())


def at(values: list[float], share: float) -> float:
    """A percentile by nearest rank."""
    return sorted(values)[max(0, round(share * len(values)) - 1)]


def measure_latency(servers: list[Server], rounds: int) -> None:
    """One request at a time, the servers in turn; the first is the direct one, which the others are compared with."""
    kinds = {"plain": 0, "first byte": 1}
    taken: dict[tuple[str, str], list[float]] = {(kind, server.name): [] for kind in kinds for server in servers}
    connections = {server.name: Connection(server.port) for server in servers}
    for number in range(rounds + WARM):
        for server in servers:
            for kind, chunks in kinds.items():
                first, whole = connections[server.name].ask(server.request(chunks))
                if number >= WARM:
                    taken[kind, server.name].append(first if chunks else whole)
    for kind in kinds:
        base = taken[kind, servers[0].name]
        for server in servers:
            own = taken[kind, server.name]
            server.figures[f"{kind}, ms p50"] = f"{at(own, 0.5):.2f}"
            server.figures[f"{kind}, ms p99"] = f"{at(own, 0.99):.2f}"
            server.figures[f"{kind}, added p50"] = f"{at(own, 0.5) - at(base, 0.5):+.2f}"
            server.figures[f"{kind}, added p99"] = f"{at(own, 0.99) - at(base, 0.99):+.2f}"


def measure_throughput(servers: list[Server], seconds: float, turns: int) -> None:
    """Requests for a second of the server's processor time."""
    for title, chunks in (("plain", 0), ("streams of 20", 20)):
        totals = {server.name: [0, 0.0] for server in servers}
        for _ in range(turns):
            for server in servers:
                before = server.cpu()
                count, _ = many(server, server.request(chunks), CONNECTIONS, seconds / turns)
                time.sleep(0.3)  # what is recorded gets into the ledger
                totals[server.name][0] += count
                totals[server.name][1] += server.cpu() - before
        for server in servers:
            count, cpu = totals[server.name]
            server.figures[f"{title}, /s a core"] = f"{count / cpu:,.0f}"


def measure_chunks(servers: list[Server], turns: int, chunks: int = 100, pause: int = 20) -> None:
    """Delay and processor time of a chunk, in ten streams at once of one chunk each 20 ms."""
    delays: dict[str, list[float]] = {server.name: [] for server in servers}
    cpu = dict.fromkeys(delays, 0.0)
    for _ in range(turns):
        for server in servers:
            before = server.cpu() if server.process else 0.0
            _, seen = many(server, server.request(chunks, pause), 10, 0)
            time.sleep(0.3)
            delays[server.name] += seen
            if server.process:
                cpu[server.name] += server.cpu() - before
    base = delays[servers[0].name]
    for server in servers:
        own = delays[server.name]
        server.figures["chunk, added ms p50"] = f"{at(own, 0.5) - at(base, 0.5):+.2f}"
        server.figures["chunk, added ms p99"] = f"{at(own, 0.99) - at(base, 0.99):+.2f}"
        if server.process:
            server.figures["chunk, µs of CPU"] = f"{1e6 * cpu[server.name] / len(own):,.0f}"


def measure_memory(server: Server, streams: int, seconds: int, pause: int = 500) -> None:
    """What a server grows by while so many streams are open, each with two chunks a second."""
    many(server, server.request(20, 10), 20, 1)
    time.sleep(1)
    before, most, peak = server.memory(), 0.0, [0.0]

    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        request = server.request(1000 * seconds // pause, pause)
        made = [Caller(request, 0, loop.create_future()) for _ in range(streams)]
        for caller in made:
            await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", server.port)  # type: ignore[misc]
        all_done = asyncio.gather(*(caller._done for caller in made))
        while not all_done.done():
            peak[0] = max(peak[0], await asyncio.to_thread(server.memory))
            await asyncio.wait([all_done], timeout=1)
        assert all(caller.answers == 1 for caller in made)
        return [delay for caller in made for delay in caller.delays]

    delays = asyncio.run(run())
    most = peak[0]
    server.figures[f"{streams} streams, MB more"] = f"{most - before:+.1f}"
    server.figures[f"{streams} streams, MB in all"] = f"{most:.0f}"
    server.figures[f"{streams} streams, chunk ms p50"] = f"{at(delays, 0.5):.2f}"
    server.figures[f"{streams} streams, chunk ms p99"] = f"{at(delays, 0.99):.2f}"


def measure_memories(servers: list[Server], seconds: int) -> None:
    """One server after another."""
    for server in servers if seconds else ():
        measure_memory(server, 200, seconds)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def started(command: list[str], port: int, environment: dict[str, str], log: Path) -> Iterator[int]:
    """A process that listens while the block lasts; yields its id."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=file, stderr=file)
        try:
            deadline = time.monotonic() + 300  # LiteLLM takes its time on a busy machine
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"{command[0]} did not start: {log.read_text()}") from None
                    time.sleep(0.2)
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


def settings_for(folder: Path, name: str, upstream: int, limited: bool) -> tuple[dict[str, str], str]:
    """The environment of a gateway with a ledger of its own, and a token for it."""
    url = f"sqlite:///{folder / name}.db"
    ledger = open_ledger(url)
    admin = Viewer("root", "Root", "admin")
    token = make_token(ledger, admin, "benchmark", [TokenScope.GATEWAY], days=1, service="benchmark")
    if limited:
        set_limit(ledger, Limit(0, "all", "cost", "total", 10**15), by="benchmark")
    environment = {
        "LLMTRACK_DATABASE_URL": url, "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream}/v1", "OPENAI_API_KEY": "sk-x",
        "LLMTRACK_MODEL_LISTS": "false",
    }  # fmt: skip
    return environment, token


def litellm_configuration(folder: Path, upstream: int) -> str:
    """A file that has LiteLLM pass the same model on to the same upstream."""
    path = folder / "litellm.yaml"
    path.write_text(
        json.dumps(
            {
                "model_list": [
                    {"model_name": "gpt-4o", "litellm_params": {
                        "model": "openai/gpt-4o", "api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "sk-x"}}
                ],
                "general_settings": {"master_key": LITELLM_KEY},
                "litellm_settings": {"telemetry": False},
            }
        )
    )  # fmt: skip
    return str(path)


def print_table(servers: list[Server]) -> None:
    """A line for each figure."""
    names = list(dict.fromkeys(name for server in servers for name in server.figures))
    print(f"{'':<30}" + "".join(f"{server.name:>16}" for server in servers))
    for name in names:
        print(f"{name:<30}" + "".join(f"{server.figures.get(name, '-'):>16}" for server in servers), flush=True)
    for server in servers:
        server.figures.clear()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--litellm", help="its command")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=12, help="of throughput, for each server")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--minute", type=int, default=60, help="seconds for which 200 streams are open; 0: none")
    parser.add_argument("--only", help="latency, throughput, chunks or memory")
    parser.add_argument("--without-app", action="store_true")
    given = parser.parse_args()
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder, upstream = Path(name), free_port()
        with ExitStack() as stack:

            def start(title: str, port: int, path: str, key: str, command: list[str], **environment: str) -> Server:
                log = folder / f"{title}.log"
                return Server(title, port, path, key, stack.enter_context(started(command, port, environment, log)))

            start("mock", upstream, "/v1", "", [python, "-m", "benchmarks.mock_upstream", str(upstream)])
            direct = Server("direct", upstream, "/v1", "sk-x")
            made: list[Server] = []
            for title, limited in (("gateway", False), (LIMITED, True)):
                environment, token = settings_for(folder, title.split()[-1], upstream, limited)
                port = free_port()
                command = [python, "-m", "llmtrack", "gateway", "--port", str(port)]
                made.append(start(title, port, "/openai/v1", token, command, **environment))
            if not given.without_app:
                environment, token = settings_for(folder, "app", upstream, False)
                port = free_port()
                command = [python, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
                           "--server.headless", "true"]  # fmt: skip
                made.append(start("in the app", port, "/openai/v1", token, command, **environment))
            if given.litellm:
                port = free_port()
                command = [given.litellm, "--config", litellm_configuration(folder, upstream), "--port", str(port),
                           "--host", "127.0.0.1", "--num_workers", "1"]  # fmt: skip
                quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
                made.append(start("LiteLLM", port, "/v1", LITELLM_KEY, command, **quiet))
            time.sleep(10)  # what starts in the background
            steps: dict[str, Callable[[], None]] = {
                "latency": lambda: measure_latency([direct, *made], given.rounds),
                "chunks": lambda: measure_chunks([direct, *made], given.turns),
                "throughput": lambda: measure_throughput(made, given.seconds, given.turns),
                "memory": lambda: measure_memories([s for s in made if s.name != LIMITED], given.minute),
            }
            for server in made:  # imports, caches, connections
                many(server, server.request(), CONNECTIONS, 1)
                many(server, server.request(20), CONNECTIONS, 1)
            for step, run in steps.items():
                if given.only in (None, step):
                    print(f"{step}; load {os.getloadavg()[0]:.1f}")
                    run()
                    print_table([direct, *made])


if __name__ == "__main__":
    main()
