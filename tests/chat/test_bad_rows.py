"""Rows that an earlier version or another program has spoilt: they cost themselves, not the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmtrack.chat.answers.prompt import Parameters
from llmtrack.chat.conversations import export
from llmtrack.chat.conversations.history import Conversations
from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.chats.store import Chats, Line
from pages.components.chat import conversation_list


@pytest.mark.parametrize("at", [10**18, -(10**18), 2**63 - 1])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_conversation_with_a_time_out_of_range_is_listed_and_opens_beside_the_others(at: int, zone: str):
    ledger = open_ledger()
    chats = Chats(ledger, "alice")
    for id, title, time in ((new_id(), "Bad", at), (new_id(), "Good", 0)):
        line = Line(new_id(), None, "user", [{"type": "text", "content": "Hello"}], created_at=time)
        chats.take_over(id, title, {}, time, time, [line], line.id)
    mine = Conversations(ledger, "alice")
    listed = mine.list()
    assert {heading.title for heading in listed} == {"Bad", "Good"}
    now = datetime.now(ZoneInfo(zone))
    assert all(conversation_list.group(heading, now) for heading in listed)
    for heading in listed:
        chat = mine.open(heading.id)
        assert chat is not None
        assert [message.text for message in chat.messages] == ["Hello"]
        assert export.to_markdown(chat)
        assert export.to_json(chat)
        assert 0 <= chat.messages[0].created_at < datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1e6


def test_settings_and_notes_of_the_wrong_kind_are_left_out():
    ledger = open_ledger()
    chats = Chats(ledger, "alice")
    bad: dict[str, Any] = {"model": 5, "system": ["x"], "temperature": "hot", "max_tokens": -1, "effort": 3}
    meta = {"quoted": "much", "seconds": "long", "finish": 7}
    line = Line(new_id(), None, "assistant", [{"type": "text", "content": "Hi"}], meta=meta)
    id = new_id()
    chats.take_over(id, "Bad", bad, 0, 0, [line], line.id)
    chat = Conversations(ledger, "alice").open(id)
    assert chat is not None
    assert (chat.model, chat.parameters) == (None, Parameters())
    (message,) = chat.messages
    assert (message.text, message.quoted, message.seconds, message.finish) == ("Hi", None, None, None)
