"""The API on a port of its own, for clients that others wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from llmtrack.serving import api, web

PATIENCE = 30


@contextmanager
def listening() -> Iterator[str]:
    """The address of a server with the settings of this process, while the block lasts."""
    app = Starlette(routes=api.routes(), middleware=web.MIDDLEWARE)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
