"""Columns of a table: money, counts and durations that sort by value and read like text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from typing import Any

import streamlit as st

from pages.components import formatting

PINNED_WIDTH, PINNED_LETTERS = 190, 24
"""Pixels, and how many letters about fit into them."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of its values in a row, its heading, and what they are."""

    key: str
    title: str
    kind: str = "text"
    """``text``, ``model``, ``count``, ``tokens``, ``usd``, ``seconds``, ``number``, ``share``, ``rate``, ``bar`` (a
    share with a bar), ``line`` (values in the order of time), ``time``, ``date``, ``seen`` (the day of),
    ``written`` (a number as text), ``named`` (a name, a remark in grey, and what stands below both on a phone),
    ``pill`` (a word and its tone), ``meter`` (the shares used and held, and both in words), ``link``."""
    help: str | None = None
    pinned: bool = False
    width: str | int | None = None
    href: Callable[[Mapping[str, Any]], str | None] | None = None
    """The address a row opens, of the first column that has one; of a later one, of its own text."""
    colour: Callable[[Mapping[str, Any]], str | None] | None = None
    """CSS: of the dot before a name, of a bar, of a line."""
    tone: str | Callable[[Mapping[str, Any]], str] = ""
    """``muted``, ``good`` or ``bad``, or which of them for a row."""
    alike: str | None = None
    """Columns of dollars with the same word here have the same number of decimals."""
    unknown: str = formatting.UNKNOWN
    """What a number that is None reads."""
    wide_only: bool = False
    """Left out where the screen is narrow."""


def narrowed(column: Column, rows: Sequence[Mapping[str, Any]]) -> Column:
    """A pinned column no wider than leaves room for the others, which could not be scrolled to."""
    if not column.pinned or column.width is not None or column.kind != "text":
        return column
    longest = max((len(str(row[column.key] or "")) for row in rows), default=0)
    return replace(column, width=PINNED_WIDTH) if longest > PINNED_LETTERS else column


def series_of(column: Column, rows: Sequence[Mapping[str, Any]]) -> Any:
    """The values of a column as a pandas series of the type it sorts by; what is unknown is missing in it."""
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
    if column.kind == "time":
        instants = [None if value is None else value.astimezone(UTC) for value in values]
        zone = next((value.tzinfo for value in values if value is not None), UTC)
        return pd.Series(instants, dtype="datetime64[us, UTC]").dt.tz_convert(zone)
    if column.kind == "date":
        # Without a zone: the browser would move the beginning of a day to its own, and so to another day.
        return pd.Series(
            [None if value is None else value.replace(tzinfo=None) for value in values], dtype="datetime64[us]"
        )
    return pd.Series(["" if value is None else formatting.visible(str(value)) for value in values], dtype="str")


def config_of(column: Column) -> Any:
    """A column as Streamlit is to draw it."""
    make = st.column_config
    shared: dict[str, Any] = {
        "label": column.title,
        "help": column.help,
        "pinned": column.pinned,
        "width": column.width,
    }
    if column.kind == "time":
        return make.DatetimeColumn(**shared)  # a format here would be the browser's, in place of the text of `SHOWN`
    if column.kind in SHOWN:
        return make.NumberColumn(**shared)
    if column.kind == "count":
        return make.NumberColumn(format="localized", **shared)
    if column.kind == "date":
        return make.DatetimeColumn(format="D MMM YYYY", **shared)
    if column.kind == "link":
        return make.LinkColumn(display_text=":material/open_in_new:", **shared)
    return make.TextColumn(**shared)


def _or_unknown(show: Callable[[Any], str]) -> Callable[[Any], str]:
    """`show` for a value of a pandas column; NaN or NaT, not equal to itself, reads unknown."""
    return lambda value: formatting.UNKNOWN if value != value else show(value)


SHOWN: Mapping[str, Callable[[Any], str]] = {
    "usd": _or_unknown(lambda value: formatting.usd(Decimal(repr(value)))),
    "seconds": _or_unknown(lambda value: formatting.decimal(value, 2, " s")),
    "share": _or_unknown(lambda value: formatting.decimal(value, 1, " %")),
    "number": _or_unknown(lambda value: formatting.decimal(value, 1)),
    "time": _or_unknown(lambda value: formatting.moment(value.to_pydatetime())),
}
"""The kinds of values that are written here and not by the browser, and how."""
