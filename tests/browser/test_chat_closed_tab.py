"""A tab that is closed right after Enter: the message is in the conversation all the same."""

from __future__ import annotations

import os
import signal
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


def missing_after_a_while(server: AppServer, names: list[str]) -> list[str]:
    """Those whose message is in no conversation, though there was time."""
    ledger = open_ledger(server.database_url)
    deadline = time.monotonic() + SECONDS
    missing = names
    while missing and time.monotonic() < deadline:
        missing = [name for name in missing if not kept(ledger, name)]
        time.sleep(0.1)
    ledger.close()
    return missing


@pytest.mark.parametrize(
    "halted",
    [
        False,
        pytest.param(
            True,
            marks=pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot halt a process"),
        ),
    ],
)
def test_a_message_is_kept_though_its_tab_closes_as_soon_as_it_is_sent(
    halted: bool, browser: Browser, server: AppServer
) -> None:
    """Also where the server gets to both only afterwards and at once, as on a busy machine: it is halted meanwhile."""
    names = [f"{'Halt' if halted else 'Tab'}{number}" for number in range(ROUNDS)]
    for name in names:
        chat = Chat(browser.new_context().new_page(), server)
        chat.send_and_close(f"{name} closes", server.process if halted else None)
    assert missing_after_a_while(server, names) == []
