"""A statement under way in a process of its own, killed at the limit of its time and when nobody waits for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from llmtrack.ledger.sql_access.errors import SqlError, too_large, too_slow
from llmtrack.ledger.sql_access.result import SqlResult, decode_cell, unique

MOST_ROWS, MOST_BYTES = 10_000, 8_000_000
"""Of a result; what goes beyond either is cut off."""
AT_ONCE = 2
"""Statements that this process runs at the same time."""
_GRACE_SECONDS = 2.0
"""How long a process may go on after the time of its statement, before it is killed."""
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH", "HOME")
"""What the process is given, and what begins with PG: settings of ours and keys of providers stay here."""
_BESIDE_LLMTRACK = Path(__file__).parents[3]
"""The folder that this very package is imported from."""
_slots = threading.BoundedSemaphore(AT_ONCE)


class RunningStatement:
    """To be used as a context: leaving it ends the process."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        """Starts the process. Raises `SqlError` where as many as may run at once do already."""
        if not _slots.acquire(blocking=False):
            raise SqlError(f"{AT_ONCE} statements are running already: try again when one has ended.", "busy")
        self._began = time.monotonic()
        self._seconds = float(request["seconds"])
        self._output: bytes | None = None
        self._killed = False
        self._request: bytes | None = json.dumps(request).encode()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "llmtrack.ledger.sql_access.child"],
                cwd=_BESIDE_LLMTRACK, env=_environment(), close_fds=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except BaseException:
            _slots.release()
            raise

    def __enter__(self) -> RunningStatement:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        _slots.release()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> bool:
        """Waits that long at most; returns whether it has ended. Kills it where its time is over."""
        if self._output is None:
            left = self._began + self._seconds + _GRACE_SECONDS - time.monotonic()
            try:
                self._output, _ = self._process.communicate(self._request, timeout=max(0.0, min(seconds, left)))
            except subprocess.TimeoutExpired:
                if left <= seconds:
                    self._killed = True
                    self._kill()
                    self._output = b""
            self._request = None  # handed over with the first wait
        return self._output is not None

    def result(self) -> SqlResult:
        """The rows, once it has ended. Raises `SqlError` where there are none."""
        while not self.wait(self._seconds):
            continue
        took = time.monotonic() - self._began
        ended_by = -self._process.returncode
        if self._killed or ended_by == getattr(signal, "SIGXCPU", None):
            raise too_slow(self._seconds)
        if ended_by > 0:
            raise too_large()
        try:
            answer = json.loads(self._output or b"")
        except ValueError:
            raise SqlError("The process that runs statements ended without a result.", "failed") from None
        if "error" in answer:
            raise SqlError(answer["error"], answer["reason"], answer["position"])
        rows = tuple(tuple(map(decode_cell, row)) for row in answer["rows"])
        return SqlResult(unique(answer["columns"]), rows, answer["cut"], took)

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith("PG")}
