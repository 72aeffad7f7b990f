"""A tab that is closed right after Enter: the message is in the conversation all the same."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from llmtrack.chat.conversations.history import Conversations
from llmtrack.ledger import Ledger, open_ledger
from tests.browser.app_server import AppServer, running_app
from tests.browser.chatting import Chat

SECONDS = 30
"""For a message to be kept, on a busy machine."""
ROUNDS = int(os.environ.get("LLMTRACK_TEST_ROUNDS", "3"))
"""How often it is tried; thirty show what is rare, and take a minute."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("closed")) as started:
        yield started


def kept(ledger: Ledger, text: str) -> int:
    """How many conversations hold a message."""
    return len(Conversations(ledger, "local").list(text))


def test_a_message_is_kept_though_its_tab_closes_at_once(browser: Browser, server: AppServer) -> None:
    names = [f"Tab{number}" for number in range(ROUNDS)]
    for name in names:
        context = browser.new_context()
        chat = Chat(context.new_page(), server)
        chat.send(f"{name} closes")
        context.close()
    ledger = open_ledger(server.database_url)
    deadline = time.monotonic() + SECONDS
    missing = names
    while missing and time.monotonic() < deadline:
        missing = [name for name in missing if not kept(ledger, name)]
        time.sleep(0.1)
    ledger.close()
    assert missing == []
