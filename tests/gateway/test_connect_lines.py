"""The lines of the Connect page, run as they are copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pages.components.connect.lines import BLOCKS, filled
from tests.gateway.conftest import PATIENCE, Running

NODE = Path(__file__).parents[1] / "node"
WHO = {"OpenAI": "gpt-4o-mini", "Anthropic": "claude-haiku-4-5"}


def run(command: list[str], where: Path) -> str:
    """What it prints."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=PATIENCE * 2)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("language", ["Python", "curl"])
def test_the_lines_for_both_sdks_and_for_curl_make_a_call_that_is_recorded(
    running: Running, tmp_path: Path, language: str
) -> None:
    command = [sys.executable, "-c"] if language == "Python" else ["sh", "-c"]
    for block in BLOCKS[language]:
        assert "Hello" in run([*command, filled(block, running.url, running.token)], tmp_path)
    assert [(row.request_model, row.status) for row in running.rows(2)] == [
        (WHO[block.title], "ok") for block in BLOCKS[language]
    ]


@pytest.mark.slow
def test_the_lines_for_node_make_a_call_that_is_recorded(running: Running) -> None:
    if shutil.which("node") is None or not (NODE / "node_modules" / "openai").is_dir():
        pytest.skip("no program in another language: install Node.js and run `npm ci` in tests/node")
    (block,) = [block for block in BLOCKS["Node"] if block.title == "OpenAI"]
    lines = filled(block, running.url, running.token)
    assert "Hello" in run(["node", "--input-type=module", "-e", lines], NODE)
    assert running.row().request_model == "gpt-4o-mini"


def test_what_the_agents_are_set_up_with_reads_as_it_is_meant(tmp_path: Path) -> None:
    address, token = "https://gateway.example.com", "llmt_" + "a" * 43
    config, shell = (filled(block, address, token) for block in BLOCKS["Codex"])
    assert tomllib.loads(config) == {
        "model_provider": "llmtrack",
        "model_providers": {
            "llmtrack": {
                "name": "llmtrack", "base_url": "https://gateway.example.com/openai/v1", "env_key": "LLMTRACK_TOKEN",
                "wire_api": "responses", "env_http_headers": {"X-Llmtrack-Property-repository": "REPOSITORY"},
            }
        },
    }  # fmt: skip
    by_key, repository, subscription = (filled(block, address, token) for block in BLOCKS["Claude Code"])
    where = tmp_path / "my project"
    where.mkdir()
    for lines, agent, names, values in (
        (shell, "codex", ("LLMTRACK_TOKEN", "REPOSITORY"), (token, "my project")),
        (
            repository + "\n" + by_key, "claude", ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"),
            (f"{address}/anthropic", token, "X-Llmtrack-Property-repository: my project"),
        ),
        (
            "export ANTHROPIC_AUTH_TOKEN=of-before\n" + subscription, "claude",
            ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"),
            (f"{address}/anthropic", "", f"X-Llmtrack-Key: {token}", "X-Llmtrack-Property-repository: my project"),
        ),
    ):  # fmt: skip
        stand_in = tmp_path / agent
        stand_in.write_text("#!/bin/sh\n" + "\n".join(f'echo "${name}"' for name in names) + "\n")
        stand_in.chmod(0o755)
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        assert run(["env", f"PATH={path}", "sh", "-c", lines], where).splitlines() == list(values)
