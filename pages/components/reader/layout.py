"""The list at the left, in two lines each, and the one that is read at its right; on a phone the one that is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import streamlit as st

from pages.components import links
from pages.components.tables.cells import link, text_of

STYLE = """<style>
.ll-items a { display: block; padding: 9px 12px; border-bottom: 1px solid var(--ll-hair); color: inherit; }
.ll-items a:hover { background: var(--ll-soft); text-decoration: none; }
.ll-items a[aria-current] { background: var(--ll-tint); }
.ll-items span { display: flex; justify-content: space-between; gap: 12px; white-space: nowrap; }
.ll-items { max-height: max(320px, calc(100vh - 220px)); overflow-y: auto; }
.ll-items b { overflow: hidden; text-overflow: ellipsis; font-weight: 500; }
.ll-items i { flex: none; font-style: normal; }
.ll-items small { font-size: 13px; color: var(--ll-muted); }
.ll-items small em { font-style: normal; }
.ll-reader-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 16px; }
.ll-reader-head h2 { flex: 1 1 240px; font-size: 17px !important; font-weight: 600 !important; padding: 0 !important;
  margin: 0; overflow-wrap: anywhere; }
.ll-reader-head a { color: var(--ll-accent); font-size: 13.5px; white-space: nowrap; }
.ll-facts { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 8px 0 0 !important; padding: 0 !important; }
.ll-facts div { min-width: 0; }
.ll-facts dt { font-size: 13px; color: var(--ll-muted); font-weight: 400; }
.ll-facts dt, .ll-facts dd { margin: 0 !important; padding: 0 !important; }
.ll-facts dd { font-weight: 600; overflow-wrap: anywhere; }
.ll-facts dd a { color: var(--ll-accent); }
@media (max-width: 768px) { .st-key-ll_list_beside { display: none; } }
</style>"""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a list; texts are escaped when it is drawn."""

    href: str
    title: str
    amount: str
    remark: str
    when: str
    mark: tuple[str, str] | None = None
    """A tone (``good``, ``bad``) and a word."""
    chosen: bool = False


@contextmanager
def beside(html: str, back: str) -> Iterator[None]:
    """The list, which is HTML, at the left of what is drawn in the block; `back` is the address of the list alone."""
    left, right = st.columns([2, 5], gap="medium")
    with left, st.container(key="ll_list_beside"):
        st.html(html)
    with right:
        st.html(f'<div class="ll ll-pages">{link("The list alone", back, "ll-k")}</div>')
        yield


def item_list(items: Sequence[Item], label: str, foot: str = "") -> str:
    """The HTML of a list; `foot` is HTML too."""
    lines = "".join(_line(item) for item in items)
    nav = f'<nav class="ll-items" data-scrolls aria-label="{text_of(label)}">{lines}</nav>'
    return f'{STYLE}<div class="ll">{nav}{foot}</div>'


def _line(item: Item) -> str:
    mark = f'<em class="ll-{item.mark[0]}">{text_of(item.mark[1])}</em> · ' if item.mark else ""
    current = ' aria-current="true"' if item.chosen else ""
    title = text_of(item.title)
    return (
        f'<a data-in href="{escape(item.href)}"{current}><span><b title="{title}">{title}</b>'
        f"<i>{text_of(item.amount)}</i></span>"
        f"<span><small>{text_of(item.remark)}</small><small>{mark}{text_of(item.when)}</small></span></a>"
    )


def step_links(before: str | None, after: str | None) -> str:
    """The ways to the previous and the next of the list, which the keys k and j go too."""
    ways = [
        links.anchor("Previous", before, title="Previous (k)", key="k") if before else "",
        links.anchor("Next", after, title="Next (j)", key="j") if after else "",
    ]
    return "".join(ways)


def head(title: str, ways: str = "") -> str:
    """The title of what is read, and the ways on, which are HTML."""
    return f'<div class="ll-reader-head"><h2>{text_of(title)}</h2>{ways}</div>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values in a row; values are HTML. Empty ones are left out."""
    shown = "".join(f"<div><dt>{text_of(name)}</dt><dd>{value}</dd></div>" for name, value in pairs if value)
    return f'<dl class="ll-facts">{shown}</dl>'
