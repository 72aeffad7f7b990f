"""The parts a page is laid out in: its head line, cards with titles, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from llmtrack.settings import get_settings
from pages.components.links import here
from pages.components.tables.cells import link, text_of


@contextmanager
def head(title: str) -> Iterator[DeltaGenerator]:
    """The head line of a page without filters: its title, and beside it whatever is drawn in this block."""
    line = st.container(key="ll_head", horizontal=True, vertical_alignment="center")
    with line:
        st.title(title, anchor=False, width="content")
        yield line


def sub(*sentences: str) -> None:
    """The line under the title: time, zone, and once what the numbers leave out. The sentences are HTML."""
    if not any(sentences):
        return
    # On a phone the sidebar, which says so too, is closed.
    sample = '<span class="ll-pill ll-phone">sample data</span>' if get_settings().sample else ""
    st.html(f'<p class="ll ll-sub">{" ".join(filter(None, [sample, *sentences]))}</p>')


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few ways to show something, kept in the address under `key`; the first is the usual one."""

    label: str
    key: str
    options: Mapping[str, str]
    """Values, and what they are called."""

    @property
    def value(self) -> str:
        """What the address says."""
        value = st.query_params.get(self.key, "")
        return value if value in self.options else next(iter(self.options))

    def html(self) -> str:
        """The choices as links side by side."""
        usual, links = next(iter(self.options)), ""
        for value, name in self.options.items():
            address = escape(here(**{self.key: None if value == usual else value}))
            current = ' aria-current="true"' if value == self.value else ""
            links += f'<a data-in href="{address}"{current}>{text_of(name)}</a>'
        return f'<span class="ll-choice" role="group" aria-label="{text_of(self.label)}">{links}</span>'


def choose(label: str, options: Mapping[str, str], *, key: str) -> str:
    """Draws a `Choice` and returns what the address says."""
    choice = Choice(label, key, options)
    st.html(f'<div class="ll">{choice.html()}</div>', width="content")
    return choice.value


@contextmanager
def card(title: str, remark: str = "", **more: Any) -> Iterator[None]:
    """A card with a title; `more` is what `card_head` takes, and `stretch`: as high as the one beside it."""
    stretch = more.pop("stretch", False)
    with st.container(border=True, gap="small", height="stretch" if stretch else "content"):
        card_head(title, remark, **more)
        yield


def card_head(
    title: str, remark: str = "", *, more: tuple[str, str] | None = None, choices: Sequence[Choice] = ()
) -> None:
    """The title of a card, a remark beside it in grey, and at the right choices and a link: (text, address)."""
    beside = f"<small>{text_of(remark)}</small>" if remark else ""
    right = "".join(choice.html() for choice in choices)
    right += link(text_of(more[0]), more[1]) if more else ""
    end = f'<span class="ll-more">{right}</span>' if right else ""
    st.html(f'<div class="ll ll-card-head"><h2>{text_of(title)}</h2>{beside}{end}</div>')


def note(html: str, tone: Literal["", "warn", "bad"] = "") -> None:
    """A finding or a warning in one sentence, which is HTML: what comes from data has to be escaped in it."""
    kind = f" ll-of-{tone}" if tone else ""
    st.html(f'<div class="ll"><div class="ll-note{kind}"><span>{html}</span></div></div>')
