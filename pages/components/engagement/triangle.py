"""The retention triangle: a row for each cohort, a cell for each period after, shaded by the share that was back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from html import escape

import streamlit as st

from llmtrack.ledger.engagement import Cohort
from pages.components import formatting, style
from pages.components.tables.cells import text_of

STYLE = """<style>
.ll-table.ll-triangle table{border-collapse:separate;border-spacing:2px}
.ll-triangle tbody td,.ll-triangle tbody th,.ll-triangle tfoot td{height:30px;border:0!important;padding:0 6px}
.ll-triangle tbody th{font-weight:400;color:var(--ll-text);font-size:14px;vertical-align:middle}
.ll-triangle .ll-mid{text-align:center}
.ll-triangle tfoot td{border-top:1px solid var(--ll-line)!important}
.ll-triangle td.ll-share{padding:0!important;min-width:46px;text-align:center;font-size:13px}
.ll-triangle td.ll-share a{display:block;line-height:30px;border-radius:3px;background:var(--h);color:var(--t)}
.ll-triangle td.ll-share a:hover{outline:2px solid var(--ll-accent);text-decoration:none}
.ll-triangle td.ll-open a{color:var(--ll-text);
background:repeating-linear-gradient(135deg,var(--h) 0 6px,transparent 6px 9px)}
</style>"""


def draw(
    cohorts: Sequence[Cohort],
    *,
    per: str,
    today: date,
    running: bool,
    alt_text: str,
    href: Callable[[int, int], str],
) -> None:
    """The cohorts with anybody in them; `href` gives the address of a cell by the cohort's place and how much later.

    With `running` the last period is not over, and its cells are hatched. The last row adds up, of each column, the
    cohorts for which that much time has passed whole.
    """
    width = len(cohorts)
    heads = "".join(f'<th scope="col" class="ll-mid">{n if n else f"{per} 0"}</th>' for n in range(width))
    lines = []
    for place, cohort in enumerate(cohorts):
        if not cohort.users:
            continue
        cells = "".join(
            _cell(cohort, later, href(place, later), running and place + later == width - 1, per)
            for later in range(len(cohort.back))
        )
        name, users = formatting.short_day(cohort.period.first_day, today), formatting.count(len(cohort.users))
        lines.append(f'<tr><th scope="row">{escape(name)}</th><td class="ll-right">{users}</td>{cells}</tr>')
    total = "".join(f'<td class="ll-mid">{text}</td>' for text in _totals(cohorts, running))
    everybody = formatting.count(sum(len(cohort.users) for cohort in cohorts))
    foot = f'<tr><td>All</td><td class="ll-right">{everybody}</td>{total}</tr>'
    label = text_of(alt_text)
    st.html(
        f'<div class="ll ll-table ll-triangle" role="region" tabindex="0" aria-label="{label}"><table><thead><tr>'
        f'<th scope="col">First used</th><th scope="col" class="ll-right">Users</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody><tfoot>{foot}</tfoot></table></div>{STYLE}"
    )


def _totals(cohorts: Sequence[Cohort], running: bool) -> list[str]:
    texts = []
    for later in range(len(cohorts)):
        over = [c for place, c in enumerate(cohorts) if place + later < len(cohorts) - (running and later > 0)]
        users = sum(len(cohort.users) for cohort in over)
        back = sum(len(cohort.back[later]) for cohort in over)
        texts.append(formatting.percent(back, users) if users else "")
    return texts


def _cell(cohort: Cohort, later: int, href: str, open_: bool, per: str) -> str:
    share = cohort.share(later)
    if share is None:
        return "<td></td>"
    step = 0 if not share else min(6, 1 + int(share * 6 - 1e-9))
    ground, text = style.in_both(style.HEAT[step]), style.in_both(style.HEAT_TEXT[step])
    back, users = formatting.count(len(cohort.back[later])), formatting.counted(len(cohort.users), "user")
    so_far = ", so far" if open_ else ""
    hover = f"{back} of {users}, {formatting.counted(later, per)} later{so_far}"
    shown = formatting.percent(share)
    kind = "ll-share ll-open" if open_ and later else "ll-share"
    return (
        f'<td class="{kind}"><a data-in href="{escape(href)}" style="--h:{ground};--t:{text}" title="{hover}" '
        f'aria-label="{shown}: {hover}">{shown}</a></td>'
    )
