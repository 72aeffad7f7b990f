"""The house keeps its shape: who may import whom, and what importing costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.structure import FOLDERS, MODULES, ROOT, circles, graph, imports_of, modules_in, rooms_of

MAY_IMPORT = {
    "ids": set(),
    "lazy": set(),
    "masking": set(),
    "settings": {"masking"},
    "pricing": {"ids"},
    "ledger": {"lazy", "ids", "masking", "settings", "pricing"},
    "limits": {"ids", "settings", "pricing", "ledger"},
    "capture": {"lazy", "ids", "masking", "settings", "pricing", "ledger", "limits"},
    "openai": {"ids", "settings", "capture", "limits"},
    "anthropic": {"ids", "settings", "capture", "limits"},
    "chat": {"lazy", "ids", "masking", "settings", "pricing", "ledger", "limits", "capture", "openai", "anthropic", ""},
    "serving": {"ids", "settings", "pricing", "ledger", "limits", "capture", "chat", ""},
    "sample": {"ids", "settings", "pricing", "ledger"},
    "": {"ids", "settings", "pricing", "ledger", "limits", "capture"},
    "cli": {"commands", "settings", "ledger", ""},
    "commands": {"ids", "settings", "pricing", "ledger", "limits", "capture", "serving", "sample", "cli", ""},
    "__main__": {"cli"},
}
"""Each room of `llmtrack` (``""`` is the package itself) with the rooms it may walk into."""

CAPTURE_ORDER = (
    {"endpoints", "errors", "exchange", "health", "plain", "sending", "credentials"},
    {"context", "readers"},
    {"tracked_call"},
    {"journal"},
    {"tracker"},
    {"sdk", "spans", "users_and_feedback", "lost"},
)
"""The rooms and modules of `llmtrack.capture`, each line importing only what stands on the lines above it."""

SDKS = {"openai", "anthropic"}
DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "sqlite3", "psycopg"}
NEVER = {
    "": {"streamlit", "pandas", "altair"} | SDKS | DATABASE,
    "pricing": SDKS | DATABASE,
    "ledger": SDKS,
    "limits": SDKS,
    "capture": DATABASE,
    "capture.readers": SDKS | DATABASE,
    "openai": {"anthropic"} | DATABASE,
    "anthropic": {"openai"} | DATABASE,
    "chat": DATABASE,
    "serving": SDKS | DATABASE,
}
"""What a room never imports from outside."""

PAGES = {"app": ROOT / "app.py"} | {name: path for name, path in MODULES.items() if name.startswith("pages")}
LIBRARY = {name: path for name, path in MODULES.items() if name.startswith("llmtrack")}


def room(module: str) -> str:
    """The room of a module of ours."""
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("module", LIBRARY)
def test_a_room_imports_only_the_rooms_drawn_before_it(module: str) -> None:
    here = room(module)
    assert here in MAY_IMPORT, f"{here} is a new room: draw it in MAY_IMPORT"
    ours = {room(name) for name in imports_of(MODULES[module], module) if name.split(".")[0] == "llmtrack"}
    assert ours - {here} <= MAY_IMPORT[here]


def test_capture_is_built_from_the_exchange_up_to_the_sdk() -> None:
    place = "llmtrack.capture."
    line_of = {place + name: line for line, names in enumerate(CAPTURE_ORDER) for name in names}
    arrows = rooms_of(place.rstrip("."))
    assert set(arrows) <= set(line_of), "a new module: draw it in CAPTURE_ORDER"
    upward = [(room, to) for room, imported in arrows.items() for to in imported if line_of[to] >= line_of[room]]
    assert upward == []


def test_no_modules_of_capture_import_each_other_in_a_circle() -> None:
    modules = {name: imported for name, imported in graph().items() if name.startswith("llmtrack.capture.")}
    assert circles(modules) == []


@pytest.mark.parametrize("module", LIBRARY)
def test_a_room_keeps_foreign_things_out(module: str) -> None:
    foreign = {name.split(".")[0] for name in imports_of(MODULES[module], module)} - {"llmtrack"}
    inside = module.removeprefix("llmtrack").removeprefix(".")
    kept_out = {"streamlit"} | (NEVER[""] if not inside else set())
    for place, names in NEVER.items():
        if place and (inside == place or inside.startswith(f"{place}.")):
            kept_out |= names
    assert not foreign & kept_out


@pytest.mark.parametrize("module", [*LIBRARY, *PAGES])
def test_a_folder_inside_a_room_is_reached_through_its_front_door(module: str) -> None:
    path = LIBRARY.get(module) or PAGES[module]
    behind = []
    for name in imports_of(path, module):
        parts = name.split(".")
        folder = ".".join(parts[:3])
        inside = parts[0] == "llmtrack" and len(parts) > 3 and name in MODULES and folder in FOLDERS
        if inside and not f"{module}.".startswith(".".join(parts[:2]) + "."):
            behind.append(name)
    assert behind == []


@pytest.mark.parametrize("module", PAGES)
def test_a_page_knows_neither_sdk_nor_database(module: str) -> None:
    imported = set(imports_of(PAGES[module], module))
    assert not {name.split(".")[0] for name in imported} & (SDKS | DATABASE)
    inner = ("llmtrack.ledger.database", "llmtrack.ledger.schema", "llmtrack.ledger.write", "llmtrack.capture.journal")
    assert [name for name in imported if name.startswith(inner)] == []


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_folder_holds_no_more_than_can_be_seen_at_once(folder: str) -> None:
    assert len(modules_in(folder)) <= 20


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import llmtrack", {"openai", "anthropic", "httpx2", "sqlalchemy", "sqlmodel", "pandas", "genai_prices"}),
        ("import llmtrack.openai", {"anthropic", "sqlalchemy", "sqlmodel", "pandas", "genai_prices", "streamlit"}),
        ("import llmtrack.anthropic", {"openai", "sqlalchemy", "sqlmodel", "pandas", "genai_prices", "streamlit"}),
        ("import llmtrack.ledger", {"sqlalchemy", "sqlmodel", "pandas", "openai", "anthropic"}),
        ("import llmtrack.settings", {"sqlalchemy", "sqlmodel", "pandas", "openai", "anthropic", "streamlit"}),
    ],
)
def test_importing_is_light(statement: str, unwanted: set[str]) -> None:
    script = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & unwanted
