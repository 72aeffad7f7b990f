"""Work that waits for the ledger: in threads of its own, so that the event loop goes on, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from llmtrack.ledger.metrics import Cancel
from llmtrack.serving.api.problems import Problem
from llmtrack.settings import get_settings

THREADS = 8
"""Questions of the API at once; more wait. Fewer than a ledger has connections, so that pages find one too."""

T = TypeVar("T")
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="llmtrack-api")


async def in_thread(work: Callable[[Cancel], T]) -> T:
    """The result of `work`. Gives up after `api_timeout` seconds: cancels the query and raises `Problem` 503."""
    cancel = Cancel()
    seconds = get_settings().api_timeout
    waiting = asyncio.get_running_loop().run_in_executor(_threads, work, cancel)
    try:
        return await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        detail = f"No answer within {seconds:g} seconds: ask about a shorter time, or set LLMTRACK_API_TIMEOUT."
        raise Problem(503, detail, {"retry-after": "10"}) from None
    finally:
        if not waiting.done() or waiting.cancelled():
            cancel()
