"""The list at the left, in two lines each, and the one that is read at its right; on a phone the one that is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import streamlit as st

from pages.components import links
from pages.components.tables.cells import link, text_of


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


def judged(score: int | None) -> str:
    """What was thought of an interaction, in a word; empty where nobody said."""
    return "" if score is None else "good" if score > 0 else "bad"


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
    return f'<div class="ll">{nav}{foot}</div>'


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
