"""`llmtrack gateway` as a process of its own, with several workers on one ledger."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from tests.gateway.conftest import raw, token_of
from tests.provider import Provider

PATIENCE = 120
CHAT = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'


@pytest.mark.slow
def test_workers_share_a_ledger_and_lose_no_row_at_their_end(provider: Provider, clean_environment: None) -> None:
    ledger = open_ledger()
    headers = {"x-api-key": token_of(ledger), "content-type": "application/json"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llmtrack", "gateway", "--port", str(port), "--workers", "2"]
    gateway = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                assert raw(url, "GET", "/healthz", {}).body == b'{"status":"ok"}'
                break
            except OSError:
                assert gateway.poll() is None, gateway.communicate()
                assert time.monotonic() < deadline, "it did not start"
                time.sleep(0.1)
        for _ in range(20):
            answer = raw(url, "POST", "/openai/v1/chat/completions", headers, CHAT)
            assert answer.status == 200
        assert raw(url, "GET", "/elsewhere", {}).status == 404
        gateway.send_signal(signal.SIGTERM)
        gateway.communicate(timeout=PATIENCE)
    finally:
        gateway.kill()
        gateway.communicate()
    assert ask(ledger, "generations").totals["generations"] == 20
