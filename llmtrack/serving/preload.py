"""Imports heavy modules in the background, so that no first click waits for them."""

from __future__ import annotations

import gc
import importlib
import logging
import threading

IDLE_SECONDS = 20.0
"""After this long a server that nobody has opened preloads."""
PAUSE_SECONDS = 0.2
"""Between two modules, so that a page can be drawn meanwhile."""
MODULES = (
    "openai",
    "anthropic",
    "llmtrack.openai",
    "llmtrack.anthropic",
    "sqlalchemy.orm",
    "llmtrack.ledger.metrics",
    "llmtrack.ledger.lists",
    "pandas",
    "pyarrow",
    "altair",
)
_log = logging.getLogger(__name__)
_started = threading.Event()
_wanted = threading.Event()


def start_when_idle(enabled: bool | None = None) -> None:
    """Start the preloading thread; it waits for `now` or `IDLE_SECONDS`. Once per process, further calls do nothing."""
    if _started.is_set() or not (_setting() if enabled is None else enabled):
        return
    _started.set()
    threading.Thread(target=_run, name="llmtrack-preload", daemon=True).start()


def now() -> None:
    """The first page has been drawn: let the preloading begin."""
    _wanted.set()


def _setting() -> bool:
    from llmtrack.settings import get_settings

    return get_settings().preload


def _run() -> None:
    _wanted.wait(IDLE_SECONDS)
    pause = threading.Event()
    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception:
            # The page that needs it will say what is wrong; the server itself is fine.
            _log.warning("Could not preload %s", name, exc_info=True)
        pause.wait(PAUSE_SECONDS)
    try:
        # Answers that a killed server left unfinished, and the providers' own lists of models.
        importlib.import_module("llmtrack.chat.startup").after_start()
    except Exception:
        _log.warning("The chat could not be warmed up", exc_info=True)
    # Modules live as long as the process: taking them out of the collector's sight halves the cost of every rerun.
    gc.collect()
    gc.freeze()
