"""`docs/python-api.md` is what the code says, and its examples print what they say they print."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.pricing import refresh
from tests.documents.python_api import EXAMPLES, SECTIONS, names_used, public_names
from tests.provider import Provider


@pytest.fixture
def _sandbox(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A ledger of the example's own, and the fake provider."""
    url = f"sqlite:///{tmp_path / 'example.db'}"
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", url)
    tracker = Tracker(database_url=url, journal_dir=tmp_path / "journal")
    before = set_default_tracker(tracker)
    yield
    refresh.stop()
    set_default_tracker(before)
    tracker.close(5)


def test_every_example_is_on_the_page() -> None:
    shown = {example for examples in SECTIONS.values() for example in examples}
    assert shown == {path.stem for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("module", SECTIONS)
def test_every_public_name_is_in_an_example_of_its_section(module: str) -> None:
    used = {
        name for example in SECTIONS[module] for name in names_used((EXAMPLES / f"{example}.py").read_text("utf-8"))
    }
    assert [name for name in public_names(import_module(module)) if (module, name) not in used] == []


@pytest.mark.usefixtures("_sandbox")
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_prints_what_it_says(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    expected = re.findall(r"^ *print\(.*  # (.*)$", source, re.MULTILINE)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, str(path), "exec"), {"__name__": "__main__"})
    assert printed.getvalue().splitlines() == expected
    assert expected != []
