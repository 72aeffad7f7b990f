"""The public Python API in words, from the code and the examples in `docs/examples`: `docs/python-api.md`.

python -m tests.documents     # writes the page
"""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

from llmtrack.capture.context import ContextFields
from tests.structure import ROOT

PAGE = ROOT / "docs" / "python-api.md"
EXAMPLES = ROOT / "docs" / "examples"

SECTIONS: dict[str, tuple[str, ...]] = {
    "llmtrack": ("context", "trace", "propagate", "track", "feedback", "flush", "tracker"),
    "llmtrack.openai": ("openai_clients", "openai_async", "openai_clouds"),
    "llmtrack.anthropic": ("anthropic_clients", "anthropic_async", "anthropic_clouds"),
    "llmtrack.ledger": ("ledger",),
    "llmtrack.ledger.metrics": ("metrics", "metrics_filters", "metrics_catalog"),
    "llmtrack.ledger.lists": ("lists", "lists_of_traces", "lists_in_detail"),
    "llmtrack.ledger.export": ("export",),
    "llmtrack.ledger.price_book": ("price_book",),
    "llmtrack.pricing": ("pricing", "pricing_estimates"),
    "llmtrack.limits": ("limits",),
}
"""Each public module with the examples that use its names."""

_HEAD = """# The Python API

*Made by `python -m tests.documents` from the code, and checked by a test: change the docstrings or `docs/examples`, not
this page. Every name is in an example of its section; all examples run in that test, and what a line prints stands
behind it.*
"""


def in_markdown() -> str:
    """Every public module with its names: their signatures and docstrings, then the examples."""
    parts = [_HEAD]
    for name, examples in SECTIONS.items():
        module = import_module(name)
        parts.append(f"\n## `{name}`\n\n{_text(module)}\n")
        for public in public_names(module):
            parts.append(_entry(public, getattr(module, public)))
        for example in examples:
            source = (EXAMPLES / f"{example}.py").read_text(encoding="utf-8")
            parts.append(f"\n```python\n{source}```\n")
    return "".join(parts)


def public_names(module: ModuleType) -> list[str]:
    """The names of a module's own: its ``__all__``, or what is defined in it without a leading underscore."""
    if "__all__" in vars(module):
        return sorted(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and isinstance(value, type | FunctionType) and value.__module__ == module.__name__
    ]


def names_used(source: str) -> set[tuple[str, str]]:
    """The names of modules that an example imports and uses, each with its module."""
    tree = ast.parse(source)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = {
        (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (alias.asname or alias.name) in read
    }
    attributes = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return imported | attributes


def _entry(name: str, value: Any) -> str:
    if not callable(value):
        return f"\n### `{name}`\n\nA constant.\n"
    fields = "\n".join(f"- `{field}`" for field in ContextFields.__annotations__)
    signature = _signature(value)
    text = _text(value) + (f"\n\n`**fields` are:\n\n{fields}" if "**fields" in signature else "")
    return f"\n### `{name}{signature}`\n\n{text}\n"


def _signature(value: Any) -> str:
    if hasattr(value, "_llmtrack_family"):
        return ""  # the SDK's, and another one in each of its versions
    if isinstance(value, type) and (issubclass(value, BaseException) or value.__init__ is object.__init__):
        return ""
    names: list[str] = []
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:
        return ""  # an alias of a type that has none
    for parameter in parameters:
        stars = "*" * (parameter.kind is parameter.VAR_POSITIONAL) + "**" * (parameter.kind is parameter.VAR_KEYWORD)
        shown = stars + parameter.name
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in names and not any(n[0] == "*" for n in names):
            names.append("*")
        default = parameter.default
        plain = default is None or isinstance(default, bool | int | float | str | tuple)
        names.append(shown if default is parameter.empty else f"{shown}={default!r}" if plain else f"{shown}=...")
    return f"({', '.join(names)})"


def _text(value: Any) -> str:
    return inspect.cleandoc(value.__doc__ or "").replace("``", "`")
