"""Keys of controls that lie in popovers and are set from here.

The browser takes a closed popover's controls away, so that what is set here does not reach them, and sends their old
values with the next run. After each change from here they are therefore other controls, with another key.
"""

from __future__ import annotations

import streamlit as st


def key_of(name: str) -> str:
    """The key that the control of this name has now."""
    changes = st.session_state.get(_counter(name), 0)
    return f"{name}_{changes}" if changes else name


def set_to(name: str, value: object) -> None:
    """Gives it a value, under another key. Before it is drawn, as in a callback."""
    st.session_state[renew(name)] = value


def showing(name: str, value: object) -> str:
    """The key of a control that begins with this value: another one where it shows another.

    Between the two clicks of a range of days there is only its first day, which is left as it is.
    """
    shown = st.session_state.get(key_of(name), value)
    is_begun = isinstance(shown, tuple) and len(shown) == 1
    return key_of(name) if shown == value or is_begun else renew(name)


def renew(name: str) -> str:
    """From now on it is another control; its key."""
    st.session_state[_counter(name)] = st.session_state.get(_counter(name), 0) + 1
    return key_of(name)


def _counter(name: str) -> str:
    return f"{name}_changes"
