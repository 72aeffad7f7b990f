"""The views and their columns, beside the editor."""

from __future__ import annotations

from html import escape

import streamlit as st

from llmtrack.ledger.sql_access import VIEWS, View
from pages.components import card

STYLE = """<style>
.ll-views details{border-bottom:1px solid var(--ll-hair)}
.ll-views details:last-child{border-bottom:0}
.ll-views summary{display:flex;align-items:center;gap:8px;padding:8px 0;cursor:pointer;list-style:none}
.ll-views summary{font-family:monospace;font-size:14px}
.ll-views summary::before{content:"▸";color:var(--ll-faint);font-size:12px;width:10px}
.ll-views details[open]>summary::before{content:"▾"}
.ll-views summary:hover{color:var(--ll-accent)}
.ll-views summary:focus-visible{outline:2px solid var(--ll-accent);outline-offset:-2px;border-radius:4px}
.ll-views p{margin:0 0 6px;color:var(--ll-muted);font-size:13.5px}
.ll-views dl{margin:0 0 10px!important;padding:0!important;font-size:13.5px}
.ll-views dl div{padding:5px 0;border-top:1px solid var(--ll-hair)}
.ll-views dt{display:flex;justify-content:space-between;gap:12px;font-weight:400}
.ll-views dt span{font-family:monospace;overflow-wrap:anywhere}
.ll-views dt small{color:var(--ll-muted);font-size:13px;white-space:nowrap}
.ll-views dd{margin:1px 0 0!important;padding:0!important;color:var(--ll-muted);line-height:1.4}
.ll-views code{font-size:12.5px;color:inherit;background:none;padding:0}
</style>"""


def draw() -> None:
    """A card with each view, whose columns show when it is opened."""
    with card.card("Views", "what can be read"):
        st.html(f'<div class="ll ll-views">{"".join(map(_described, VIEWS))}</div>{STYLE}')


def _described(view: View) -> str:
    lines = "".join(
        f"<div><dt><span>{escape(column.name)}</span><small>{escape(column.kind)}</small></dt>"
        f"{f'<dd>{_text(column.doc)}</dd>' if column.doc else ''}</div>"
        for column in view.columns
    )
    return f"<details><summary>{escape(view.name)}</summary><p>{_text(view.doc)}</p><dl>{lines}</dl></details>"


def _text(doc: str) -> str:
    """A meaning as HTML: what stands in backticks is code."""
    parts = escape(doc).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
