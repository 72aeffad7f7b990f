"""More of what a person does on the chat page: menus, versions, thumbs, files, comparing, the list of conversations."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import GenerationDetail, generation, generations
from tests.browser.app_server import AppServer
from tests.browser.chatting import Chat
from tests.provider import Provider
from tests.provider.answer import Answer
from tests.provider.faults import wishes_of
from tests.provider.openai_chat import chat as openai_chat


def keys(provider: Provider) -> dict[str, str]:
    """Settings that make the app ask the fake provider."""
    return {
        "OPENAI_BASE_URL": provider.openai_url,
        "OPENAI_API_KEY": "sk-test",
        "ANTHROPIC_BASE_URL": provider.anthropic_url,
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "LLMTRACK_MODEL_LISTS": "false",  # or some of the requests seen are the app's own
    }


def streamed(wishes: str, **changes: Any) -> Answer:
    """A streamed answer to script: ``gpt-4o@tokens=40``, with more that goes wrong on the way."""
    model, wanted = wishes_of(wishes)
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    return dataclasses.replace(openai_chat(model, wanted, asked), **changes)


def stored(server: AppServer, number: int = 1) -> list[GenerationDetail]:
    """What the ledger holds of the latest calls."""
    ledger = open_ledger(server.database_url)
    try:
        return [generation(ledger, row.id) for row in list(generations(ledger))[:number]]
    finally:
        ledger.close()


class Room(Chat):
    """The chat page in a tab, with everything around its messages."""

    def __init__(self, page: Page, server: AppServer, model: str | None = None, query: str = "") -> None:
        super().__init__(page, server, query)
        if model:
            self.type_model(model)

    @property
    def messages(self) -> Locator:
        """What the person wrote."""
        return self.page.get_by_role("group", name="Chat message from user")

    @property
    def main(self) -> Locator:
        """The page without the sidebar."""
        return self.page.get_by_role("main")

    @property
    def sidebar(self) -> Locator:
        """The list of conversations, and the way to the other pages."""
        return self.page.get_by_role("region", name="Sidebar")

    @property
    def conversation_id(self) -> str:
        """From the page's address."""
        expect(self.page).to_have_url(re.compile(r"[?&]c=\d+"))
        return self.page.url.rpartition("c=")[2]

    def type_model(self, key: str) -> None:
        """Type in a model that the list lacks."""
        self.open_models()
        self.search.fill(key)
        self.search.press("Enter")
        # Until the server has drawn it: a message sent while an earlier run is on its way loses the Stop button to it.
        expect(self.message).to_have_attribute("placeholder", f"Message {key.rpartition('/')[2]}")
        self.idle()

    def ask(self, text: str, number: int = 0) -> str:
        """Send a message and wait for the end of its answer; the line under it."""
        self.send(text)
        line = self.finished(number).text
        self.idle()
        return line

    def press(self, button: Locator) -> None:
        """Press a button that changes the page, once it stands still, and wait for what comes of it."""
        self.idle()
        button.click()
        self.idle()

    def do(self, message: Locator, action: str) -> None:
        """Choose an action in a message's menu; it may take as long as an answer, which nobody waits for here."""
        self.idle()
        menu = "Ask again" if action.startswith("Ask") else "More"
        message.hover()
        message.get_by_test_id("stMenuButton").get_by_role("button", name=menu).first.click()
        self.page.get_by_role("menuitem", name=action).click()

    def do_with_conversation(self, action: str) -> None:
        """Choose an action in the menu at the top."""
        self.do(self.main, action)

    def do_with_preset(self, name: str, action: str) -> None:
        """Choose an action in a preset's menu."""
        self.idle()
        self.dialog.get_by_role("button", name=re.compile(f"More|What can be done with {name}")).first.click()
        self.press(self.page.get_by_role("menuitem", name=action))

    @property
    def dialog(self) -> Locator:
        """What lies on top of the page."""
        return self.page.get_by_test_id("stDialog")

    def close_dialog(self) -> None:
        """Away with it."""
        self.press(self.dialog.get_by_role("button", name="Close"))
        expect(self.dialog).to_have_count(0)

    def listed(self, title: str) -> Locator:
        """A conversation in the list."""
        return self.sidebar.get_by_role("navigation", name="Conversations").get_by_role(
            "link",
            name=re.compile(rf"^{re.escape(title)}(?: |$)"),  # below it stands the place that a search found
        )

    @property
    def settings(self) -> Locator:
        """The panel with the parameters and the models to compare with, while it is open."""
        return self.page.get_by_test_id("stPopoverBody")

    def open_settings(self) -> None:
        """Open that panel."""
        self.idle()
        self.page.get_by_test_id("stBottom").get_by_role("button", name="Settings").click()
        expect(self.settings).to_be_visible()

    def close_settings(self) -> None:
        """Close that panel."""
        self.idle()
        self.page.keyboard.press("Escape")
        expect(self.settings).to_have_count(0)

    def switch(self, label: str) -> None:
        """Turn a switch in the settings on, or off."""
        self.press(self.settings.get_by_text(label, exact=True))

    def tell_system(self, text: str) -> None:
        """Write the system prompt."""
        box = self.settings.get_by_role("textbox", name="System prompt")
        box.fill(text)
        box.press("Control+Enter")
        self.idle()

    def open_presets(self) -> None:
        """From the settings to the dialog about presets."""
        self.press(self.settings.get_by_role("button", name="Save…"))
        expect(self.dialog).to_be_visible()

    def save_preset(self, name: str) -> None:
        """Keep what is set now under a name."""
        self.dialog.get_by_role("textbox", name="Name of the preset").fill(name)
        self.press(self.dialog.get_by_role("button", name="Save", exact=True))

    def apply_preset(self, name: str) -> None:
        """Choose a preset in the settings."""
        self.idle()
        self.settings.get_by_role("combobox", name="Preset").click()
        self.press(self.page.get_by_role("option", name=name, exact=True))

    def compare_with(self, *models: str) -> None:
        """Choose models to answer beside the first."""
        self.idle()
        self.page.get_by_test_id("stBottom").get_by_role("button", name="Compare").click()
        box = self.settings.get_by_role("combobox", name="Compare with")
        for model in models:
            box.fill(model)
            self.press(self.page.get_by_role("option", name=model, exact=True))
        self.page.keyboard.press("Escape")  # the list
        self.close_settings()

    def attach(self, *files: FilePayload) -> None:
        """Attach files to the next message."""
        self.idle()
        bar = self.page.get_by_test_id("stChatInput")
        for file in files:
            # A message takes along only files that have reached the server when it is sent.
            with self.page.expect_response(lambda one: "upload_file" in one.url and one.request.method == "PUT"):
                bar.locator("input[type=file]").set_input_files([file])
            expect(bar.get_by_text(file["name"])).to_be_visible()
            expect(bar.get_by_role("button", name="Send message")).to_be_enabled()

    @property
    def price_tag(self) -> Locator:
        """What the next message will cost."""
        return self.page.locator(".ll-quote")

    @property
    def price_parts(self) -> Locator:
        """Of what that consists: shown on hover."""
        return self.page.locator(".ll-parts")

    def text(self, number: int) -> str:
        """What an answer says, once it has ended, without what stands under it."""
        self.finished(number)
        pieces = "[data-testid=stMarkdown] [data-testid=stMarkdownContainer]"
        return "\n".join(self.answers.nth(number).locator(pieces).all_inner_texts())
