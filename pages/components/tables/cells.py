"""What stands in a cell of an HTML table. Everything that comes from data is escaped here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from pages.components import formatting
from pages.components.tables.columns import Column
from pages.components.tables.sparkline import sparkline

NUMBERS = {"count", "tokens", "usd", "seconds", "number", "share", "rate", "bar", "time", "date", "seen", "written"}
"""Kinds that stand at the right, below a heading that does."""
CLOSE = 0.8
"""The part of a limit from which on its bar warns."""
LONG_TEXT = 40
"""Letters; a longer one is cut on the screen, and whole where it is pointed at."""

Row = Mapping[str, Any]
Write = Callable[[Any], str]
"""The text of a value that is not None."""


def text_of(value: object) -> str:
    """`value` as text in HTML, to stand between tags or in an attribute's quotes."""
    return escape(formatting.visible(str(value)))


def link(text: str, href: str | None, kind: str = "ll-k") -> str:
    """`text`, which is HTML, as a link where there is an address."""
    return f'<a class="{kind}" data-in href="{escape(href)}">{text}</a>' if href else text


def unknown(text: str = formatting.UNKNOWN) -> str:
    """What is not known, which is not 0."""
    return f'<span class="ll-unknown">{text}</span>'


def writers(columns: Iterable[Column], rows: Sequence[Row], total: Row | None, today: date) -> dict[str, Write]:
    """How the values of each column are written, so that the points of its numbers stand in one line."""
    columns = list(columns)
    shared: dict[str, list[Decimal | None]] = {}
    for column in columns:
        if column.kind == "usd":
            shared.setdefault(column.alike or column.key, []).extend(row.get(column.key) for row in rows)
    chosen: dict[str, Write] = {}
    for column in columns:
        values: list[Any] = [row[column.key] for row in (*rows, total or {}) if row.get(column.key) is not None]
        if column.kind == "usd":
            chosen[column.key] = _usd(formatting.column_decimals(shared[column.alike or column.key]))
        elif column.kind == "seconds":
            chosen[column.key] = _seconds(values)
        else:
            chosen[column.key] = _plain(column.kind, values, today)
    return chosen


def _usd(decimals: int) -> Write:
    return lambda value: formatting.usd_with(value, decimals)


def _seconds(values: Sequence[float]) -> Write:
    places = 2 if max(values, default=0.0) < 9.995 else 1
    return lambda value: formatting.decimal(value, places, " s") if value < 59.95 else formatting.seconds(value)


def _plain(kind: str, values: Sequence[Any], today: date) -> Write:
    if kind == "model":
        short = formatting.short_names(str(value) for value in values)
        return lambda value: short.get(str(value), str(value))
    return {
        "count": formatting.count,
        "tokens": formatting.three_digits,
        "number": lambda value: formatting.decimal(value, 1),
        "share": formatting.percent,
        "bar": formatting.percent,
        "rate": formatting.rate,
        "time": lambda value: formatting.short_moment(value, today),
        "date": lambda value: formatting.short_day(_day(value), today),
        "seen": lambda value: formatting.last_seen(_day(value), today),
    }.get(kind, str)


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def content(column: Column, row: Row, write: Write, opens: str | None) -> str:
    """The HTML in a cell; `opens` is the row's address where this column has its link."""
    value = row.get(column.key)
    colour = column.colour(row) if column.colour else None
    if column.kind in MADE_OF_PARTS and value is not None:
        return MADE_OF_PARTS[column.kind](value, opens, colour)
    if column.kind == "line":
        return sparkline(value or (), label=f"{column.title}, {_label(row)}", colour=colour or "")
    if value is None or value == "":
        text = (
            unknown(escape(column.unknown))
            if column.unknown and column.kind in NUMBERS and column.kind != "bar"
            else ""
        )
    else:
        text = _text(column, value, write)
    if column.kind == "bar":
        return _bar(value, text, colour)
    if opens:
        text = link(text or unknown("none"), opens, "ll-row")
    elif column.href:
        text = link(text, column.href(row))
    return f'<i class="ll-dot" style="color:{escape(colour)}"></i>{text}' if colour else text


def named(value: tuple[str, str, str], opens: str | None, colour: str | None) -> str:
    """A name with a remark beside it, and below it on a phone what the columns say that a phone has no room for."""
    name, remark, below = value
    dot = f'<i class="ll-dot" style="color:{escape(colour)}"></i>' if colour else ""
    text = f"{dot}{link(f'<b>{text_of(name)}</b>', opens, 'll-row')}"
    beside = f" <small>{text_of(remark)}</small>" if remark else ""
    return f'<span class="ll-named">{text}{beside}{f"<em>{text_of(below)}</em>" if below else ""}</span>'


def pill(value: tuple[str, str], opens: str | None = None, colour: str | None = None) -> str:
    """A word on a ground of its tone: empty for grey, else ``accent``, ``warn`` or ``bad``."""
    word, tone = value
    return f'<span class="ll-pill{f" ll-of-{tone}" if tone else ""}">{text_of(word)}</span>' if word else ""


def meter(value: tuple[float, float, str], opens: str | None = None, colour: str | None = None) -> str:
    """A bar of what is used, and pale behind it what is held; from 80 % on in the colour of a warning."""
    used, held, words = value
    total = min(max(used + held, 0.0), 1.0)
    tone = ' style="--c:var(--ll-warn-fill)"' if total >= CLOSE else ""
    parts = "".join(
        f'<i{kind} style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></i>'
        for share, kind in ((total, ' class="ll-pale"'), (used, ""))
        if share > 0
    )
    return (
        f'<span class="ll-meter" role="img" aria-label="{text_of(words)}" title="{text_of(words)}"{tone}>{parts}</span>'
    )


MADE_OF_PARTS: Mapping[str, Callable[[Any, str | None, str | None], str]] = {
    "named": named,
    "pill": pill,
    "meter": meter,
}
"""Kinds whose values are tuples, and what draws them."""


def _text(column: Column, value: Any, write: Write) -> str:
    shown = write(value)
    if column.kind in NUMBERS:
        exact = formatting.usd(value) if column.kind == "usd" and shown.startswith("<") else ""
        return f'<span title="{escape(exact)}">{escape(shown)}</span>' if exact else escape(shown)
    text = text_of(shown)
    if shown != str(value) or len(shown) > LONG_TEXT:
        return f'<span class="ll-cut" title="{text_of(value)}">{text}</span>'
    return text


def _bar(value: float | None, text: str, colour: str | None) -> str:
    if value is None:
        return text
    width = f"{100 * min(max(float(value), 0.0), 1.0):.1f}%"
    own = f";--c:{escape(colour)}" if colour else ""
    bar = f'<span class="ll-track"><i style="width:{width}{own}"></i></span>' if value else ""
    return f'{bar}<span class="ll-percent">{text}</span>'


def _label(row: Row) -> str:
    """What a row is called: its first text."""
    return formatting.visible(next((value for value in row.values() if isinstance(value, str)), ""))
