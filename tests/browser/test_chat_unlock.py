"""The box is free after an answer, though the browser learns in one moment of the end of two runs."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.app_server import running_app
from tests.browser.chatting import Chat
from tests.browser.pictures import until

# Once `window.hold` is set, what the server says waits until it has told of the end of a run of the page and of that of
# a fragment's after it, and then comes in one go. Meanwhile the browser asks for the fragment twice a second, as before.
TOGETHER = """([page, fragment]) => {
    const listen = WebSocket.prototype.addEventListener;
    let held = [], pageEnded = false;
    const ends = (event, [field, how]) => event.data.byteLength < 200 &&
        new Uint8Array(event.data).some((byte, at, all) => byte === field && all[at + 1] === how);
    WebSocket.prototype.addEventListener = function (kind, told, ...more) {
        if (kind !== "message") return listen.call(this, kind, told, ...more);
        listen.call(this, kind, (event) => {
            if (!window.hold) return told(event);
            held.push(event);
            pageEnded ||= ends(event, page);
            if (!pageEnded || !ends(event, fragment)) return;
            window.hold = false;
            held.forEach((one) => told(one));
        }, ...more);
    };
}"""


def ending(status: ForwardMsg.ScriptFinishedStatus.ValueType) -> list[int]:
    """The two bytes in a message that say how a run ended."""
    return list(ForwardMsg(script_finished=status).SerializeToString())


def test_the_box_is_free_after_stop_though_the_ends_of_two_runs_come_together(page: Page, tmp_path: Path) -> None:
    ends = [ending(ForwardMsg.FINISHED_SUCCESSFULLY), ending(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)]
    page.add_init_script(f"({TOGETHER})({ends})")
    with running_app(tmp_path, {"LLMTRACK_DEMO_RATE": "60"}) as app:
        chat = Chat(page, app)
        chat.send("A long answer of 2000 words, please")
        expect(chat.stop_button).to_be_visible()
        expect(chat.answers.first).to_contain_text("Part 1")
        page.evaluate("window.hold = true")
        page.keyboard.press("Escape")
        until(page, "!window.hold")
        expect(chat.answers.first).to_contain_text("stopped")
        expect(chat.message).to_be_enabled()
        chat.send("And one of 5 words")
        chat.finished(1)
