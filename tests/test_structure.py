"""The house keeps its shape: who may import whom, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure import FOLDERS, MODULES, ROOT, circles, graph, imports_of, modules_in, rooms_of

WORDS = {"statuses", "error_types"}
MAY_IMPORT = {
    "ids": set(),
    "statuses": set(),
    "error_types": set(),
    "frozen": set(),
    "lazy": set(),
    "masking": set(),
    "sign_in_settings": set(),
    "api_settings": set(),
    "gateway_settings": set(),
    "warning_settings": set(),
    "own_version": set(),
    "settings": {"masking", "sign_in_settings", "api_settings", "gateway_settings", "warning_settings"},
    "pricing": {"frozen", "ids", "statuses"},
    "ledger": {"lazy", "ids", "masking", "settings", "pricing"} | WORDS,
    "limits": set(),
    "billing": {"lazy", "ids", "masking", "own_version", "settings", "warning_settings", "pricing", "ledger", "limits"}
    | WORDS,
    "capture": {"frozen", "lazy", "ids", "masking", "settings", "pricing", "ledger", "limits", "billing"} | WORDS,
    "openai": {"ids", "settings", "capture", "limits"},
    "anthropic": {"ids", "settings", "capture", "limits"},
    "chat": {
        "lazy",
        "ids",
        "masking",
        "settings",
        "pricing",
        "ledger",
        "limits",
        "billing",
        "capture",
        "openai",
        "anthropic",
        "",
    }
    | WORDS,
    "serving": {
        "lazy",
        "ids",
        "masking",
        "own_version",
        "settings",
        "sign_in_settings",
        "pricing",
        "ledger",
        "limits",
        "billing",
        "capture",
        "chat",
        "",
    }
    | WORDS,
    "sample": {"ids", "settings", "pricing", "ledger"} | WORDS,
    "": {"lazy", "ids", "settings", "pricing", "ledger", "limits", "capture"},
    "server_client": {"ledger"},
    "cli": {"commands", "own_version", "settings", "ledger", ""},
    "commands": {
        "ids",
        "server_client",
        "settings",
        "pricing",
        "ledger",
        "limits",
        "billing",
        "capture",
        "chat",
        "serving",
        "sample",
        "cli",
        "",
    },
    "__main__": {"cli"},
}
"""Each room of `llmtrack` (``""`` is the package itself) with the rooms it may walk into."""

COMPONENTS = (
    "formatting", "fresh_keys", "style", "viewer", "export_link", "reruns", "conditions", "links", "empty_states", "callbacks", "charts",
    "span", "long_query", "queries", "sidebar", "chat", "sign_in", "tables", "tiles", "card", "filters", "insights", "reader", "profile", "group_page", "usage",
    "engagement", "outcome", "prices", "erasing", "people", "limits", "connect", "file_owners", "explore", "sql",
)  # fmt: skip
"""What pages are made of, each with only those before it."""

CAPTURE_ORDER = (
    {"endpoints", "errors", "exchange", "health", "plain", "sending", "credentials", "usage_filter", "response_head"},
    {"context", "readers", "provider_endpoints"},
    {"tracked_call"},
    {"journal", "sizing"},
    {"tracker"},
    {"stream_usage"},
    {"sdk", "spans", "users_and_feedback", "lost", "recording"},
)
"""The rooms and modules of `llmtrack.capture`, each line importing only what stands on the lines above it."""

LEDGER_ORDER = (
    {"errors", "error_classes", "intervals", "owner", "periods", "records", "schema"},
    {"database"},
    {"limits"},
    {"write"},
    {"ledger", "migrations"},
    {"open", "query", "people", "repricing", "statements", "limit_book", "limit_warnings", "colours"},
    {"metrics", "lists"},
    {"engagement", "feedback"},
    {"price_book", "export", "chats", "sql_access"},
    {"preferences", "maintenance"},
)
"""The rooms and modules of `llmtrack.ledger`, each line importing only what stands on the lines above it."""

SDKS = {"openai", "anthropic"}
DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "sqlite3", "psycopg"}
NEVER = {
    "": {"streamlit", "pandas", "altair"} | SDKS | DATABASE,
    "pricing": SDKS | DATABASE,
    "ledger": SDKS,
    "limits": SDKS | DATABASE,
    "billing": SDKS | DATABASE,
    "capture": DATABASE,
    "capture.readers": SDKS | DATABASE,
    "openai": {"anthropic"} | DATABASE,
    "anthropic": {"openai"} | DATABASE,
    "chat": DATABASE,
    "serving": SDKS | DATABASE,
}
"""What a room never imports from outside."""

CHAT_ORDER = (
    {"demo", "error_messages", "event_loop"},
    {"models"},
    {"answers"},
    {"conversations"},
    {"preferences", "startup", "token_estimate"},
    {"cheaper_models"},
    {"cost_estimate", "model_switch"},
)
"""The rooms of `llmtrack.chat`: each imports from earlier lines only."""

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "order"),
    [("llmtrack.ledger", LEDGER_ORDER), ("llmtrack.capture", CAPTURE_ORDER), ("llmtrack.chat", CHAT_ORDER)],
)
def test_inside_a_room_imports_go_one_way(place: str, order: tuple[set[str], ...]) -> None:
    line_of = {f"{place}.{name}": line for line, names in enumerate(order) for name in names}
    arrows = rooms_of(place)
    assert set(arrows) == set(line_of), "a room or module is new or gone: draw it"
    upward = [(name, other) for name, others in arrows.items() for other in others if line_of[other] >= line_of[name]]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(graph()) == []


@pytest.mark.parametrize("module", LIBRARY)
def test_a_room_keeps_foreign_things_out(module: str) -> None:
    foreign = {name.split(".")[0] for name in imports_of(MODULES[module], module)} - {"llmtrack"}
    inside = module.removeprefix("llmtrack").removeprefix(".")
    kept_out = {"streamlit"} | (NEVER[""] if not inside else set())
    for place, names in NEVER.items():
        if place and (inside == place or inside.startswith(f"{place}.")):
            kept_out |= names
    assert not foreign & kept_out


@pytest.mark.slow
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


@pytest.mark.parametrize(
    "door", sorted((ROOT / "llmtrack").rglob("__init__.py")), ids=lambda door: str(door.relative_to(ROOT))
)
def test_no_front_door_has_a_name_that_a_module_behind_it_has(door: Path) -> None:
    """As soon as the module was imported, its name would mean the module."""
    tree = ast.parse(door.read_text(encoding="utf-8"))
    names = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not names & (
        {path.stem for path in door.parent.glob("*.py")}
        | {path.parent.name for path in door.parent.glob("*/__init__.py")}
    )


@pytest.mark.parametrize("module", PAGES)
def test_a_page_knows_neither_sdk_nor_database(module: str) -> None:
    imported = set(imports_of(PAGES[module], module))
    assert not {name.split(".")[0] for name in imported} & (SDKS | DATABASE)
    inner = ("llmtrack.ledger.database", "llmtrack.ledger.schema", "llmtrack.ledger.write", "llmtrack.capture.journal")
    assert [name for name in imported if name.startswith(inner)] == []


def test_the_chat_page_hands_what_it_knows_to_its_functions_and_keeps_none_of_it_in_globals() -> None:
    tree = ast.parse(PAGES["pages.chat"].read_text(encoding="utf-8"))
    names = [
        name.id
        for node in tree.body
        for name in ast.walk(node)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(name, ast.Name)
        and isinstance(name.ctx, ast.Store)
    ]
    assert [name for name in names if not name.isupper()] == []


def test_a_component_of_pages_imports_only_those_before_it() -> None:
    place = "pages.components"
    arrows = {room.removeprefix(f"{place}."): imported for room, imported in rooms_of(place).items()}
    assert sorted(arrows) == sorted(COMPONENTS), "a new component is named in COMPONENTS"
    for room, imported in arrows.items():
        below = {f"{place}.{name}" for name in COMPONENTS[: COMPONENTS.index(room)]}
        assert imported <= below, room


# The revisions are a file for each step of the schema, in order, for ever.
@pytest.mark.parametrize("folder", sorted({*FOLDERS} - {"llmtrack.ledger.migrations.versions"}))
def test_a_folder_holds_no_more_than_can_be_seen_at_once(folder: str) -> None:
    assert len(modules_in(folder)) <= 20


@pytest.mark.slow
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


READS = ("lists", "metrics", "export", "chats", "maintenance", "people", "price_book", "statements")
"""Parts of the ledger that hold somebody's data."""
ASKS = {"viewer", "require_admin", "require_numbers", "require_texts"}
"""What decides, in a page, who may see it."""


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES.values() if path.parent.name != "components"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_page_that_reads_somebodys_data_asks_who_is_looking(path: Path) -> None:
    """Drawing what was handed to it, as parts of the chat page do, reads nothing; nor does a class or a constant."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    modules = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and id(node) not in typing_only
        for name in [f"{node.module}.{alias.name}" for alias in node.names if not alias.name[0].isupper()]
    }
    reads = {name for name in modules if name.startswith("llmtrack.ledger.") and name.split(".")[2] in READS}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not reads or called & ASKS, f"{path} reads {sorted(reads)} for whomever"
