"""A value is named for what it holds: words that only say that somebody got it from somewhere are rare."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.structure import MODULES

EMPTY_NAMES = ("told", "said", "found", "known", "asked", "kept")
MOST_USES = 5
"""Of each of them in `llmtrack` and `pages` together."""


def names_of_values(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name of a variable, parameter, attribute or keyword, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield node.arg, node.lineno


@pytest.fixture(scope="module")
def uses() -> dict[str, list[str]]:
    """Where each name is used, as ``module:line``."""
    places: dict[str, list[str]] = defaultdict(list)
    for module, path in MODULES.items():
        for name, line in names_of_values(ast.parse(path.read_text(encoding="utf-8"))):
            places[name].append(f"{module}:{line}")
    return places


@pytest.mark.slow
@pytest.mark.parametrize("name", EMPTY_NAMES)
def test_a_word_that_says_nothing_about_a_value_is_hardly_ever_its_name(uses: dict[str, list[str]], name: str) -> None:
    places = uses.get(name, [])
    assert len(places) <= MOST_USES, f"{name!r} names a value {len(places)} times: {', '.join(places)}"
