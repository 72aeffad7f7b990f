"""When the messages were sent: hour by weekday, each cell a link that narrows the tables down to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import streamlit as st

from pages.components import card, formatting, queries, style
from pages.components.links import here
from pages.components.span import Span
from pages.components.usage.choice import WEEKDAYS

STYLE = """<style>
.ll-heat{border-collapse:separate;border-spacing:2px;width:100%;table-layout:fixed}
.ll-heat th{font-weight:400;font-size:12px;color:var(--ll-muted);text-align:left;width:34px;padding:0;border:0}
.ll-heat tfoot td{font-size:12px;color:var(--ll-muted);height:20px;padding:0;border:0;white-space:nowrap}
.ll-heat tbody td{padding:0;border:0;height:22px}
.ll-heat tbody a,.ll-heat tbody i{display:block;height:22px;border-radius:3px;background:var(--h)}
.ll-heat tbody a:hover{outline:2px solid var(--ll-accent)}
.ll-heat tbody a.ll-chosen{outline:2px solid var(--ll-text)}
.ll-heat-scale{display:inline-flex;gap:3px;align-items:center;font-size:13px;color:var(--ll-muted)}
.ll-heat-scale i{width:11px;height:11px;border-radius:2.5px;background:var(--h)}
@media(max-width:640px){.ll-heat{border-spacing:1px}.ll-heat th{width:16px}.ll-heat th span{display:none}}
</style>"""


def draw(span: Span, mine: Mapping[str, Any]) -> None:
    """The card with the heat map. Reads the single calls: hours of a person are not kept as totals."""
    with st.container(border=True, gap="small"):
        head = st.empty()
        with head:
            card.card_head("When", "messages by hour and weekday")
        # Without a skeleton: the page ends in here where many calls have to be read first, and it would stay.
        answer = queries.ask(["messages"], span, by=["hour"], where=mine, fill=False)
        cells: Counter[tuple[int, int]] = Counter()
        for row in answer.rows:
            cells[row["hour"].weekday(), row["hour"].hour] += row["messages"]
        st.html(f"{heat_map(cells, st.query_params.get('hour', ''))}{STYLE}")


def heat_map(
    cells: Mapping[tuple[int, int], int],
    chosen: str,
    *,
    noun: str = "message",
    href: Callable[[int, int], str] | None = None,
) -> str:
    """The HTML: a row for each weekday, a cell for each hour, the scale below. `href` is what a cell opens."""
    most = max(cells.values(), default=0)
    rows = []
    for weekday, name in enumerate(WEEKDAYS):
        row = "".join(
            _cell(weekday, hour, cells.get((weekday, hour), 0), most, chosen, noun, href) for hour in range(24)
        )
        rows.append(f'<tr><th scope="row">{name[0]}<span>{name[1:3]}</span></th>{row}</tr>')
    hours = "".join(f'<td colspan="6">{hour:02d}:00</td>' for hour in range(0, 24, 6))
    scale = "".join(f'<i style="--h:{style.in_both(colour)}"></i>' for colour in style.HEAT)
    return (
        f'<div class="ll"><table class="ll-heat"><tbody>{"".join(rows)}</tbody><tfoot><tr><td></td>{hours}</tr></tfoot>'
        f'</table><span class="ll-heat-scale">0 {scale} {formatting.counted(most, noun)}</span></div>'
    )


def _cell(
    weekday: int, hour: int, messages: int, most: int, chosen: str, noun: str, opens: Callable[[int, int], str] | None
) -> str:
    step = 0 if not messages else min(6, 1 + (6 * messages - 1) // most)
    colour = f"--h:{style.in_both(style.HEAT[step])}"
    words = f"{WEEKDAYS[weekday]}s {hour:02d}:00: {formatting.counted(messages, noun)}"
    if not messages:
        return f'<td><i style="{colour}" title="{words}"></i></td>'
    key = f"{weekday}-{hour}"
    narrowed = here(hour=None if chosen == key else key, day=None, page=None, call=None)
    href = opens(weekday, hour) if opens else narrowed
    kind = ' class="ll-chosen"' if chosen == key else ""
    return f'<td><a data-in{kind} href="{escape(href)}" style="{colour}" title="{words}" aria-label="{words}"></a></td>'
