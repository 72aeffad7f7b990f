"""Paging through a list that is read piece by piece; the trail of pages leads back."""

from __future__ import annotations

from typing import Any

import streamlit as st

SIZE = 50


class Place:
    """The page of a list that this session is on; with other filters or another order it is the first."""

    def __init__(self, key: str, about: Any) -> None:
        self._key = f"{key}_place"
        stored = st.session_state.get(self._key)
        if stored is None or stored[0] != about:
            first: list[str | None] = [None]
            stored = st.session_state[self._key] = (about, first)
        self._trail: list[str | None] = stored[1]

    @property
    def after(self) -> str | None:
        """What the list is to be read after; None at its start."""
        return self._trail[-1]

    @property
    def number(self) -> int:
        """The page, from 1."""
        return len(self._trail)

    def draw(self, after: str | None, rows: int, *, complete: bool = True) -> None:
        """The way back and on."""
        if self.number == 1 and after is None:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Previous",
                key=f"{self._key}_back",
                icon=":material/chevron_left:",
                disabled=self.number == 1,
                on_click=self._back,
            )
            st.button(
                "Next",
                key=f"{self._key}_on",
                icon=":material/chevron_right:",
                icon_position="right",
                disabled=after is None,
                on_click=self._trail.append,
                args=(after,),
            )
            first = (self.number - 1) * SIZE + 1
            st.caption(f"{first:,}\N{EN DASH}{first + rows - 1:,}" if rows else "nothing on this page", width="content")
        if not complete:
            st.caption("Many calls had to be looked through; there may be more of them further on.")

    def _back(self) -> None:
        self._trail.pop()
