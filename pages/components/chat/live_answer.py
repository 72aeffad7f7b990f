"""Watching an answer grow: the page only looks, the answer itself lives on llmtrack's own loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx

from pages.components.chat.markdown import blocks, drawing, from_model
from pages.components.reruns import counter

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.answers import Reply

REDRAW_SECONDS = 0.05
"""Twenty redraws a second: more costs the browser a lot and nobody sees it."""
LOOK_SECONDS = 0.2
"""How soon a press on Stop is noticed while the provider says nothing."""
LEAVING_SECONDS = 0.25
"""A closed tab first stops the script and then goes from the server's list of visitors; wait before looking there."""
CURSOR = " ▌"


def draw_text(text: str) -> None:
    """A finished text, in the pieces it was drawn in while it grew, so that nothing moves when it ends."""
    drawing.draw(text)


def draw_reasoning(text: str, seconds: float | None = None) -> None:
    """What a model thought before it answered, folded."""
    if text:
        label = "Thought" if seconds is None else f"Thought for {seconds:.0f} s"
        with st.expander(label, type="compact"):
            st.markdown(from_model(text))


def follow(replies: Sequence[tuple[Reply, DeltaGenerator]]) -> None:
    """Draw answers as they grow, each in its place, until all have ended.

    Stop cancels them; a closed tab, another page, or another control that is used meanwhile lets them go on.
    """
    growing = [_Canvas(reply, place) for reply, place in replies]
    runs = counter()
    this_run = runs[0]
    try:
        while growing:
            for canvas in growing:
                canvas.draw()
            time.sleep(REDRAW_SECONDS)
            growing[0].wait(LOOK_SECONDS if len(growing) == 1 else REDRAW_SECONDS)
            # Asks nothing: every question to Streamlit is a moment at which a press on Stop is noticed.
            _ = "stopped" in st.session_state
            for canvas in growing:
                if canvas.reply.done.is_set():
                    canvas.end()
            growing = [canvas for canvas in growing if not canvas.reply.done.is_set()]
    except StopException:
        if _stopped_by_button(runs, this_run):
            for canvas in growing:
                canvas.reply.cancel()
        raise


class _Canvas:
    """Where an answer is drawn: its thoughts, the finished pieces, and the piece that still grows."""

    def __init__(self, reply: Reply, place: DeltaGenerator) -> None:
        self.reply = reply
        with place:
            self._thoughts = st.empty()
            self._fixed = st.container()
            self._live = st.empty()
        self._thought: DeltaGenerator | None = None
        self._settled = 0
        self._drawn = 0
        self._next = 0.0
        self._revision = 0
        self._live.markdown(":shimmer[Generating…]")

    def wait(self, timeout: float) -> None:
        """Until there is something new, the end, or `timeout` seconds later."""
        self._revision = self.reply.wait_change(self._revision, timeout)

    def draw(self) -> None:
        """Show what there is now, if that is more than before."""
        text, reasoning = self.reply.text, self.reply.reasoning
        size = len(text) + len(reasoning)
        if size == self._drawn or time.monotonic() < self._next:
            return
        self._drawn = size
        if reasoning and not text:
            if self._thought is None:
                self._thought = self._thoughts.status(":shimmer[Thinking…]", type="compact").empty()
            self._thought.markdown(from_model(reasoning))
        self._settle(text)
        if text:
            rest = text[self._settled :]
            drawing.draw_piece(rest, self._live, CURSOR)
            self._next = time.monotonic() + drawing.redraw_seconds(rest)

    def end(self) -> None:
        """Show it as `draw_reasoning` and `draw_text` will from now on."""
        text, reasoning = self.reply.text, self.reply.reasoning
        with self._thoughts.container():
            draw_reasoning(reasoning)
        self._settle(text)
        rest = text[self._settled :]
        if rest.strip():
            drawing.draw_piece(rest, self._live)
        else:
            self._live.empty()

    def _settle(self, text: str) -> None:
        """Draw for good what more text cannot change."""
        for piece in blocks.finished(text[self._settled :]):
            with self._fixed:
                drawing.draw_piece(piece)
            self._settled += len(piece)


def _stopped_by_button(runs: list[int], this_run: int) -> bool:
    """Whether it was the Stop button that ended the script, and not a closed tab, another page or another control.

    Streamlit stops a script the same way for all of them, unless it only asks it to run again. A visitor who left is no
    longer known to its runtime as connected, and any other press begins another run at once.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or not exists():
        return True
    time.sleep(LEAVING_SECONDS)
    return runs[0] == this_run and get_instance().is_active_session(context.session_id)
