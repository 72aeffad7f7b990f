"""What the README and docs/api.md show of the API works, and no route goes unmentioned."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from llmtrack import own_version
from llmtrack.ledger.periods import billing_cycle, to_micros
from llmtrack.pricing.usage import Cost
from llmtrack.serving.api.application import make_app
from llmtrack.settings import Settings, variable_of
from tests.ledger.making import generation
from tests.serving.api.conftest import Server
from tests.serving.api.live import listening

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The README's block after ``<!-- mark -->``."""
    found = re.search(
        rf"^<!-- {mark} -->\n```\w+\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert found, mark
    return found[1]


def test_the_billing_job_bills_the_last_cycle_exactly(small_server: Server, tmp_path: Path) -> None:
    previous = billing_cycle(back=1)
    small_server.ledger.write([
        generation(to_micros(previous.until - timedelta(seconds=1)), user_id="alice"),
        generation(to_micros(previous.since), user_id="alice"),
        generation(to_micros(previous.since), user_id="bob & co", cost=Cost("unpriced", reason="no_price")),
        generation(to_micros(previous.until), user_id="alice"),
    ])  # fmt: skip
    job = block("billing")
    assert len([line for line in job.splitlines() if line]) <= 20
    with listening() as url:
        environment = {
            "LLMTRACK_SERVER": url,
            "LLMTRACK_TOKEN": small_server.tokens["service"],
            "PATH": "/usr/bin:/bin",
        }
        done = subprocess.run([sys.executable, "-c", job], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    start = f"{previous.since:%Y-%m-%dT%H:%M:%SZ}"
    model = "gpt-4o-2024-08-06"
    assert sorted(done.stdout.splitlines()) == [f"alice,{start},{model},0.0009,0", f"bob & co,{start},{model},,1"]


def test_the_tutorials_question_is_answered_to_curl(small_server: Server) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    small_server.ledger.write([generation(to_micros(datetime.now(UTC)), user_id="alice")])
    with listening() as url:
        environment = {"LLMTRACK_SERVER": url, "LLMTRACK_TOKEN": small_server.tokens["alice"], "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            ["bash", "-c", block("curl")], env=environment, capture_output=True, text=True, timeout=60
        )
    usage = json.loads(done.stdout)
    assert (usage["user_id"], usage["generations"], usage["cost"]) == ("alice", 1, "0.00045")


@pytest.mark.slow
def test_every_route_and_setting_is_described(server: Server) -> None:
    document = server.client.get("/api/openapi.json").json()
    named = set(re.findall(r"/(?:api|metrics|readyz)[\w/{}]*", PAGE))
    assert set(document["paths"]) <= named
    settings = set(re.findall(r"LLMTRACK_[A-Z_]+", PAGE)) - {"LLMTRACK_TOKEN"}
    assert settings <= {variable_of(name) for name in Settings.model_fields}


def test_the_api_answers_where_the_package_runs_from_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's first commands install the requirements and not llmtrack itself."""

    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(own_version, "version", not_installed)
    assert make_app().openapi()["info"]["version"] == "unknown (not installed)"
