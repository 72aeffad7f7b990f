"""The pages that are made from the code say what the code says, and leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from llmtrack.cli import main
from llmtrack.ledger.schema.rollups import TABLES
from llmtrack.settings import ProviderSettings, Settings
from tests.documents import DOCS, PAGES, made

ROOT = Path(__file__).parent.parent


def page(name: str) -> str:
    """The text of a page of `docs/`."""
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_makes_of_it(name: str) -> None:
    assert page(name) == made(name), "run: python -m tests.documents"


def test_every_table_is_described() -> None:
    assert [table for table in TABLES if f"### `{table}`" not in page("schema.md")] == []


def test_every_command_has_a_section_and_every_option_a_meaning() -> None:
    files = {path.stem.replace("_", "-") for path in (ROOT / "llmtrack" / "commands").glob("[a-z]*.py")}
    assert files == set(main.list_commands(click.Context(main)))
    assert [name for name in sorted(files) if f"\n## `llmtrack {name}`\n" not in page("cli.md")] == []
    rows = re.findall(r"^\| `(--.+?)` \| (.*) \|$", page("cli.md"), re.MULTILINE)
    assert len(rows) > 40
    assert [option for option, meaning in rows if not meaning] == []


def test_every_setting_has_a_default_a_value_and_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \|$", page("settings.md"), re.MULTILINE)
    names = [name.removeprefix("LLMTRACK_").lower() for name, *_ in rows]
    assert names == [*Settings.model_fields, *ProviderSettings.model_fields]
    assert [row for row in rows if "None" in row] == []
