"""The app as a user starts it: `streamlit run app.py` in a process of its own, with a database of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds for what takes a second on an idle machine."""
SERVING: set[str] = set()
"""The addresses of the apps that run."""


@dataclass
class AppServer:
    """A running app."""

    url: str
    directory: Path
    """Where it was started: its database is here."""
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)
    """Every line it has printed."""
    printed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def database_url(self) -> str:
        """Its database, as the settings have it by default."""
        return f"sqlite:///{self.directory / 'llmtrack.db'}"

    def wait_for(self, seen: Callable[[], bool]) -> None:
        """Wait until what it has printed makes `seen` true."""
        with self.printed:
            assert self.printed.wait_for(seen, PATIENCE), "It was not printed:\n" + "".join(self.log)


@contextmanager
def running_app(
    directory: Path, settings: Mapping[str, str] = {}, python: tuple[str, ...] = (), port: int | None = None
) -> Iterator[AppServer]:
    """Start the app in an empty `directory`, wait until it serves, and stop it as Ctrl-C does.

    `settings` are environment variables, `python` options of the interpreter; `port` is a free one unless it is given.
    """
    port = port or free_port()
    command = [sys.executable, *python, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=directory,
        env=_environment(directory, settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = AppServer(f"http://127.0.0.1:{port}", directory, process)
    serving = threading.Event()
    reader = threading.Thread(target=_read, args=(server, serving), daemon=True)
    reader.start()
    try:
        if not serving.wait(PATIENCE) or process.poll() is not None:
            raise RuntimeError("The app did not start:\n" + "".join(server.log))
        SERVING.add(server.url)
        yield server
    finally:
        SERVING.discard(server.url)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def _read(server: AppServer, serving: threading.Event) -> None:
    assert server.process.stdout is not None
    for line in server.process.stdout:
        with server.printed:
            server.log.append(line)
            server.printed.notify_all()
        if "URL:" in line:
            serving.set()
    serving.set()  # it ended; whoever waits finds that out


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _environment(directory: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """What a newcomer's shell has: a path and a language, and nothing that configures us."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(directory), "PYTHONUNBUFFERED": "1", "PYTHONPATH": "", **settings}
