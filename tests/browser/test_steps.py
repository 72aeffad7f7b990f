"""A click is followed to the page it leads to, whatever Streamlit is busy with, and leaves one entry of the history.

Messages between Streamlit's page and its server are held back here, so that they meet the step in the order that a busy
machine brings about now and then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import NewSession

from llmtrack.ledger import open_ledger
from llmtrack.serving import html_shell
from tests.browser.app_server import ROOT, AppServer, running_app
from tests.browser.pictures import settled, until
from tests.ledger.making import generation

FILTER = "where=model%3Ais%3Agpt-5"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("steps")) as server:
        ledger = open_ledger(server.database_url)
        ledger.write([generation(user_id="ann", response_model="gpt-5")])
        ledger.close()
        yield server


class Wire:
    """What the server sends a tab, which can be held back; and for which pages the tab asked for a run."""

    def __init__(self, page: Page) -> None:
        self.holding = False
        self.asked = 0
        self._held: list[str | bytes] = []
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, tab: WebSocketRoute) -> None:
        self._tab, self._server = tab, tab.connect_to_server()
        tab.on_message(self._to_server)
        self._server.on_message(self._to_tab)

    def _to_server(self, message: str | bytes) -> None:
        if isinstance(message, bytes) and BackMsg.FromString(message).HasField("rerun_script"):
            self.asked += 1
        self._server.send(message)

    def _to_tab(self, message: str | bytes) -> None:
        if self.holding:
            self._held.append(message)
        else:
            self._tab.send(message)

    def hold(self) -> None:
        """From here on nothing that the server sends arrives."""
        self.holding = True

    def release(self, page: Page) -> None:
        """All of it arrives, in its order."""
        page.wait_for_timeout(500)  # what the server had to say by now
        self.holding = False
        while self._held:
            self._tab.send(self._held.pop(0))


def menu(page: Page, title: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first.click()


def arrived(page: Page, served: AppServer, address: str, title: str) -> None:
    expect(page).to_have_url(f"{served.url}/{address}")
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    settled(page)
    page.wait_for_timeout(300)  # nothing leads away from there a moment later
    expect(page).to_have_url(f"{served.url}/{address}")


def test_the_page_being_left_does_not_come_back_with_what_was_on_its_way(page: Page, served: AppServer) -> None:
    wire = Wire(page)
    page.goto(f"{served.url}/latency?{FILTER}")
    settled(page)
    length = page.evaluate("history.length")
    wire.hold()
    page.get_by_role("link", name=re.compile("Remove the filter")).click()  # Latency is drawn anew, for all we know
    menu(page, "Errors")
    wire.release(page)
    arrived(page, served, "errors", "Errors")
    assert page.evaluate("history.length") == length + 2
    page.go_back()
    arrived(page, served, "latency", "Latency")
    page.go_back()
    arrived(page, served, f"latency?{FILTER}", "Latency")


def test_a_control_of_the_page_being_left_has_no_say_any_more(page: Page, served: AppServer) -> None:
    wire = Wire(page)
    page.goto(f"{served.url}/latency?{FILTER}")
    settled(page)
    page.locator(".st-key-new_filter button").click()
    expect(page.get_by_placeholder("Type it exactly")).to_be_visible()
    settled(page)
    length = page.evaluate("history.length")
    wire.hold()
    page.evaluate("llmtrackSteps.go(new URL('errors', document.baseURI).href)")
    before = wire.asked
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert wire.asked == before, "the closing popover asked for its page"
    wire.release(page)
    arrived(page, served, "errors", "Errors")
    assert page.evaluate("history.length") == length + 1


def test_a_click_before_streamlit_knows_its_pages_is_followed_once_it_does(page: Page, served: AppServer) -> None:
    wire = Wire(page)
    wire.hold()
    page.goto(f"{served.url}/latency")
    until(page, "Boolean(window.llmtrackSteps) && llmtrackSteps.busy()")
    page.evaluate("llmtrackSteps.go(new URL('errors', document.baseURI).href)")
    wire.release(page)
    arrived(page, served, "errors", "Errors")
    page.go_back()
    arrived(page, served, "latency", "Latency")


def test_back_while_a_step_is_on_its_way_leads_back(page: Page, served: AppServer) -> None:
    wire = Wire(page)
    page.goto(f"{served.url}/errors?{FILTER}")
    settled(page)
    length = page.evaluate("history.length")
    wire.hold()
    menu(page, "Latency")
    page.go_back()
    wire.release(page)
    arrived(page, served, f"errors?{FILTER}", "Errors")
    assert page.evaluate("history.length") == length + 1
    page.go_forward()
    arrived(page, served, f"latency?{FILTER}", "Latency")


def test_streamlits_messages_have_the_fields_that_steps_are_told_by() -> None:
    script = (ROOT / "llmtrack" / "serving" / "steps.js").read_text(encoding="utf-8")
    (listed,) = re.findall(r"const FIELDS = \{(.*?)\}", script)
    assert {name: int(number) for name, number in re.findall(r"(\w+): (\d+)", listed)} == {
        "rerun_script": BackMsg.DESCRIPTOR.fields_by_name["rerun_script"].number,
        "rerun_page": ClientState.DESCRIPTOR.fields_by_name["page_script_hash"].number,
        "new_session": ForwardMsg.DESCRIPTOR.fields_by_name["new_session"].number,
        "session_page": NewSession.DESCRIPTOR.fields_by_name["page_script_hash"].number,
        "script_finished": ForwardMsg.DESCRIPTOR.fields_by_name["script_finished"].number,
    }
    assert f"FINISHED_EARLY_FOR_RERUN = {ForwardMsg.FINISHED_EARLY_FOR_RERUN};" in script
    assert html_shell.SCRIPTS[0] == "steps.js", "links.js needs it"
