"""The page about the tables says what the code says."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ledger.schema.rollups import TABLES

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"


def test_the_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(main, ["schema"]).output
    assert PAGE.read_text(encoding="utf-8") == printed, "run: llmtrack schema > docs/schema.md"


def test_every_table_is_described() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in TABLES if f"### `{name}`" not in page] == []
