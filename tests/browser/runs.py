"""What a page has asked of its server and whether the answer is on the page: what a test waits for instead of a time."""

from __future__ import annotations

import time

from playwright.sync_api import Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.app_server import PATIENCE

LOOK_MILLISECONDS = 10
DONE = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)


class Runs:
    """Listens to a tab: every change on a page asks for a run of its script, and every run tells its beginning and end.

    The page's own sign of a running script appears only when the server has begun: a test that looks at it alone may go
    on before that, and lose a click to the page being drawn anew.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self._asked = False
        self._begun = False
        page.on("websocket", self._opened)

    def expect_one(self) -> None:
        """The page is about to be opened or loaded again: its first run counts as asked for."""
        self._asked, self._begun = True, False

    def settle(self) -> None:
        """Wait until all that was asked for has been drawn."""
        # One round trip through the page: what a click has sent by now is known here afterwards.
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        deadline = time.monotonic() + PATIENCE
        while self._asked:
            assert time.monotonic() < deadline, "The page was not drawn to its end"
            self.page.wait_for_timeout(LOOK_MILLISECONDS)
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def wait_until_asked(self) -> None:
        """Wait until the page has sent what was done to it: before that, the end of the tab takes it along."""
        deadline = time.monotonic() + PATIENCE
        while not self._asked:
            assert time.monotonic() < deadline, "The page has sent nothing"
            self.page.wait_for_timeout(LOOK_MILLISECONDS)

    def _opened(self, socket: WebSocket) -> None:
        self._begun = False
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            message = BackMsg.FromString(frame)
            if message.HasField("rerun_script") and not message.rerun_script.is_auto_rerun:
                self._asked, self._begun = True, False

    def _received(self, frame: str | bytes) -> None:
        if not isinstance(frame, bytes) or not self._asked:
            return
        message = ForwardMsg.FromString(frame)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begun = True
        elif kind == "script_finished" and message.script_finished in DONE and self._begun:
            self._asked = False
