"""Sharing a conversation by a link: what it shows, to whom, how it ends, and going on from it."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from llmtrack.chat.answers.prompt import File
from llmtrack.chat.conversations import Beginning, Conversation, Conversations, sharing
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import get_catalog
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.chats import purge

PATIENCE = 30  # seconds


@pytest.fixture
def ledger(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DATABASE_URL", ledger_url)
    get_settings.cache_clear()
    return open_ledger()


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(out, "PNG")
    return out.getvalue()


def conversation(mine: Conversations, text: str = "Which birds?", **more: object) -> Conversation:
    files = [File("p.png", "image/png", picture())]
    turn = mine.send(text, get_catalog().find("demo/demo-gpt"), files=files, **more)  # type: ignore[arg-type]
    assert turn.reply.done.wait(PATIENCE)
    return reopened(mine, turn.conversation_id)


def reopened(mine: Conversations, id: int) -> Conversation:
    chat = mine.open(id)
    assert chat is not None
    return chat


def test_a_link_shows_the_branch_as_it_was_and_nothing_of_what_comes_after(ledger: Ledger) -> None:
    alice = Conversations(ledger, "alice")
    chat = conversation(alice)
    assert alice.edit(chat.messages[0].id, "Another branch").reply.done.wait(PATIENCE)
    alice.choose(chat.messages[1].id)
    token = sharing.share(ledger, "alice", reopened(alice, chat.id))
    again = alice.send("Afterwards", get_catalog().find("demo/demo-gpt"), conversation_id=chat.id)
    assert again.reply.done.wait(PATIENCE)

    shared = sharing.open_shared(ledger, token)
    assert shared is not None
    assert shared.owner == "alice"
    assert [message.text for message in shared.conversation.messages] == [message.text for message in chat.messages]
    assert len(shared.conversation.everything) == 2
    assert list(shared.thumbnails) == [chat.messages[0].files[0].id]
    assert [link.token for link in sharing.share_links(ledger, "alice", chat)] == [token]


@pytest.mark.slow
def test_going_on_copies_it_with_its_files_and_without_what_it_cost(ledger: Ledger) -> None:
    alice, bob = Conversations(ledger, "alice"), Conversations(ledger, "bob")
    chat = conversation(alice)
    token = sharing.share(ledger, "alice", chat)
    copy = reopened(bob, sharing.take_over_shared(ledger, bob, token))
    assert [message.text for message in copy.messages] == [message.text for message in chat.messages]
    assert [bob.file(file.id) for file in copy.messages[0].files] == [picture()]
    assert bob.file(chat.messages[0].files[0].id) is None  # alice's own stays hers
    assert bob.figures(copy.messages) == {}
    assert bob.send("And gulls?", get_catalog().find("demo/demo-gpt"), conversation_id=copy.id).reply.done.wait(
        PATIENCE
    )
    assert len(reopened(alice, chat.id).messages) == 2
    assert [heading.title for heading in bob.list("birds")] == ["Which birds?"]


def test_a_link_that_was_withdrawn_or_whose_conversation_is_gone_shows_nothing(ledger: Ledger) -> None:
    alice, bob = Conversations(ledger, "alice"), Conversations(ledger, "bob")
    chat = conversation(alice)
    first, second = (sharing.share(ledger, "alice", chat) for _ in range(2))
    sharing.withdraw_link(ledger, "bob", first)  # is not bob's to withdraw
    assert sharing.open_shared(ledger, first) is not None
    sharing.withdraw_link(ledger, "alice", first)
    assert sharing.open_shared(ledger, first) is None
    with pytest.raises(ChatError, match="There is nothing behind this link"):
        sharing.take_over_shared(ledger, bob, first)
    alice.delete(chat.id)
    assert sharing.open_shared(ledger, second) is None
    assert sharing.open_shared(ledger, "never") is None
    alice.restore(chat.id)
    assert sharing.open_shared(ledger, second) is not None


def test_nothing_of_a_link_is_left_when_its_conversation_goes_for_good(ledger: Ledger) -> None:
    alice = Conversations(ledger, "alice")
    chat = conversation(alice)
    sharing.share(ledger, "alice", chat)
    alice.delete(chat.id)
    assert purge(ledger, time.time_ns()) == 1
    with ledger.reading() as connection:
        for table in ("chat_share", "conversation", "message", "attachment", "message_search"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, table


def test_only_ones_own_whole_and_kept_conversations_are_shared(ledger: Ledger) -> None:
    alice = Conversations(ledger, "alice")
    chat = conversation(alice)
    with pytest.raises(ChatError, match="is not there any more"):
        sharing.share(ledger, "bob", chat)
    fleeting = conversation(alice, begin=Beginning(temporary=True))
    with pytest.raises(ChatError, match="A temporary chat cannot be shared"):
        sharing.share(ledger, "alice", fleeting)
