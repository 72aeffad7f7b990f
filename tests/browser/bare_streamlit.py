"""A page of Streamlit's own parts in a server of its own, to be measured beside ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.browser.app_server import free_port


@contextmanager
def bare_streamlit(directory: Path, script: str, settings: Mapping[str, str] = {}) -> Iterator[tuple[str, int]]:
    """Serve the script from `directory`: its address and the process. `settings` are environment variables."""
    port = free_port()
    directory.mkdir(exist_ok=True)
    (directory / "bare.py").write_text(script)
    command = [sys.executable, "-m", "streamlit", "run", "bare.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), **settings}
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    while "URL" not in process.stdout.readline():
        pass
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
