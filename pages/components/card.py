"""The parts a page is laid out in: its head line, cards with titles, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from llmtrack.settings import get_settings
from pages.components.tables.cells import link, text_of


@contextmanager
def head(title: str) -> Iterator[DeltaGenerator]:
    """The head line of a page: its title, and beside it whatever is drawn in this block; wraps where it is narrow."""
    line = st.container(key="ll_head", horizontal=True, vertical_alignment="center")
    with line:
        st.title(title, anchor=False, width="content")
        if get_settings().sample:  # where the sidebar, which says so, is closed
            st.html('<span class="ll ll-pill ll-phone">sample data</span>', width="content")
        yield line


def sub(*sentences: str) -> None:
    """The line under the title: time, zone, and once what the numbers leave out. The sentences are HTML."""
    st.html(f'<p class="ll ll-sub">{" ".join(filter(None, sentences))}</p>')


@contextmanager
def card(title: str, remark: str = "", *, more: tuple[str, str] | None = None, stretch: bool = False) -> Iterator[None]:
    """A card with a title, a remark beside it in grey, and at the right a link: (text, address)."""
    with st.container(border=True, gap="small", height="stretch" if stretch else "content"):
        card_head(title, remark, more=more)
        yield


def card_head(title: str, remark: str = "", *, more: tuple[str, str] | None = None) -> None:
    """The title of a card."""
    beside = f"<small>{text_of(remark)}</small>" if remark else ""
    way = f'<span class="ll-more">{link(text_of(more[0]), more[1])}</span>' if more else ""
    st.html(f'<div class="ll ll-card-head"><h2>{text_of(title)}</h2>{beside}{way}</div>')


def choose(label: str, options: Mapping[str, str], *, key: str) -> str:
    """A choice of a few, kept in the address: values to what they are called; the first is chosen at the start."""
    return st.segmented_control(
        label,
        list(options),
        default=next(iter(options)),
        required=True,
        format_func=options.__getitem__,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
        width="content",
    )


def note(html: str, tone: Literal["", "warn", "bad"] = "") -> None:
    """A finding or a warning in one sentence, which is HTML: what comes from data has to be escaped in it."""
    kind = f" ll-of-{tone}" if tone else ""
    st.html(f'<div class="ll"><div class="ll-note{kind}"><span>{html}</span></div></div>')
