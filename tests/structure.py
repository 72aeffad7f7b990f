"""The shape of the code as its imports draw it: modules, rooms, levels and circles.

    python -m tests.structure                 # the rooms of llmtrack and pages
    python -m tests.structure llmtrack.ledger # one of them, room by room

A room is a folder. Its level is how many rooms stand below it: a room that imports nothing of its neighbours is on
level 1. Imports for annotations only (under ``TYPE_CHECKING``) count like all others.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = ("llmtrack", "pages")

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for place in PLACES
    for path in sorted((ROOT / place).rglob("*.py"))
}
"""Every module of ours by its full name."""

FOLDERS = {
    ".".join(path.relative_to(ROOT).parts)
    for place in PLACES
    for path in (ROOT / place).rglob("*")
    if path.is_dir() and any(path.glob("*.py"))
} | set(PLACES)
"""Every folder that holds modules of ours, by its full name."""


def imports_of(path: Path, module: str = "") -> Iterator[str]:
    """Every module that a file imports anywhere in it, by full name."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            source = ".".join(filter(None, (base, node.module)))
            for alias in node.names:
                name = f"{source}.{alias.name}"
                yield name if name in MODULES else source


@cache
def graph() -> Mapping[str, frozenset[str]]:
    """What each module of ours imports of ours."""
    return {
        module: frozenset(name for name in imports_of(path, module) if name in MODULES and name != module)
        for module, path in MODULES.items()
    }


def child(module: str, place: str) -> str:
    """The room or module directly inside `place` that a module lies in; `place` itself for its own front door."""
    inside = module.removeprefix(place).removeprefix(".")
    return ".".join(filter(None, (place, inside.split(".")[0])))


def rooms_of(place: str) -> Mapping[str, frozenset[str]]:
    """The rooms and modules directly inside a place, with those beside them that each imports.

    A package's front door hands on what lies behind it, so what it imports is no arrow.
    """
    arrows: dict[str, set[str]] = defaultdict(set)
    for module, imported in graph().items():
        if module == place or not module.startswith(f"{place}."):
            continue
        here = child(module, place)
        beside = {child(name, place) for name in imported if name.startswith(f"{place}.") or name == place}
        arrows[here] |= beside - {here, place}
    return {room: frozenset(found) for room, found in arrows.items()}


def circles(arrows: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Groups of nodes that can reach each other (strongly connected components of more than one, by Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in arrows.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for node in arrows:
        if node not in index:
            visit(node)
    return groups


def levels(arrows: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """How many nodes stand below each, itself included, along the longest way down; a circle counts as one node."""
    member = {node: tuple(group) for group in circles(arrows) for node in group}
    found: dict[str, int] = {}

    def level(node: str) -> int:
        if node not in found:
            group = member.get(node, (node,))
            below = {target for one in group for target in arrows.get(one, ())} - set(group)
            depth = 1 + max((level(target) for target in below), default=0)
            found.update(dict.fromkeys(group, depth))
        return found[node]

    return {node: level(node) for node in arrows}


def modules_in(folder: str) -> list[str]:
    """The modules that lie directly in a folder, its front door apart."""
    return [name for name in MODULES if name.rpartition(".")[0] == folder and name not in FOLDERS]


def main(places: list[str]) -> None:
    """Prints the rooms of each place: how many files they hold, their levels, arrows and circles."""
    for place in places or ["llmtrack", "llmtrack.ledger", "llmtrack.capture", "llmtrack.chat", "pages"]:
        arrows = rooms_of(place)
        inner = {
            name: {n for n in found if n.startswith(f"{place}.")}
            for name, found in graph().items()
            if name.startswith(f"{place}.")
        }
        by_room = levels(arrows)
        print(
            f"\n{place}: {len(inner)} files, {sum(map(len, inner.values()))} imports between them, on {max(levels(inner).values())} levels; "
            f"{len(arrows)} rooms, {sum(map(len, arrows.values()))} arrows, on {max(by_room.values())} levels"
        )
        for room in sorted(arrows, key=lambda room: (by_room[room], room)):
            files = sum(name == room or name.startswith(f"{room}.") for name in MODULES)
            print(
                f"  {by_room[room]:2}  {room.removeprefix(place + '.'):24} {files:3} files  <- {', '.join(sorted(t.removeprefix(place + '.') for t in arrows[room]))}"
            )
        for group in circles(arrows):
            print("  circle of rooms:", ", ".join(group))
        for group in circles(inner):
            print("  circle:", ", ".join(name.removeprefix(place + ".") for name in group))


if __name__ == "__main__":
    main(sys.argv[1:])
