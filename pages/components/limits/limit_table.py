"""The list of limits: whom each is for, of what, how hard it is, and how much of it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from llmtrack.ledger.limits import EACH
from pages.components import formatting, tables
from pages.components.limits import uses
from pages.components.limits.uses import LimitLine
from pages.components.links import here
from pages.components.tables import Column
from pages.components.tables.cells import text_of

DASH = "\N{EN DASH}"


def draw(lines: Sequence[LimitLine], bound: str) -> None:
    """The list in a card; `bound` says by how much expected limits can be overrun now."""
    columns = [
        Column("name", "For", "named", pinned=True, href=lambda row: here(limit=row["id"], view=None)),
        Column("of", "Of", wide_only=True),
        Column("per", "Per", wide_only=True),
        Column("kind", "Kind", "pill", wide_only=True),
        Column("used", "", "meter", help="Pale: held by calls under way."),
        Column("spent", "Spent", "written", href=lambda row: row["calls"]),
        Column("held", "Held", "written", wide_only=True),
        Column("cap", "Limit", "written"),
        Column("left", "Left", "written", wide_only=True),
        Column("resets", "Resets", "written", wide_only=True),
    ]
    with st.container(border=True, gap="small"):
        st.html(tables.html_table([row(line) for line in lines], columns, alt_text="Limits"))
        st.html(f'<p class="ll ll-foot">Pale: held by calls under way. {text_of(bound)}</p>')


def row(line: LimitLine) -> Mapping[str, Any]:
    """A limit as a row; of one for each with the numbers of whom most is used."""
    limit, use = line.limit, line.most
    word, _ = uses.kind_of(limit)
    cap = limit.amount if use is None else use.cap
    return {
        "id": limit.id,
        "name": (uses.name_of(limit), remark(line), f"{uses.of_what(limit)}, {word}"),
        "of": uses.UNITS[limit.unit],
        "per": uses.PERIODS[limit.period] if limit.period != "total" else "total",
        "kind": uses.kind_of(limit),
        "used": None if use is None or not limit.amount else uses.meter_of(use),
        "spent": DASH if use is None else uses.amount(limit, use.spent),
        "held": uses.amount(limit, use.held) if use is not None and use.held else DASH,
        "cap": "none" if cap is None else uses.amount(limit, cap),
        "left": DASH if use is None else uses.amount(limit, use.room),
        "resets": uses.resets(use, line.now),
        "calls": None if use is None else uses.calls_behind(use),
    }


def remark(line: LimitLine) -> str:
    """What is beside the name: whom most is used of, an exception, a raise and its end, unusual terms."""
    limit, use, parts = line.limit, line.most, []
    if limit.target == EACH and use is not None:
        others = f" and {formatting.counted(len(line.uses) - 1, 'other')}" if len(line.uses) > 1 else ""
        parts.append(f"most: {use.subject or 'nobody'}{others}")
    raised = [change for change in limit.adjustments.values() if (change.raised_until or 0) > line.now]
    if len(raised) == 1:
        change = raised[0]
        to, until = uses.amount(limit, change.raised_to or 0), uses.moment(change.raised_until or 0)
        parts.append(f"raised to {to} until {until}")
    elif raised:
        parts.append(f"{len(raised)} raises")
    if limit.hard and limit.unavailable == "allow":
        parts.append("lets out what it cannot check")
    return ", ".join(parts)
