"""What docs/prices.md shows works as shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.pricing import Reason
from llmtrack.pricing.classes import PER

PAGE = (Path(__file__).parents[2] / "docs" / "prices.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.S | re.M)


@pytest.mark.slow
def test_every_command_of_the_page_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks("") for line in block.splitlines() if line.startswith("llmtrack ")]
    assert len(commands) >= 10
    for command in commands:
        result = CliRunner().invoke(main, shlex.split(command)[1:])
        assert result.exit_code == 0, f"{command}\n{result.output}"


def test_every_python_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("python"):
        exec(compile(block, "docs/prices.md", "exec"), {})
    assert "the same number of tokens" in capsys.readouterr().out


def test_the_page_names_every_reason_and_every_class() -> None:
    for reason in set(Reason) - {Reason.INTERNAL_ERROR}:
        assert f"`{reason.value}`" in PAGE
    for name in PER:
        assert f"`{name}`" in PAGE
