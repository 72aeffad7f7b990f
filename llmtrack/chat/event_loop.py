"""The one asyncio loop on which the chat talks to providers, in a daemon thread started when first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_thread: threading.Thread | None = None
_loop: asyncio.AbstractEventLoop | None = None


def get() -> asyncio.AbstractEventLoop:
    """The loop, running."""
    global _thread, _loop
    with _lock:
        if _loop is None or _thread is None or not _thread.is_alive():
            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_loop.run_forever, name="llmtrack-replies", daemon=True)
            _thread.start()
        return _loop


def is_running() -> bool:
    """Whether anything has needed it yet."""
    return _thread is not None and _thread.is_alive()


def submit(work: Coroutine[Any, Any, Any]) -> None:
    """Runs a coroutine on the loop and does not wait for it."""
    asyncio.run_coroutine_threadsafe(work, get())


def run(work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """Runs a coroutine on the loop and waits for it, from any other thread. Raises `TimeoutError`."""
    return asyncio.run_coroutine_threadsafe(work, get()).result(timeout)
