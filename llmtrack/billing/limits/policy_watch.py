"""The limits as this process knows them: never older than some seconds, and remembered where the ledger is away."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from llmtrack.ledger.limits import Policy, as_json, from_json, read_policy, version_of
from llmtrack.ledger.owner import address_of

MOST_AGE = 4.0
"""Seconds after which the limits are read again."""
WAIT_SECONDS = 2.0
"""How long a call waits for the first reading."""


class PolicyWatch:
    """Reads the limits of a ledger again and again."""

    def __init__(self, url: Callable[[], str], directory: Callable[[], Path]) -> None:
        self._url = url
        self._directory = directory
        self._reading = threading.Lock()
        self.policy = Policy()
        self.read_at = -MOST_AGE
        """When they were last asked for (`time.monotonic`)."""
        self.failure: Exception | None = None
        """Why they could not be read, the last time."""
        self._answers = True
        self._thread: threading.Thread | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether they were read in the last seconds."""
        return time.monotonic() - self.read_at < MOST_AGE

    def refresh(self) -> None:
        """Reads them again, unless another thread does. Waits `WAIT_SECONDS` at most. Raises nothing."""
        if self._url().startswith("sqlite"):
            self._read()
            return
        # A server may take its time to answer, or never do: one that did not answer is not waited for again.
        thread = self._thread
        if thread is None or not thread.is_alive():
            thread = self._thread = threading.Thread(target=self._read, name="llmtrack-limits-read", daemon=True)
            thread.start()
        if self._answers:
            thread.join(WAIT_SECONDS)
        self._answers = self.failure is None and not thread.is_alive()
        if not self._answers:
            self.read_at = time.monotonic()

    def _read(self) -> None:
        if not self._reading.acquire(blocking=False):
            return
        try:
            policy = self._current()
            if policy is not self.policy:
                self.policy = policy
                self._remember(policy)
            self.failure = None
        except Exception as error:
            self.failure = error
            if not self.policy.version:
                self.policy = self._remembered()
        finally:
            self.read_at = time.monotonic()
            self._reading.release()

    def _current(self) -> Policy:
        from llmtrack.ledger.limits import peek_version

        version = peek_version(self._url())
        if version == 0:
            return self.policy if self.policy.version == 0 else Policy()
        if version is not None and version == self.policy.version:
            return self.policy
        from llmtrack.ledger import open_ledger

        ledger = open_ledger(self._url())
        with ledger.reading() as connection:
            version = version_of(connection)
            if version == self.policy.version:
                return self.policy
            return read_policy(connection, ledger.dialect, version)

    # -- for a process that starts while the ledger is away ----------------------------------------------------------

    def _path(self) -> Path:
        digest = blake2b(address_of(self._url()).encode(), digest_size=8).hexdigest()
        return self._directory() / f"limits-{digest}.json"

    def _remember(self, policy: Policy) -> None:
        try:
            path = self._path()
            if not policy.version:
                path.unlink(missing_ok=True)
                return
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            young = path.with_suffix(f".{os.getpid()}")
            with open(young, "w", opener=lambda name, flags: os.open(name, flags, 0o600), encoding="utf-8") as file:
                json.dump({"version": policy.version, "limits": [as_json(limit) for limit in policy.limits]}, file)
            young.replace(path)
        except OSError:
            return  # only a convenience for other processes

    def _remembered(self) -> Policy:
        try:
            values = json.loads(self._path().read_text(encoding="utf-8"))
            return Policy([from_json(limit) for limit in values["limits"]], -1)
        except (OSError, ValueError, KeyError):
            return self.policy
