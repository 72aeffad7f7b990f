"""Tables of rows: drawn, clicked, without columns that say nothing, and with simulated models apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import streamlit as st

from pages.components import formatting
from pages.components.links import here
from pages.components.tables.cells import Row
from pages.components.tables.columns import SHOWN, Column, config_of, narrowed, series_of
from pages.components.tables.html_table import SIZE, Pages, html_table

MOST_ROWS = 14
"""A longer table scrolls inside itself."""
OPTIONAL = {"unpriced", "cancelled", "errors", "error_rate", "refused", "timeouts", "rate_limits"}
"""Columns that may be left out where they hold nothing."""


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Iterable[Column],
    *,
    alt_text: str,
    key: str | None = None,
    name: str = "page",
    **more: Any,
) -> int | None:
    """Draw `rows`; an unknown value reads so. `more` is what `html_table` takes: totals, an order, a line across.

    More rows than a page of it holds are paged, by the parameter `name` in the address. With a `key` it is a `grid`
    whose rows can be clicked: returns the index of the one that was.
    """
    if key is not None:
        return grid(rows, columns, alt_text=alt_text, key=key)
    if "pages" not in more:
        rows, more["pages"] = window(rows, name)
    st.html(html_table(rows, list(columns), alt_text=alt_text, **more))
    return None


def page_number(name: str = "page") -> int:
    """The page that the address says, from 1; there may be fewer."""
    text = st.query_params.get(name, "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def window(rows: Sequence[Row], name: str = "page", *, total: int | None = None) -> tuple[Sequence[Row], Pages | None]:
    """The rows of the page that the parameter `name` of the address says, and the ways to the next and the last.

    None where they all fit on one. With a `total`, that many rows there are, of which `rows` are the first.
    """
    count = len(rows) if total is None else total
    if count <= SIZE:
        return rows, None
    last = -(-count // SIZE)
    number = min(page_number(name), last)
    first = (number - 1) * SIZE
    before = here(**{name: number - 1 if number > 2 else None}) if number > 1 else None
    after = here(**{name: number + 1}) if number < last else None
    return rows[first : first + SIZE], Pages(first + 1, count, before, after)


def grid(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[Column], *, alt_text: str, key: str | None = None
) -> int | None:
    """Draw `rows` as a table that scrolls and sorts, for results of any shape. With a `key` a row can be clicked."""
    import pandas as pd

    columns = [narrowed(column, rows) for column in columns]
    frame = pd.DataFrame({column.key: series_of(column, rows) for column in columns})
    # Sorted as numbers, shown as everywhere else: a column of one form would turn small amounts into zeros.
    formats: dict[Any, Any] = {column.key: SHOWN[column.kind] for column in columns if column.kind in SHOWN}
    shown = frame.style.format(formats) if formats else frame
    config = {column.key: config_of(column) for column in columns}
    height: int | Literal["content"] = "content" if len(rows) <= MOST_ROWS else 35 * MOST_ROWS
    if key is None:
        st.dataframe(
            shown, column_config=config, hide_index=True, height=height, placeholder=formatting.UNKNOWN, alt=alt_text
        )
        return None
    event = st.dataframe(
        shown,
        column_config=config,
        hide_index=True,
        height=height,
        placeholder=formatting.UNKNOWN,
        alt=alt_text,
        key=key,
        on_select="rerun",
        # A cell: rows alone are chosen by a checkbox at their edge and by nothing else.
        selection_mode="single-cell",
    )
    return next((row for row, _ in event.selection.cells if row < len(rows)), None)


def used(columns: Iterable[Column], rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns without those that would be empty or 0 from top to bottom and may be left out."""
    return [column for column in columns if column.key not in OPTIONAL or any(row[column.key] for row in rows)]


def split_simulated(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, alt_text: str) -> None:
    """A table of what was really called and, apart from it, one of what was simulated."""
    real = [row for row in rows if row["simulated"] < row["generations"] or not row["generations"]]
    simulated = [row for row in rows if row["simulated"] == row["generations"] > 0]
    if real:
        table(real, used(columns, real), alt_text=alt_text)
    if simulated:
        st.markdown("**Simulated models**")
        instead = [
            replace(column, key="simulated_cost", title=f"Simulated {column.title.lower()}")
            if column.key == "cost"
            else column
            for column in columns
            if column.key not in ("cost_per_generation", "cost_per_user")
        ]
        table(simulated, used(instead, simulated), alt_text=f"Simulated: {alt_text}")
