"""Tables with money, counts and durations in columns that sort by value and read like text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import streamlit as st

from pages.components import formatting

MOST_ROWS = 14
"""A longer table scrolls inside itself."""


PINNED_WIDTH, PINNED_LETTERS = 190, 24
"""Pixels, and how many letters about fit into them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of its values in a row, its heading, and what they are."""

    key: str
    title: str
    kind: str = "text"
    """``text``, ``count``, ``usd``, ``seconds``, ``number``, ``share``, ``time``, ``date``, ``link``."""
    help: str | None = None
    pinned: bool = False
    width: str | int | None = None


def table(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[Column], *, alt_text: str, key: str | None = None
) -> int | None:
    """Draw `rows`; a value nobody knows says so. With a `key` a row can be clicked anywhere: returns which one is."""
    import pandas as pd

    columns = [_narrowed(column, rows) for column in columns]
    frame = pd.DataFrame({column.key: _values(column, rows) for column in columns})
    # Sorted as numbers, shown as everywhere else: a column of one form would turn small amounts into zeros.
    written = {column.key: SHOWN[column.kind] for column in columns if column.kind in SHOWN}
    shown = frame.style.format(written) if written else frame
    config = {column.key: _config(column) for column in columns}
    height = "content" if len(rows) <= MOST_ROWS else 35 * MOST_ROWS
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


def _narrowed(column: Column, rows: Sequence[Mapping[str, Any]]) -> Column:
    """A pinned column no wider than leaves room for the others, which could not be scrolled to."""
    if not column.pinned or column.width is not None or column.kind != "text":
        return column
    longest = max((len(str(row[column.key] or "")) for row in rows), default=0)
    return replace(column, width=PINNED_WIDTH) if longest > PINNED_LETTERS else column


OPTIONAL = {"unpriced", "cancelled", "errors", "error_rate", "refused", "timeouts", "rate_limits"}


def used(columns: Iterable[Column], rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns without those that would be empty or 0 from top to bottom and may be left out."""
    return [one for one in columns if one.key not in OPTIONAL or any(row[one.key] for row in rows)]


def split_simulated(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, alt_text: str) -> None:
    """A table of what was really called and, apart from it, one of what was simulated."""
    real = [row for row in rows if row["simulated"] < row["generations"] or not row["generations"]]
    simulated = [row for row in rows if row["simulated"] == row["generations"] > 0]
    if real:
        table(real, used(columns, real), alt_text=alt_text)
    if simulated:
        st.markdown("**Simulated models**")
        instead = [
            replace(one, key="simulated_cost", title=f"Simulated {one.title.lower()}") if one.key == "cost" else one
            for one in columns
            if one.key not in ("cost_per_generation", "cost_per_user")
        ]
        table(simulated, used(instead, simulated), alt_text=f"Simulated: {alt_text}")


def _values(column: Column, rows: Sequence[Mapping[str, Any]]) -> Any:
    import pandas as pd

    values = [row[column.key] for row in rows]
    if column.kind == "usd":
        return pd.Series([None if value is None else float(value) for value in values], dtype="float64")
    if column.kind == "share":
        return pd.Series([None if value is None else 100 * float(value) for value in values], dtype="float64")
    if column.kind in ("seconds", "number"):
        return pd.Series(values, dtype="float64")
    if column.kind == "count":
        return pd.Series(values, dtype="Int64")
    if column.kind in ("time", "date"):
        # Clock time in the zone of the settings; the browser would move an aware one to its own.
        return pd.Series(
            [None if value is None else value.replace(tzinfo=None) for value in values], dtype="datetime64[us]"
        )
    return pd.Series(["" if value is None else formatting.visible(str(value)) for value in values], dtype="str")


def _config(column: Column) -> Any:
    make = st.column_config
    shared: dict[str, Any] = {
        "label": column.title,
        "help": column.help,
        "pinned": column.pinned,
        "width": column.width,
    }
    if column.kind in SHOWN:
        return make.NumberColumn(**shared)
    if column.kind == "count":
        return make.NumberColumn(format="localized", **shared)
    if column.kind == "time":
        return make.DatetimeColumn(format="D MMM YYYY, HH:mm:ss", **shared)
    if column.kind == "date":
        return make.DatetimeColumn(format="D MMM YYYY", **shared)
    if column.kind == "link":
        return make.LinkColumn(display_text=":material/open_in_new:", **shared)
    return make.TextColumn(**shared)


def _known(show: Callable[[float], str]) -> Callable[[float], str]:
    """`show` for a value of a pandas column, in which what nobody knows is not equal to itself."""
    return lambda value: formatting.UNKNOWN if value != value else show(value)


SHOWN: Mapping[str, Callable[[float], str]] = {
    "usd": _known(lambda value: formatting.usd(Decimal(repr(value)))),
    "seconds": _known(lambda value: formatting.decimal(value, 2, " s")),
    "share": _known(lambda value: formatting.decimal(value, 1, " %")),
    "number": _known(lambda value: formatting.decimal(value, 1)),
}
"""The kinds of numbers that are written here, and how."""
