"""The chat page as a person uses it."""

from __future__ import annotations

import re
import signal
import subprocess
from dataclasses import dataclass
from decimal import Decimal

from playwright.sync_api import Locator, Page, expect

from tests.browser.app_server import AppServer
from tests.browser.runs import Runs


@dataclass(frozen=True)
class Footer:
    """The line under an answer."""

    text: str

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in and out."""
        found = re.search(r"([\d,]+) → ([\d,]+) tokens", self.text)
        assert found, f"no tokens in {self.text!r}"
        return int(found[1].replace(",", "")), int(found[2].replace(",", ""))

    @property
    def cost(self) -> Decimal:
        """Dollars."""
        found = re.search(r"\$([\d.]+)", self.text)
        assert found, f"no cost in {self.text!r}"
        return Decimal(found[1])


class Chat:
    """The chat page in a tab."""

    def __init__(self, page: Page, server: AppServer, query: str = "") -> None:
        self.page = page
        self.server = server
        self._runs = Runs(page)
        self._runs.expect_one()
        page.goto(f"{server.url}/{query}")
        expect(self.message).to_be_visible()
        self.idle()

    @property
    def message(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_role("textbox", name=re.compile("^Message"))

    @property
    def stop_button(self) -> Locator:
        """There while an answer is coming."""
        return self.page.get_by_role("button", name="Stop", exact=True).and_(
            self.page.locator(".st-key-ll_stop button")
        )

    @property
    def model(self) -> Locator:
        """The button that names the model and opens the list."""
        return self.page.locator(".st-key-chat_models button").first

    @property
    def search(self) -> Locator:
        """Where a model is searched or typed, while the list is open."""
        return self.page.get_by_role("textbox", name="Search or type a model")

    def listed_model(self, name: str) -> Locator:
        """A model in the list."""
        return self.page.locator(".ll-models").get_by_role("button").filter(has=self.page.get_by_text(name, exact=True))

    @property
    def answers(self) -> Locator:
        """All answers so far."""
        return self.page.get_by_role("group", name="Chat message from assistant")

    def choose(self, label: str) -> None:
        """Choose a model from the list, which is long: type its name, and click on it."""
        name = label.partition(" · ")[2]
        self.open_models()
        self.search.fill(name)
        self.listed_model(name).click()
        # Streamlit shows its Stop button for one run of the script: a message sent while an earlier run is on its way
        # loses the button to it.
        expect(self.message).to_have_attribute("placeholder", f"Message {name}")
        self.idle()

    def open_models(self) -> None:
        """Open the list of models."""
        self.idle()
        self.model.click()
        expect(self.page.locator(".ll-models")).to_be_visible()
        self.idle()

    def idle(self) -> None:
        """Wait until all that was asked for is drawn: a list that is open while the page is drawn anew closes."""
        self._runs.settle()

    def reload(self) -> None:
        """Load the page again, and wait until it is drawn."""
        self._runs.expect_one()
        self.page.reload()
        self.idle()

    def send(self, text: str) -> None:
        """Write a message and send it."""
        self.idle()
        self.message.fill(text)
        self.message.press("Enter")

    def send_and_close(self, text: str, halted: subprocess.Popen[str] | None = None) -> None:
        """Send a message, and close the tab once it is on its way. The `halted` server takes in both afterwards."""
        self.idle()
        if halted:
            halted.send_signal(signal.SIGSTOP)
        try:
            self.message.fill(text)
            self.message.press("Enter")
            self._runs.wait_until_asked()
            self.page.wait_for_timeout(300 if halted else 0)
            self.page.context.close()
        finally:
            if halted:
                halted.send_signal(signal.SIGCONT)

    def finished(self, number: int) -> Footer:
        """Wait for the end of an answer; what stands under it."""
        line = self.answers.nth(number).locator(
            ".ll-took", has_text=re.compile(r"[\d,]+ → [\d,]+ tokens|price unknown")
        )
        expect(line).to_be_visible()
        return Footer(line.inner_text())

    def text(self, number: int) -> str:
        """What an answer says, without the line under it."""
        answer = self.answers.nth(number)
        return answer.inner_text().removesuffix(self.finished(number).text).strip()

    def open(self, name: str) -> None:
        """Go to another page."""
        self.idle()
        self.page.get_by_role("link", name=name, exact=True).click()
