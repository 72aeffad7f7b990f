"""The tables of a ledger in words, from the code that defines them: `docs/schema.md`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Table
from sqlmodel import SQLModel

from llmtrack.ledger.schema import billing_tables, limit_tables, people_tables, rollups, tables

_HEAD = """# What the ledger keeps

*Made by `llmtrack schema` from the code, and checked by a test: change the models, not this page.*

The tables are the same in SQLite and PostgreSQL. To look around, begin with the view `generations`: one row for each
request to a model, with words instead of numbers, its time in UTC, its tokens and its cost in nano-dollars
(10⁻⁹ dollars: divide by 10⁹ to read dollars). It can be used as it is by Datasette and any other SQL tool:

```sql
SELECT model, count(*) AS calls, sum(cost_nanodollars) / 1e9 AS dollars
FROM generations WHERE cost_status <> 'simulated' GROUP BY model ORDER BY dollars DESC;
```

"""


def in_markdown() -> str:
    """All tables with their columns and what they mean."""
    parts = [_HEAD, "## Facts\n\n", f"{_paragraphs(tables.__doc__)}\n\n"]
    parts += [_described(model) for model in _models(tables)]
    parts += ["## People\n\n", f"{_paragraphs(people_tables.__doc__)}\n\n"]
    parts += [_described(model) for model in _models(people_tables)]
    parts += ["## Billing\n\n", f"{_paragraphs(billing_tables.__doc__)}\n\n"]
    parts += [_described(model) for model in _models(billing_tables)]
    parts += ["## Limits\n\n", f"{_paragraphs(limit_tables.__doc__)}\n\n"]
    parts += [_described(model) for model in _models(limit_tables)]
    parts += ["## Totals\n\n", f"{_paragraphs(rollups.__doc__)}\n\n", "### Measures\n\n"]
    measures = _meanings(rollups.Measures)
    parts.append("Every rollup but `rollup_day_user` and `rollup_seen` has these.\n\n| column | meaning |\n|---|---|\n")
    parts += [f"| `{name}` | {measures.get(name, '')} |\n" for name in rollups.MEASURES]
    parts.append("\n")
    parts += [_described(model, hide=set(rollups.MEASURES)) for model in _models(rollups)]
    return "".join(parts).rstrip() + "\n"


def _models(module: object) -> Iterator[type[SQLModel]]:
    for item in vars(module).values():
        ours = (
            inspect.isclass(item) and issubclass(item, SQLModel) and item.__module__ == getattr(module, "__name__", "")
        )
        if ours and hasattr(item, "__table__"):
            yield item


def _described(model: type[SQLModel], hide: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    table: Table = model.__table__  # type: ignore[attr-defined]
    meanings = _meanings(model)
    keyed = [column.name for column in table.primary_key.columns]
    hidden = hide if "speed_time" in table.columns else set()
    lines = [
        f"### `{table.name}`\n\n",
        f"{_paragraphs(model.__doc__)}\n\n",
        "| column | type | meaning |\n|---|---|---|\n",
    ]
    for column in table.columns:
        if column.name in hidden:
            continue
        kind = str(column.type).lower() + ("" if not column.nullable else ", may be unknown")
        lines.append(f"| `{column.name}` | {kind} | {meanings.get(column.name, '')} |\n")
    indexes = [
        f"({', '.join(c.name for c in index.columns)})" for index in sorted(table.indexes, key=lambda i: str(i.name))
    ]
    also = f" Indexes: {', '.join(dict.fromkeys(indexes))}." if indexes else ""
    lines.append(f"\nKey: ({', '.join(keyed)}).{also}\n\n")
    return "".join(lines)


def _meanings(model: type) -> dict[str, str]:
    """The line under each field of a class and of the classes it stands on."""
    meanings: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not base.__module__.startswith("llmtrack."):
            continue
        source = Path(inspect.getfile(base)).read_text(encoding="utf-8")
        (body,) = [
            n.body for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef) and n.name == base.__name__
        ]
        for field, text in pairwise(body):
            named = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            if named and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                meanings[field.target.id] = " ".join(str(text.value.value).split())  # type: ignore[attr-defined]
    return {name: _marked(text) for name, text in meanings.items()}


def _paragraphs(text: str | None) -> str:
    """A docstring as Markdown; its table as a block of code."""
    blocks = []
    for block in inspect.cleandoc(text or "").split("\n\n"):
        blocks.append(f"```text\n{block}\n```" if block.startswith("====") else _marked(block))
    return "\n\n".join(blocks)


def _marked(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")
