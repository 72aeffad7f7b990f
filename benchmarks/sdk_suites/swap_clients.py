"""A pytest plugin for the SDKs' own test suites, in which every client is one of llmtrack's. See docs/sdk-suites.md.

    SWAP=classes  `openai.OpenAI` is `llmtrack.openai.OpenAI`, and so on, before any test module is imported
    SWAP=track    the SDK's class stays, and what it makes is tracked in place (`llmtrack.track`)
    SWAP=none     nothing is changed: what the suite does by itself

At the end it says how many rows reached the ledger, and what llmtrack counts as failed on its side.
"""

from __future__ import annotations

import collections
import functools
import importlib
import inspect
import json
import os
import sqlite3
import sys
import tempfile
from typing import Any

MODE = os.environ.get("SWAP", "classes")
FOLDER = tempfile.mkdtemp(prefix="llmtrack-suite-")
PUBLIC = {
    "openai": {"openai", "openai.lib.azure", "openai.lib.bedrock"},
    "anthropic": {
        "anthropic",
        *(f"anthropic.lib.{name}" for name in ("aws", "bedrock", "foundry", "google_cloud", "vertex")),
    },
}
"""Where people import clients from. The SDK's own code goes on with its own classes (`isinstance`, `super`)."""
TRACKER: Any = None


def clients(package: str) -> dict[type, type]:
    """Each client class of an SDK, and ours."""
    sdk, ours = importlib.import_module(package), importlib.import_module(f"llmtrack.{package}")
    named = {name: value for name, value in vars(ours).items() if inspect.isclass(value)}
    return {
        getattr(sdk, name): kind
        for name, kind in named.items()
        if hasattr(kind, "with_options") and getattr(sdk, name, kind) is not kind
    }


def swap(package: str) -> None:
    """In every public module of the SDK the name of a client leads to ours."""
    table = clients(package)
    for name in PUBLIC[package]:
        module = sys.modules.get(name) or importlib.import_module(name)
        for key, value in list(vars(module).items()):
            if isinstance(value, type) and value in table:
                setattr(module, key, table[value])


def track_all(package: str) -> None:
    """A client is tracked in place as soon as it is made."""
    from llmtrack import track
    from llmtrack.capture.sdk import is_tracked

    for kind in clients(package):

        def __init__(self: Any, *args: Any, _plain: Any = kind.__init__, _kind: type = kind, **options: Any) -> None:
            _plain(self, *args, **options)
            if type(self) is _kind and not is_tracked(self):
                track(self)

        kind.__init__ = functools.wraps(kind.__init__)(__init__)  # type: ignore[misc]


def begin() -> None:
    """Makes a tracker now: tests clear the environment, from which the default one would be made later."""
    global TRACKER
    from llmtrack.capture.tracker import Tracker, set_default_tracker

    TRACKER = Tracker(f"sqlite:///{FOLDER}/ledger.db", f"{FOLDER}/journal")
    set_default_tracker(TRACKER)
    for package in PUBLIC:
        (swap if MODE == "classes" else track_all)(package)


def pytest_runtest_setup(item: Any) -> None:
    """Each test's server is another one at the same address: what an earlier one showed is forgotten."""
    if MODE != "none":
        from llmtrack.capture import stream_usage

        for server in stream_usage._servers.get(TRACKER, {}).values():
            server.__init__(server.host)  # type: ignore[misc]  # clients hold on to it


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says what became of the calls."""
    if TRACKER is None:
        return
    flushed = TRACKER.flush(120)
    rows: collections.Counter[str] = collections.Counter()
    if flushed.written:
        with sqlite3.connect(f"{FOLDER}/ledger.db") as ledger:
            rows.update(status for (status,) in ledger.execute("SELECT status FROM generations"))
    seen = {"flushed": str(flushed), "failed": TRACKER.health.counts(), "rows": rows}
    terminalreporter.write_line(f"llmtrack: {json.dumps(seen)}")


if MODE != "none":
    begin()
