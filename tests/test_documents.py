"""The pages that are made from the code say what the code says, and leave nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from llmtrack.cli import main
from llmtrack.ledger.schema.rollups import TABLES
from llmtrack.settings import ProviderSettings, Settings
from llmtrack.warning_settings import WebhookSettings
from tests.documents import DOCS, PAGES, made

ROOT = Path(__file__).parent.parent


def page(name: str) -> str:
    """The text of a page of `docs/`."""
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_makes_of_it(name: str) -> None:
    assert page(name) == made(name), "run: python -m tests.documents"


def test_every_table_is_described() -> None:
    assert [table for table in TABLES if f"### `{table}`" not in page("schema.md")] == []


def test_every_command_has_a_section_and_every_option_a_meaning() -> None:
    files = {path.stem.replace("_", "-") for path in (ROOT / "llmtrack" / "commands").rglob("[a-z]*.py")}
    assert files == set(main.list_commands(click.Context(main)))
    assert [name for name in sorted(files) if f"\n## `llmtrack {name}`\n" not in page("cli.md")] == []
    rows = re.findall(r"^\| `(--.+?)` \| (.*) \|$", page("cli.md"), re.MULTILINE)
    assert len(rows) > 40
    assert [option for option, meaning in rows if not meaning] == []


def test_every_setting_has_a_default_a_value_and_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \|$", page("settings.md"), re.MULTILINE)
    names = [name.removeprefix("LLMTRACK_").lower() for name, *_ in rows]
    assert names == [*Settings.model_fields, *ProviderSettings.model_fields, *WebhookSettings.model_fields]
    assert [row for row in rows if "None" in row] == []


WRITTEN = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
"""What is written by hand or made, and read by people."""


def test_every_decision_cited_has_its_page_and_no_page_outside_the_repository_is_cited() -> None:
    pages = {int(path.name[:4]) for path in (DOCS / "decisions").glob("*.md")}
    sources = [path for room in ("llmtrack", "pages", "tests", "benchmarks") for path in (ROOT / room).rglob("*.py")]
    cited = {
        (path.relative_to(ROOT).as_posix(), int(number))
        for path in [*sources, *WRITTEN]
        for number in re.findall(r"\bdecision (\d+)", path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 5
    assert [citation for citation in sorted(cited) if citation[1] not in pages] == []
    ours = [path for path in sources if path.name != "test_documents.py"]
    assert [path for path in ours if re.search(r"design\.md|house\.md", path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_a_page_names_is_there(path: Path) -> None:
    """Links, and paths in backticks that begin with a folder of the repository (of the SDKs' own, on one page)."""
    text = path.read_text(encoding="utf-8")
    links = [path.parent / link for link in re.findall(r"\]\((?!http|#|mailto)([^)#\s]+)", text)]
    named = (
        []
        if path.name == "sdk-suites.md"
        else re.findall(r"`((?:llmtrack|pages|tests|docs|benchmarks|\.ci)/[\w./-]*)`", text)
    )
    assert [str(name) for name in [*links, *(ROOT / name for name in named)] if not name.exists()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.name)
def test_a_benchmark_can_be_started_as_it_says_from_a_clone_that_is_not_installed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    as_file, as_module = f"python benchmarks/{path.name}" in text, f"python -m benchmarks.{path.stem}" in text
    in_the_replay = f"--adapter benchmarks/{path.name}" in text
    assert as_file or as_module or in_the_replay, "its docstring says how to start it"
    assert as_module or re.search(r"^sys\.path\.insert\(0, ", text, re.MULTILINE), "it finds llmtrack beside itself"
