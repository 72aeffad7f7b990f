"""Controls that show what the page's address says and write into it what is chosen.

Not Streamlit's own `bind=`: where two pages have the same control, it follows the last page and not the address that
one comes with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def show(key: str, read: Callable[[Sequence[str]], T]) -> T:
    """Before the control of that key is drawn: have it show what the parameter of that name says, if that changed.

    `read` makes the control's value from all values of the parameter. Returns the value. A control in a popover is not
    reached by this while it is out of sight: it takes its key from `fresh_keys.showing`.
    """
    texts = tuple(st.query_params.get_all(key))
    # None too: after a step between pages a control of both may come without its value.
    if st.session_state.get(key) is None or st.session_state.get(_last(key)) != texts:
        st.session_state[key] = read(texts)
    st.session_state[_last(key)] = texts
    value: T = st.session_state[key]
    return value


def write(changes: Mapping[str, Sequence[str]]) -> None:
    """Put these parameters' values into the address, together: one entry in the browser's history."""
    parameters: dict[str, list[str]] = {name: st.query_params.get_all(name) for name in st.query_params}
    parameters |= {name: list(texts) for name, texts in changes.items()}
    for name, texts in changes.items():
        st.session_state[_last(name)] = tuple(texts)
    st.query_params.from_dict({name: texts for name, texts in parameters.items() if texts})


def join_repeated(key: str, separator: str) -> None:
    """Join the values of a parameter that stands in the address more than once; a text box would take the last alone.

    Call it before the box is drawn.
    """
    values = st.query_params.get_all(key)
    if len(values) > 1 and key not in st.session_state:
        st.query_params[key] = separator.join(values)
        st.rerun()  # a box reads the address as it was when the run began


def _last(key: str) -> str:
    return f"{key}_in_address"
