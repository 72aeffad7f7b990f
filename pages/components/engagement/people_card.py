"""The people behind a number of the page: what the address names as ``who``, as a list of users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from llmtrack.ledger.engagement import people_behind
from pages.components import card, formatting, links, queries, tables
from pages.components.tables import Column

WHO = "who"


def address(name: str) -> str:
    """The page with the list of those people."""
    return links.here(**{WHO: name, "people_page": None})


def draw(title: str, numbers: Sequence[int], calls: Mapping[int, int]) -> None:
    """The users of these numbers, those with the most calls in the time first."""
    users = people_behind(queries.ledger(), numbers, dict(calls))
    rows = [{"user": one.user, "calls": one.calls} for one in users]
    back = ("Close", links.here(**{WHO: None, "people_page": None}))
    with card.card(title, formatting.counted(len(rows), "user"), more=back):
        if not rows:
            st.caption("Nobody.")
            return
        tables.table(
            rows,
            [
                Column("user", "User", pinned=True, href=lambda row: links.user(row["user"])),
                Column("calls", "Calls in this time", "count"),
            ],
            alt_text=title,
            name="people_page",
        )
