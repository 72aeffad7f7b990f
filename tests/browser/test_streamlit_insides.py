"""Every name of Streamlit's page that our scripts and style sheets go by, one test for each, which says what would break.

docs/decisions/0016-what-we-lean-on-in-streamlit.md lists what else we lean on, and where that is tested.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from llmtrack.ledger import open_ledger
from tests.browser.app_server import ROOT, AppServer, running_app
from tests.browser.bare_streamlit import bare_streamlit
from tests.browser.fixtures import SECONDS
from tests.browser.pictures import settled
from tests.browser.room import Room, keys, streamed
from tests.browser.test_chat_comforts import NOTE
from tests.ledger.making import generation
from tests.provider import Provider

NUMBERS, CHAT = "numbers", "chat"
HOME, TALK = "overview?show=generations", "a chat with one answer"


@dataclass(frozen=True)
class Inside:
    """Something of Streamlit's page that has to be found by a selector."""

    selector: str
    where: str
    """An address, or `TALK`."""
    breaks: str
    """What is broken where it is not found."""


INSIDES = {
    "stApp": Inside(".stApp[data-testid=stApp][data-test-script-state=notRunning]", HOME,
                    "keys of the chat; tests that wait for a page; the padding of pages"),
    "stMain": Inside("[data-testid=stMain]", HOME, "pages begin at their top after a step, and Back scrolls down again"),
    "stMainBlockContainer": Inside(".stMainBlockContainer", HOME, "the margins of pages"),
    "stVerticalBlock": Inside("[data-testid=stVerticalBlock]", HOME, "the sidebar's and the message box's layout"),
    "stLayoutWrapper": Inside("[data-testid=stLayoutWrapper]:has(>.st-key-ll_foot)", HOME,
                              "what stays in place: the foot of the sidebar, the top of the chat"),
    "a key as a class": Inside(".st-key-ll_head h1", HOME, "nearly every rule of the style sheets"),
    "stHeader": Inside("[data-testid=stHeader]", HOME, "clicks on the head line of a page"),
    "stToolbar": Inside("[data-testid=stHeader] [data-testid=stToolbar]", HOME, "clicks on the head line of a page"),
    "stSidebar": Inside("[data-testid=stSidebar][data-collapsed=false]", HOME,
                        "links of the menu keep no filters; the space above pages"),
    "stSidebarContent": Inside("[data-testid=stSidebarContent]", HOME, "the sidebar's layout"),
    "stSidebarHeader": Inside("[data-testid=stSidebarHeader]>*:first-child", HOME, "the name beside the logo"),
    "stSidebarLogo": Inside("[data-testid=stSidebarHeader] :is(.stLogo,[data-testid=stSidebarLogo])", HOME,
                            "the size of the logo"),
    "stSidebarUserContent": Inside("[data-testid=stSidebarUserContent]>div>[data-testid=stVerticalBlock]", HOME,
                                   "the foot of the sidebar is not at its bottom"),
    "stSidebarCollapseButton": Inside("[data-testid=stSidebarCollapseButton] button", HOME,
                                      "on a phone the sidebar stays open after a choice"),
    "stVegaLiteChart": Inside("[data-testid=stVegaLiteChart] svg path", HOME, "a running day cannot be clicked"),
    "stCaptionContainer": Inside("[data-testid=stCaptionContainer] p", "data", "captions are too pale to be read"),
    "stIconMaterial": Inside("[data-testid=stIconMaterial]", HOME, "the square on the button Stop"),
    "stMarkdownContainer": Inside("[data-testid=stMarkdownContainer]", HOME, "the size of answers"),
    "stPopover": Inside("[data-testid=stPopover] button", HOME, "the size of the buttons below the message box"),
    "stButton": Inside("[data-testid=stButton] button", TALK, "the size of the buttons below the message box"),
    "stBaseButton-primary": Inside("[data-testid=stBaseButton-primary]", "limits?dialog=new",
                                   "what stands on the main button cannot be read in the dark"),
    "stBaseButton-primaryFormSubmit": Inside("[data-testid=stBaseButton-primaryFormSubmit]", "connect",
                                             "what stands on a form's button cannot be read in the dark"),
    "stColumn": Inside("[data-testid=stColumn]:has(.st-key-ll_builder)", "explore",
                       "on a phone what an insight is made of stands before the insight"),
    "stHorizontalBlock": Inside(".st-key-ll_insight > [data-testid=stLayoutWrapper] > [data-testid=stHorizontalBlock]",
                                "explore", "what an insight is made of is as high as the insight"),
    "stBottomBlockContainer": Inside("[data-testid=stBottomBlockContainer]>[data-testid=stVerticalBlock]", TALK,
                                     "the message box falls apart"),
    "stAppScrollToBottomContainer": Inside("[data-testid=stAppScrollToBottomContainer]", TALK,
                                           "the button that leads to the end of a chat"),
    "stChatInput": Inside("[data-testid=stChatInput] textarea", TALK, "drafts, keys, the estimate, the look of the box"),
    "stChatInputFileUploadButton": Inside("[data-testid=stChatInput] [data-testid=stChatInputFileUploadButton] button",
                                          TALK, "the clip stands in the text"),
    "an input for files": Inside("[data-testid=stChatInput] input[type=file]", TALK, "files of a draft do not come back"),
    "stChatInputSubmitButton": Inside("[data-testid=stChatInput] [data-testid=stChatInputSubmitButton]", TALK,
                                      "drafts are not forgotten when they are sent; the place of the button"),
    "stChatMessage": Inside("[data-testid=stChatMessage]", TALK, "the look of messages, and copying an answer"),
    "stChatMessageAvatar": Inside("[data-testid=stChatMessage] [data-testid^=stChatMessageAvatar]", TALK,
                                  "pictures beside messages"),
    "stChatMessageContent": Inside(
        "[data-testid=stChatMessage] [data-testid=stChatMessageContent][aria-label='Chat message from user']", TALK,
        "own messages stand at the left; what was sent is compared with the draft"
    ),
    "stMenuButton": Inside("[data-testid=stMenuButton] button", TALK, "the menus of messages are always there"),
    "stTextInputRootElement": Inside(".st-key-history_search [data-testid=stTextInputRootElement]", TALK,
                                     "the look of the search in the sidebar"),
}  # fmt: skip
OPENED = {
    "stPopoverBody", "stDialog", "stFileChip", "stFileChipDeleteBtn", "stChatInputStopButton", "stTooltipIcon",
    "stMultiSelectTagsContainer", "stSkeleton",
}  # fmt: skip
"""Names that are there only after something was done; each has a test below."""
OURS = {"stSidebarNavLink", "stPageLink-NavLink", "stStatusWidget"}
"""Names that our own menu carries, or that would be followed or hidden if Streamlit's were shown."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("insides"), keys(provider_server)) as server:
        ledger = open_ledger(server.database_url)
        ledger.write([generation(int(time.time() * 1e6), user_id="ann", response_model="gpt-5")])
        ledger.close()
        yield server


@pytest.fixture(scope="module")
def tabs(browser: Browser, served: AppServer) -> Iterator[dict[str, Page]]:
    """A tab for each place, opened when it is first asked for."""
    opened: dict[str, Page] = {}
    yield opened
    for tab in opened.values():
        tab.context.close()


def at(where: str, tabs: dict[str, Page], browser: Browser, served: AppServer) -> Page:
    """The tab that shows a place."""
    if where not in tabs:
        tabs[where] = page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(SECONDS * 1000)
        if where == TALK:
            Room(page, served, "openai/gpt-4o@tokens=3").ask("Count")
        else:
            page.goto(f"{served.url}/{where}")
            settled(page)
    return tabs[where]


@pytest.mark.parametrize("name", INSIDES)
def test_streamlits_page_has_what_our_scripts_and_styles_go_by(
    tabs: dict[str, Page], browser: Browser, served: AppServer, name: str
) -> None:
    inside = INSIDES[name]
    part = at(inside.where, tabs, browser, served).locator(inside.selector)
    assert part.count(), f"{inside.selector} is gone from Streamlit's page, and with it: {inside.breaks}"


MOVED = """
window.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => { moved += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
"""


def test_nothing_that_is_seen_moves_when_a_page_is_opened(browser: Browser, served: AppServer) -> None:
    """Streamlit draws its skeleton (`stSkeleton`), then the menu beside it: a shift of 0.22 in this window."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(MOVED)
    page = context.new_page()
    page.goto(f"{served.url}/settings")
    settled(page)
    page.wait_for_timeout(500)
    moved = page.evaluate("moved")
    context.close()
    assert moved < 0.1


SLOW_CALLBACK = """
import time
import streamlit as st
from pages.components import callbacks

def count():
    time.sleep(1)
    st.session_state.counted = st.session_state.get("counted", 0) + 1

callbacks.guard()
st.button("Count", on_click=count)
st.button("Nothing")
st.text(f"Counted {st.session_state.get('counted', 0)}")
"""


def test_a_press_that_is_followed_by_another_is_not_lost(page: Page, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    shutil.copytree(ROOT / ".streamlit", tmp_path / "bare" / ".streamlit")
    settings = {"PYTHONPATH": str(ROOT), "STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "false"}
    with bare_streamlit(tmp_path / "bare", SLOW_CALLBACK, settings) as (url, _):
        page.goto(url)
        expect(page.get_by_text("Counted 0")).to_be_visible()
        settled(page)
        page.get_by_role("button", name="Count").click()
        page.wait_for_timeout(300)  # its callback runs
        page.get_by_role("button", name="Nothing").click()
        expect(page.get_by_text("Counted 1")).to_be_visible()


def test_a_popover_has_a_body_by_which_a_press_beside_it_is_told(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/{HOME}")
    settled(page)
    page.locator(".st-key-time button").click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()


def test_what_was_chosen_in_a_list_stands_in_a_container_of_its_own(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/tokens")
    settled(page)
    page.get_by_role("combobox", name="It may").click()
    page.get_by_role("option").first.click()
    expect(page.locator("[data-testid=stMultiSelectTagsContainer] span[title]")).to_have_count(1)


def test_help_beside_a_label_has_an_icon_that_can_be_left_out(page: Page, served: AppServer) -> None:
    page.goto(f"{served.url}/tokens")
    settled(page)
    page.get_by_text("Through the gateway").click()
    expect(page.get_by_test_id("stTooltipIcon").first).to_be_visible()


def test_a_dialog_a_chip_and_the_button_that_stops_are_called_as_the_chat_knows_them(
    page: Page, served: AppServer, provider: Provider
) -> None:
    room = Room(page, served, "openai/gpt-4o@tokens=3")
    room.attach(NOTE)
    chip = page.locator("[data-testid=stChatInput] [data-testid=stFileChip]")
    expect(chip).to_have_count(1)
    expect(page.locator("[data-testid=stFileChipDeleteBtn]")).to_have_count(1)
    provider.script("/chat/completions", [streamed("gpt-4o@tokens=300@pause=20")])
    room.send("Count")
    expect(page.locator("[data-testid=stChatInput] [data-testid=stChatInputStopButton]")).to_have_count(1)
    room.finished(0)
    room.idle()
    page.get_by_test_id("stApp").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-testid=stDialog] [role=dialog]")).to_be_visible()


def test_the_day_that_still_runs_is_hatched_by_a_pattern_that_lets_clicks_through(
    page: Page, served: AppServer
) -> None:
    page.goto(f"{served.url}/{HOME}")
    settled(page)
    hatched = page.locator("[data-testid=stVegaLiteChart] path[fill^='url(']").first
    assert hatched.evaluate("path => getComputedStyle(path).pointerEvents") == "none"


def test_streamlit_is_told_where_its_server_is_by_the_name_it_looks_at(page: Page, served: AppServer) -> None:
    answers: list[tuple[str, int]] = []
    page.on("response", lambda answer: answers.append((answer.url.removeprefix(served.url), answer.status)))
    page.goto(f"{served.url}/overview")
    settled(page)
    health = [entry for entry in answers if "_stcore" in entry[0]]
    assert ("/_stcore/health", 200) in health
    assert [entry for entry in answers if entry[1] >= 400 or "/overview/" in entry[0]] == []


def test_streamlits_html_has_a_title_for_us_to_write_into_and_no_script_that_the_policy_refuses(
    page: Page, served: AppServer
) -> None:
    html = page.request.get(f"{served.url}/usage", headers={"accept": "text/html"}).text()
    assert html.count("<title>llmtrack</title>") == 1
    assert html.index("/llmtrack/boot.js") < html.index('type="module"')
    assert re.findall(r"<script>(.*?)</script>", html, re.DOTALL) == []


def test_the_server_leaves_out_no_message_for_the_browser_to_have_kept(page: Page, served: AppServer) -> None:
    """The browser counts its runs differently after quick steps, and would stop with "Cached ForwardMsg MISS"."""
    received: list[ForwardMsg] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(ForwardMsg.FromString(frame))),
    )
    page.goto(f"{served.url}/{HOME}")
    settled(page)
    for _ in range(2):  # the same page again: large messages of it were sent before
        page.reload()
        settled(page)
    assert max(message.ByteSize() for message in received) > 10_000, "there are messages that Streamlit would keep"
    assert [message for message in received if message.WhichOneof("type") == "ref_hash"] == []


def test_every_name_that_scripts_and_style_sheets_use_has_its_test() -> None:
    kinds = [(folder, kind) for folder in ("pages", "llmtrack") for kind in ("*.css", "*.js")]
    files = [file for folder, kind in kinds for file in (ROOT / folder).rglob(kind)]
    used = {
        name
        for file in files
        for name in re.findall(r"data-testid\^?=[\"']?(st[\w-]+)|\"(st[A-Z][\w-]+)\"|(?<![\w-])\.(st[A-Z]\w+)",
                               file.read_text(encoding="utf-8"))
    }  # fmt: skip
    names = {part for groups in used for part in groups if part}
    assert names <= {*INSIDES, *OPENED, *OURS, "stLogo"}, "a name without a test"
