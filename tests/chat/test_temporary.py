"""Temporary chats: as any other while they last, and nothing of them on any disk but the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

import llmtrack
from llmtrack.chat.answers.prompt import File
from llmtrack.chat.conversations import Beginning, Conversations, Turn
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import get_catalog
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from tests.provider.server import Provider

PATIENCE = 30  # seconds
SECRET = "pelicanissimo"


@pytest.fixture
def mine(ledger_url: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Conversations:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DATABASE_URL", ledger_url)
    get_settings.cache_clear()
    return Conversations(open_ledger(), "alice")


def ended(turn: Turn) -> Turn:
    assert turn.reply.done.wait(PATIENCE)
    return turn


def begun(mine: Conversations) -> Turn:
    model = get_catalog().find("openai/gpt-4o")
    return ended(
        mine.send(
            f"{SECRET}?", model, files=[File("n.txt", "text/plain", SECRET.encode())], begin=Beginning(temporary=True)
        )
    )


def test_a_temporary_chat_works_and_only_its_numbers_are_kept(
    mine: Conversations, tmp_path: Path, provider: Provider
) -> None:
    turn = begun(mine)
    model = get_catalog().find("openai/gpt-4o")
    ended(mine.send(f"And {SECRET} again", model, conversation_id=turn.conversation_id))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.temporary
    assert [message.text for message in chat.messages] == [
        f"{SECRET}?",
        "Hello world",
        f"And {SECRET} again",
        "Hello world",
    ]
    assert SECRET in str(provider.last.wanted["messages"][0])  # the file goes along
    mine.judge(chat.messages[-1].id, -1, f"no {SECRET}")
    ended(mine.regenerate(chat.messages[-1].id))

    assert mine.list() == []
    assert mine.list(SECRET) == []
    assert Conversations(open_ledger(), "bob").open(turn.conversation_id) is None
    llmtrack.flush(10)
    assert ask(open_ledger(), ["generations"]).totals["generations"] == 3
    with open_ledger().reading() as connection:
        for table in ("conversation", "message", "attachment", "generation_text"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, table
        assert connection.exec_driver_sql("SELECT score, comment FROM feedback").one() == (-1, None)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == []


def test_one_who_thinks_better_of_it_keeps_it_with_its_files(mine: Conversations) -> None:
    turn = begun(mine)
    mine.keep(turn.conversation_id)
    (heading,) = mine.list(SECRET)
    chat = mine.open(heading.id)
    assert chat is not None
    assert (chat.id, chat.title, chat.temporary) == (turn.conversation_id, f"{SECRET}?", False)
    (file,) = chat.messages[0].files
    assert (file.name, mine.file(file.id)) == ("n.txt", SECRET.encode())
    with pytest.raises(ChatError):
        mine.keep(turn.conversation_id)


@pytest.mark.slow
def test_a_deleted_one_comes_back_and_the_oldest_makes_room(mine: Conversations) -> None:
    model = get_catalog().find("demo/demo-gpt")
    turns = [ended(mine.send(f"Number {n}", model, begin=Beginning(temporary=True))) for n in range(11)]
    assert mine.open(turns[0].conversation_id) is None
    last = turns[-1].conversation_id
    mine.delete(last)
    assert mine.open(last) is None
    mine.restore(last)
    assert mine.open(last) is not None


def test_too_many_files_are_refused_with_the_way_out(mine: Conversations) -> None:
    model = get_catalog().find("demo/demo-gpt")
    files = [File(f"{n}.txt", "text/plain", b"x" * 9_000_000) for n in range(3)]
    with pytest.raises(ChatError, match="A temporary chat holds 20 MB of files"):
        mine.send("Read", model, files=files, begin=Beginning(temporary=True))
