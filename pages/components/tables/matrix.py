"""A matrix of counts by two dimensions, coloured by size; every cell is a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.components import formatting, style
from pages.components.tables.cells import link, text_of


def matrix(
    counts: Mapping[tuple[str, str], int],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    alt_text: str,
    corner: str,
    href: Callable[[str, str], str],
) -> None:
    """Draws `counts` by row and column, with the totals of each row; zero is the ground, the rest six steps."""
    largest = max(counts.values(), default=0)
    heads = "".join(f'<th scope="col" class="ll-right">{text_of(column)}</th>' for column in columns)
    lines = []
    for row in rows:
        cells = "".join(_cell(counts.get((row, column), 0), largest, href(row, column)) for column in columns)
        total = sum(counts.get((row, column), 0) for column in columns)
        lines.append(
            f'<tr><th scope="row" class="ll-name">{text_of(row)}</th>{cells}'
            f'<td class="ll-right"><strong>{formatting.count(total)}</strong></td></tr>'
        )
    st.html(
        f'<div class="ll ll-table" role="region" tabindex="0" aria-label="{text_of(alt_text)}"><table><thead><tr>'
        f'<th scope="col">{text_of(corner)}</th>{heads}<th scope="col" class="ll-right">All</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(count: int, largest: int, href: str) -> str:
    if not count:
        return '<td class="ll-right ll-muted">0</td>'
    step = max(1, -(-6 * count // largest))
    ground, text = style.in_both(style.HEAT[step]), style.in_both(style.HEAT_TEXT[step])
    return (
        f'<td class="ll-right" style="background:{ground};color:{text}">{link(formatting.count(count), href, "")}</td>'
    )
