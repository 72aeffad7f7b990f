"""What was pressed is done, whatever the browser asks for meanwhile."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page_of_which_another_run_is_asked_for_in_a_callback() -> None:
    """The browser asks in the middle of what a press does, for a button of the page and for one in a fragment."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

    from pages.components import callbacks

    def press(kind: str) -> None:
        context = get_script_run_ctx()
        assert context is not None
        assert context.script_requests is not None
        context.script_requests.request_rerun(RerunData())
        st.session_state.pressed = st.session_state.get("pressed", 0) + 1
        st.session_state.last = kind

    @st.fragment
    def part() -> None:
        st.button("in a fragment", on_click=press, args=("fragment",))

    callbacks.guard()
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.button("press", on_click=press, args=("button",))
    part()


@pytest.mark.parametrize(("button", "kind"), [(0, "button"), (1, "fragment")])
def test_a_callback_runs_to_its_end_and_then_the_run_that_was_asked_for_follows(button: int, kind: str) -> None:
    app = AppTest.from_function(page_of_which_another_run_is_asked_for_in_a_callback, default_timeout=60).run()
    app.button[button].click().run()
    assert not app.exception
    assert (app.session_state["pressed"], app.session_state["last"]) == (1, kind)
    assert app.session_state["runs"] == 2
    app.button[button].click().run()
    assert app.session_state["pressed"] == 2
