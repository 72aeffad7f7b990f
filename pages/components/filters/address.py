"""Parameters in the page's address that the controls read."""

from __future__ import annotations

import streamlit as st


def join_repeated(key: str, separator: str) -> None:
    """Join the values of a parameter that stands in the address more than once; a text box would take the last alone.

    Call it before the box is drawn.
    """
    values = st.query_params.get_all(key)
    if len(values) > 1 and key not in st.session_state:
        st.query_params[key] = separator.join(values)
        st.rerun()  # a box reads the address as it was when the run began
