"""Controls that narrow a page down to some models, users, features or statuses."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components import formatting, queries
from pages.components.span import Span

MOST_OPTIONS = 200


def choose_where(span: Span, dimensions: Sequence[str]) -> dict[str, list[str]]:
    """A control for each dimension, and what is chosen in them as the `where` of a query."""
    where: dict[str, list[str]] = {}
    with st.container(horizontal=True):
        for name in dimensions:
            answer = queries.ask(["generations"], span, by=[name], order="-generations", limit=MOST_OPTIONS, fill=False)
            chosen = st.multiselect(
                name.capitalize(),
                [row[name] for row in answer.rows if row[name]],
                format_func=formatting.visible,
                key=f"{name}s",
                bind="query-params",
                placeholder=f"Every {name}",
                label_visibility="collapsed",
                # The list holds the most active; a name further down can be typed.
                accept_new_options=True,
                width=165,
            )
            if chosen:
                where[name] = chosen
    return where
