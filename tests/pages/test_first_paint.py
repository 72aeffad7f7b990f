"""What the first page loads before it is shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Streamlit itself loads numpy for the icon of the page.
HEAVY = ("pandas", "altair", "pyarrow", "openai", "anthropic", "httpx2")
DRAW = """
import sys
from streamlit.testing.v1 import AppTest
before = set(sys.modules)
app = AppTest.from_file("pages/main.py", default_timeout=60).run()
assert not app.exception and app.chat_input, app
print(" ".join(sorted({name for name in %r if name in sys.modules and name not in before})))
"""


@pytest.mark.slow
def test_the_chat_page_is_drawn_without_pandas_charts_or_provider_sdks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRAW % (HEAVY,)],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == []


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT), "LLMTRACK_PRELOAD": "false"}
