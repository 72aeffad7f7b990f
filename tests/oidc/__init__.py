"""A real identity provider on this machine, written by others: npm's `oidc-provider`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLIENT_SECRET = "client-secret-of-the-test"
PASSWORD = "secret"


@contextmanager
def identity_provider(port: int, redirect_uri: str) -> Iterator[str]:
    """The provider's address while it runs. Skips where it is not installed (`npm ci` in this directory)."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").is_dir():
        pytest.skip("no identity provider to sign in with: install Node.js and run `npm ci` in tests/oidc")
    command = [node, "provider.mjs", str(port), redirect_uri]
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n", "the identity provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
