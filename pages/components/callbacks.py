"""Callbacks run to their end, and what fails in one is said in words, as it is in a page.

They run before the script does, outside of everything the pages wrap around themselves: what one raises would take the
whole page away, with a remark that names nothing. And where the browser asks for another run meanwhile, as after two
presses at once, Streamlit breaks off the run at the next thing it does with `st.session_state`, though it be in a
callback, which is not called again: what was pressed first would be lost, or half done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.session_state import SessionState

from pages.components.empty_states import in_words

_run = SessionState._run_callback_and_record_rerun
"""Private to Streamlit, as is what `_uninterrupted` sets: it runs one callback. Tests fail when they go."""


def guard() -> None:
    """Has every callback of this process explained and not interrupted, from now on."""
    if SessionState._run_callback_and_record_rerun is _run:
        SessionState._run_callback_and_record_rerun = _guarded  # type: ignore[method-assign, assignment]


def _guarded(state: SessionState, votes: Any, callback: Callable[[], None]) -> None:
    def run() -> None:
        with in_words(), _uninterrupted():  # the words stand above the page, which is drawn as it was before
            callback()

    _run(state, votes, run)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Whoever asks for another run gets it when the callback is over; Streamlit looks for that by itself then."""
    context = get_script_run_ctx()
    runner: Any = None if context is None else context.session_state._yield_callback.__self__  # type: ignore[attr-defined]
    if runner is None or not runner._execing:
        yield
        return
    runner._execing = False
    try:
        yield
    finally:
        runner._execing = True
