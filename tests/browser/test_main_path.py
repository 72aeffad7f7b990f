"""The way a newcomer goes: ask, watch the answer come, stop the next one, and find both in the numbers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import GenerationDetail, generation, generations
from llmtrack.ledger.metrics import ask
from pages.components.formatting import usd
from tests.browser.app_server import AppServer, running_app
from tests.browser.chatting import Chat
from tests.provider import Provider


def stored(server: AppServer) -> list[GenerationDetail]:
    """What the ledger holds of each call, the latest first."""
    ledger = open_ledger(server.database_url)
    try:
        return [generation(ledger, row.id) for row in generations(ledger)]
    finally:
        ledger.close()


def test_two_simulated_messages_one_of_them_stopped_are_in_all_the_numbers(page: Page, app: AppServer) -> None:
    chat = Chat(page, app)
    chat.choose("Simulated · demo-claude")
    chat.send("Hello")
    expect(chat.answers.first).to_contain_text("This is a simulated answer")
    expect(chat.stop_button).to_be_visible()  # and it is still coming
    first = chat.finished(0)
    assert "demo-claude (simulated)" in first.text

    chat.choose("Simulated · demo-gpt")
    chat.send("A long answer, please")
    expect(chat.answers.nth(1)).to_contain_text("This is a simulated answer")
    chat.stop_button.click()
    second = chat.finished(1)
    assert "stopped" in second.text
    partial = chat.text(1)

    stopped, answered = stored(app)
    assert (answered.row.status, stopped.row.status) == ("ok", "cancelled")
    assert (answered.row.input_tokens, answered.row.output_tokens) == first.tokens
    kept = "".join(part["content"] for message in stopped.output for part in message["parts"])
    assert kept.split()[:12] == partial.split()[:12]
    assert len(kept.split()) >= 12

    total = usd(first.cost + second.cost)
    chat.open("Usage")
    head = page.get_by_test_id("statement-head")
    expect(head).to_contain_text("2 messages")
    expect(head).to_contain_text("$0.00")  # simulated money is no money
    expect(head).to_contain_text(f"2 calls, {total}")
    chat.open("Admin")
    chat.open("Models")
    expect(page.get_by_text(f"Apart from it 2 simulated calls, which would have cost {total}.")).to_be_visible()


@pytest.mark.parametrize(
    ("label", "cost"),
    [
        # Dollars a million tokens, in and out: 2.50 and 10, 15 and 75.
        ("OpenAI · gpt-4o", (100 * Decimal("2.50") + 40 * 10) / 10**6),
        ("Anthropic · claude-3-opus-20240229", (100 * Decimal(15) + 40 * 75) / 10**6),
    ],
)
def test_the_same_over_http_with_either_provider(
    page: Page, provider: Provider, tmp_path: Path, label: str, cost: Decimal
) -> None:
    keys = {
        "OPENAI_BASE_URL": provider.openai_url,
        "OPENAI_API_KEY": "sk-test",
        "ANTHROPIC_BASE_URL": provider.anthropic_url,
        "ANTHROPIC_API_KEY": "sk-ant-test",
    }
    with running_app(tmp_path, keys) as app:
        chat = Chat(page, app)
        provider.wish("tokens=40@pause=50")
        chat.choose(label)
        chat.send("Count")
        expect(chat.answers.first).to_contain_text("one two three")
        expect(chat.stop_button).to_be_visible()
        first = chat.finished(0)
        assert (first.tokens, first.cost) == ((100, 40), cost)

        provider.wish("tokens=4000@pause=50")
        chat.send("Count on")
        expect(chat.answers.nth(1)).to_contain_text("one two three")
        chat.stop_button.click()
        assert "stopped" in chat.finished(1).text
        request = next(one for one in reversed(provider.requests) if one.wanted.get("stream"))
        provider.wait_until(lambda: request.client_left)
        assert not request.answered

        stopped, answered = stored(app)
        assert (answered.row.status, answered.row.cost_status, answered.row.cost) == ("ok", "exact", cost)
        assert (stopped.row.status, stopped.row.cost_status) == ("cancelled", "estimated")
        ledger = open_ledger(app.database_url)
        total = usd(ask(ledger, "cost").totals["cost"])
        ledger.close()

        chat.open("Usage")
        head = page.get_by_test_id("statement-head")
        expect(head).to_contain_text("2 messages")
        expect(head).to_contain_text(total)
        chat.open("Admin")
        chat.open("Models")
        expect(page.locator("a.ll-tile").filter(has_text="Cost").first).to_contain_text(total)
