"""The tables of the house style: HTML that follows the theme, with links, bars, lines, totals and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from llmtrack.ledger.periods import zone
from llmtrack.settings import get_settings
from pages.components import formatting
from pages.components.tables.cells import NUMBERS, Row, Write, content, link, text_of, unknown, writers
from pages.components.tables.columns import Column

SIZE = 50
"""Rows on a page of a table."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line across a table, such as a percentile that the rows above it exceed."""

    after: int
    """How many rows stand above it."""
    title: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """How a table is ordered, and the addresses it has in other orders."""

    column: str
    descending: bool = True
    href: Callable[[str], str | None] | None = None
    """The address of the table in an order: a column's key, after ``-`` the largest first; None where there is none."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Which page of a longer list the rows are."""

    first: int
    """The number of the first row, from 1."""
    of: int | None
    """How many rows the list has; None where nobody counted."""
    before: str | None = None
    """The address of the page before this one."""
    after: str | None = None


def html_table(
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    alt_text: str,
    total: Row | None = None,
    rest: Row | None = None,
    line: Line | None = None,
    order: Order | None = None,
    pages: Pages | None = None,
    chosen: Callable[[Row], bool] | None = None,
    today: date | None = None,
) -> str:
    """The HTML of a table; `rest` is a row in grey for what is not listed, `total` the last one, in bold.

    Every value is escaped. A value that is None reads unknown, one that a total or the rest lacks stays empty.
    """
    today = today or datetime.now(zone(get_settings().timezone)).date()
    write = writers(columns, [*rows, *([rest] if rest else [])], total, today)
    opening = next((column.key for column in columns if column.href), None)
    body = []
    for number, row in enumerate(rows):
        if line is not None and line.after == number:
            body.append(_line(line, len(columns)))
        body.append(_row(row, columns, write, opening, chosen is not None and chosen(row)))
    if line is not None and line.after >= len(rows):
        body.append(_line(line, len(columns)))
    if rest is not None:
        body.append(_row_without_links(rest, columns, write, "ll-muted"))
    foot = f"<tfoot>{_row_without_links(total, columns, write, '')}</tfoot>" if total is not None else ""
    heads = "".join(_head(column, order) for column in columns)
    return (
        f'<div class="ll"><div class="ll-table" role="region" tabindex="0" aria-label="{text_of(alt_text)}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody>{foot}</table></div>"
        f"{_pages(pages, len(rows))}</div>"
    )


def _row(row: Row, columns: Sequence[Column], write: Mapping[str, Write], opening: str | None, chosen: bool) -> str:
    href = next((column.href(row) for column in columns if column.key == opening and column.href), None)
    names = " ".join(name for name, holds in (("ll-open", href), ("ll-chosen", chosen)) if holds)
    cells = ""
    for column in columns:
        inside = content(column, row, write[column.key], href if column.key == opening else None)
        cells += f"<td{_classes(column, row)}>{inside}</td>"
    return f'<tr class="{names}">{cells}</tr>' if names else f"<tr>{cells}</tr>"


def _row_without_links(row: Row, columns: Sequence[Column], write: Mapping[str, Write], kind: str) -> str:
    cells = []
    for column in columns:
        value = row.get(column.key)
        text = ""
        if column.kind == "line" or column.key not in row:
            text = ""
        elif value is None:
            text = unknown() if column.kind in NUMBERS else ""
        else:
            text = text_of(value) if column.kind in ("text", "model") else text_of(write[column.key](value))
            text = f'<span class="ll-percent">{text}</span>' if column.kind == "bar" else text
        cells.append(f"<td{_classes(column, {})}>{text}</td>")
    return f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f"<tr>{''.join(cells)}</tr>"


def _classes(column: Column, row: Row) -> str:
    tone = column.tone if isinstance(column.tone, str) else (column.tone(row) if row else "")
    names = [
        "ll-right" if column.kind in NUMBERS else "",
        "ll-name" if column.pinned else "",
        "ll-wide" if column.wide_only else "",
        "ll-wrap" if column.width == "large" else "",
        f"ll-{tone}" if tone else "",
    ]
    named = " ".join(filter(None, names))
    return f' class="{named}"' if named else ""


def _head(column: Column, order: Order | None) -> str:
    title = escape(column.title)
    attributes = f' title="{escape(column.help)}"' if column.help else ""
    if order is not None and order.column == column.key:
        attributes += f' aria-sort="{"descending" if order.descending else "ascending"}"'
        title += f'<span class="ll-arrow" aria-hidden="true">{"▾" if order.descending else "▴"}</span>'
    if order is not None and order.href is not None:
        largest_first = column.kind in NUMBERS
        if order.column == column.key:
            largest_first = not order.descending
        title = link(title, order.href(f"{'-' if largest_first else ''}{column.key}"), "")
    kind = " ".join(filter(None, ["ll-right" * (column.kind in NUMBERS), "ll-wide" * column.wide_only]))
    return f'<th scope="col"{f" class={chr(34)}{kind}{chr(34)}" if kind else ""}{attributes}>{title}</th>'


def _line(line: Line, columns: int) -> str:
    remark = f' <span class="ll-muted">{text_of(line.remark)}</span>' if line.remark else ""
    return f'<tr class="ll-line"><td colspan="{columns}"><strong>{text_of(line.title)}</strong>{remark}</td></tr>'


def _pages(pages: Pages | None, rows: int) -> str:
    if pages is None or not rows:
        return ""
    of = "" if pages.of is None else f" of {formatting.count(pages.of)}"
    ways = "".join(link(text, href, "") for text, href in (("Previous", pages.before), ("Next", pages.after)) if href)
    last = pages.first + rows - 1
    return f'<div class="ll-pages"><span>{pages.first:,}\N{EN DASH}{last:,}{of}</span>{ways}</div>'
