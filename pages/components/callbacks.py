"""What fails in a callback is said in words, as it is in a page.

Callbacks run before the script does, outside of everything the pages wrap around themselves: what one raises would take
the whole page away, with a remark that names nothing.
"""

from __future__ import annotations

from streamlit.runtime.state.session_state import WStates

from pages.components.empty_states import in_words

_run = WStates.call_callback
"""Private to Streamlit: it runs one widget's callback. A test fails when it goes."""


def explain() -> None:
    """Has every callback of this process explained, from now on."""
    if WStates.call_callback is _run:
        WStates.call_callback = _explained  # type: ignore[method-assign, assignment]


def _explained(states: WStates, widget_id: str) -> None:
    with in_words():  # above the page, which is drawn as it was before
        _run(states, widget_id)
