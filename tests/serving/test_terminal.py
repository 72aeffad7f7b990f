"""What the terminal says where the app was started: where it is, or why it serves nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.browser.app_server import PATIENCE, ROOT, free_port


def printed_until(end: str, directory: Path, **settings: str) -> str:
    """What `streamlit run app.py` prints until a line has `end` in it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(free_port())],
        cwd=directory,
        env={**kept, "HOME": str(directory), "PYTHONUNBUFFERED": "1", **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    patience = threading.Timer(PATIENCE, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            lines.append(line)
            if end in line:
                break
        process.send_signal(signal.SIGINT)
        lines += process.communicate(timeout=PATIENCE)[0]
    finally:
        patience.cancel()
        process.kill()
        process.wait()
    return "".join(lines)


@pytest.mark.slow
def test_without_sign_in_the_terminal_too_says_that_nobody_is_served_elsewhere(tmp_path: Path) -> None:
    told = printed_until("Until then", tmp_path, STREAMLIT_SERVER_ADDRESS="0.0.0.0")
    assert "This server listens on 0.0.0.0, where others can reach it" in told
    assert "Until then every page says so, and shows nothing else." in told
    assert "URL" not in told
    assert "http://" not in told


@pytest.mark.slow
def test_on_this_machine_the_terminal_names_the_address(tmp_path: Path) -> None:
    told = printed_until("URL:", tmp_path)
    assert "llmtrack is ready in your browser." in told
    assert "URL: http://127.0.0.1:" in told
