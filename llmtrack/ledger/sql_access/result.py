"""What a statement gives: rows of numbers and texts, as they travel between processes and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Cell = str | int | float | Decimal | None
"""None is NULL. Times are text in UTC, such as ``2026-11-30 09:15:00.000``; JSON is text; bytes are ``x'…'``."""


@dataclass(frozen=True, slots=True)
class SqlResult:
    """The rows of one statement."""

    columns: tuple[str, ...]
    """Their names, of which no two are the same."""
    rows: tuple[tuple[Cell, ...], ...]
    cut: Literal["rows", "bytes"] | None
    """Which limit ended it before the last row; None where it is whole."""
    seconds: float
    """How long it took, with starting its process."""

    def column(self, name: str) -> list[Cell]:
        """The values of a column, from the first row to the last."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def as_csv(self) -> str:
        """The rows as CSV, with a line of names; NULL is an empty field."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([harmless(name) for name in self.columns])
        for row in self.rows:
            writer.writerow(["" if cell is None else shown(cell) for cell in row])
        return text.getvalue()


def shown(cell: Cell) -> str:
    """A value as it is written: numbers whole, without exponents where they are exact."""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)):f}".removesuffix(".0") if 1e-12 < abs(cell) < 1e15 or not cell else repr(cell)
    return harmless(cell) if isinstance(cell, str) else str(cell)


def harmless(text: str) -> str:
    """What a spreadsheet would take for a formula, marked as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those that come again with a number behind, and ``column 1`` for one without."""
    uses: Counter[str] = Counter()
    chosen: list[str] = []
    for place, name in enumerate(names, 1):
        name = name or f"column {place}"
        uses[name] += 1
        candidate = name if uses[name] == 1 else f"{name} {uses[name]}"
        while candidate in chosen or (candidate != name and candidate in names):
            uses[name] += 1
            candidate = f"{name} {uses[name]}"
        chosen.append(candidate)
    return tuple(chosen)


def encode_cell(value: object) -> object:
    """A value as JSON has it; decimals are ``{"decimal": text}``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def decode_cell(value: object) -> Cell:
    """What `encode_cell` was given, as a number or text."""
    if isinstance(value, dict):
        return Decimal(value["decimal"])
    assert value is None or isinstance(value, str | int | float)
    return value
