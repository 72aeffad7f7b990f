"""Files of a folder: they go with every message of the conversations in it, at a price that is told, to nobody else."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

import llmtrack
from llmtrack.chat.answers.prompt import File
from llmtrack.chat.conversations import Beginning, Conversation, Conversations, Turn, fit
from llmtrack.chat.cost_estimate import quote
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import get_catalog
from llmtrack.ledger import open_ledger
from llmtrack.pricing import Pricer
from tests.provider.server import Provider

PATIENCE = 30  # seconds
HERONS = "Herons stand still. " * 200  # 4,000 bytes: about 1,000 tokens
PDF_OF_3 = b"%PDF-1.4\n" + b"/Type /Page\n" * 3


@pytest.fixture
def mine(ledger_url: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Conversations:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DATABASE_URL", ledger_url)
    get_settings.cache_clear()
    return Conversations(open_ledger(), "alice")


def text(name: str = "herons.txt", content: str = HERONS) -> File:
    return File(name, "text/plain", content.encode())


def picture(name: str = "p.png") -> File:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(out, "PNG")
    return File(name, "image/png", out.getvalue())


def ended(turn: Turn) -> Turn:
    assert turn.reply.done.wait(PATIENCE)
    return turn


def opened(mine: Conversations, turn: Turn) -> Conversation:
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    return chat


def names(mine: Conversations, folder: str = "Birds") -> list[str]:
    return [file.name for file in mine.folder_files.list(folder)]


def test_they_go_before_the_first_message_each_time_it_goes_on_and_is_asked_again(
    mine: Conversations, provider: Provider
) -> None:
    gpt = get_catalog().find("openai/gpt-4o")
    mine.folder_files.add(" Birds ", [text(), picture()])
    turn = ended(mine.send("Which birds?", gpt, begin=Beginning(folder="Birds")))
    first = provider.last.wanted["messages"]
    assert [part["type"] for part in first[0]["content"]] == ["text", "image_url", "text"]
    assert first[0]["content"][0]["text"] == f'<file name="herons.txt">\n{HERONS}\n</file>'
    assert first[0]["content"][2]["text"] == "Which birds?"

    ended(mine.send("And gulls?", gpt, conversation_id=turn.conversation_id))
    second = provider.last.wanted["messages"]
    assert second[0] == first[0]
    assert second[2] == {"role": "user", "content": "And gulls?"}
    chat = opened(mine, turn)
    assert chat.folder == "Birds"
    assert len(chat.messages[-1].folder_files.ids) == 2
    assert chat.messages[0].files == ()  # they are the folder's, not the message's

    ended(mine.regenerate(chat.messages[1].id))
    assert provider.last.wanted["messages"] == first
    mine.move(turn.conversation_id, None)
    ended(mine.send("Outside?", gpt, conversation_id=turn.conversation_id))
    assert HERONS not in str(provider.last.wanted["messages"])


def test_a_provider_gets_a_pdf_as_its_own_file_and_the_cache_is_used_from_the_first_message_on(
    mine: Conversations, provider: Provider
) -> None:
    mine.folder_files.add("Birds", [File("three.pdf", "application/pdf", PDF_OF_3)])
    claude = get_catalog().find("anthropic/claude-sonnet-4-5")
    ended(mine.send("What is in it?", claude, begin=Beginning(folder="Birds")))
    (sent,) = provider.last.wanted["messages"]
    assert [part["type"] for part in sent["content"]] == ["document", "text"]
    assert sent["content"][0]["title"] == "three.pdf"
    assert provider.last.wanted["cache_control"] == {"type": "ephemeral"}


def test_the_quote_has_them_and_holds_when_the_model_has_counted_them(mine: Conversations, provider: Provider) -> None:
    gpt = get_catalog().find("openai/gpt-4o")
    mine.folder_files.add("Birds", [text(), File("three.pdf", "application/pdf", PDF_OF_3)])
    begin = Beginning(folder="Birds")
    files = mine.files_beside(None, begin)
    told = quote(None, gpt, Pricer(), folder_files=files)
    assert told.folder.tokens == 1_000 + 3 * 2_000
    assert told.folder_cost == Decimal("0.0175")  # 7,000 tokens at $2.50 a million
    assert told.before == Decimal("0.0175") + Decimal("0.0000075")  # and three tokens around a request

    turn = ended(mine.send("Which?", gpt, begin=begin))
    llmtrack.flush(PATIENCE)
    chat = opened(mine, turn)
    figures = mine.figures(chat.messages)
    (usage,) = figures.values()
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    again = quote(chat, gpt, Pricer(), figures=figures, folder_files=mine.files_beside(chat))
    assert again.counted
    mine.folder_files.add("Birds", [text("more.txt")])
    after = quote(chat, gpt, Pricer(), figures=figures, folder_files=mine.files_beside(chat))
    assert (after.counted, after.folder.tokens) == (False, 8_000)


def test_what_a_model_cannot_take_and_what_does_not_fit_is_named_in_the_quote_and_on_the_answer(
    mine: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_FOLDER_MAX_TOKENS", "1500")
    get_settings.cache_clear()
    old = get_catalog().find("openai/gpt-3.5-turbo")
    mine.folder_files.add("Birds", [text(), picture(), text("long.txt", HERONS + "!"), text("short.txt", "Gulls.")])
    fitted = fit(mine.folder_files.list("Birds"), old)
    assert [file.name for file in fitted.sent] == ["herons.txt", "short.txt"]
    assert fitted.left_out == (
        "'p.png' (gpt-3.5-turbo cannot take images)",
        "'long.txt' (about 1,001 tokens, and 500 are left for files)",
    )
    assert fitted.tokens == 1_002
    turn = ended(mine.send("Which?", old, begin=Beginning(folder="Birds")))
    answer = opened(mine, turn).messages[-1]
    assert (len(answer.folder_files.ids), answer.folder_files.left_out) == (2, fitted.left_out)


def test_no_more_than_half_of_what_a_model_can_read_is_taken_by_files(mine: Conversations) -> None:
    old = get_catalog().find("openai/gpt-3.5-turbo")
    assert old.context == 16_385
    mine.folder_files.add("Birds", [text("a.txt", "x" * 32_768), text("b.txt", "y" * 8)])
    fitted = fit(mine.folder_files.list("Birds"), old)
    assert [file.name for file in fitted.sent] == ["a.txt"]  # 8,192 tokens, the half rounded down
    assert fitted.left_out == ("'b.txt' (about 2 tokens, and 0 are left for files)",)


def test_nobody_else_reaches_them_in_a_folder_of_the_same_name(mine: Conversations, provider: Provider) -> None:
    bob = Conversations(open_ledger(), "bob")
    mine.folder_files.add("Birds", [text()])
    files = mine.folder_files.list("Birds")
    assert bob.folder_files.list("Birds") == []
    assert bob.folder_files.counts() == {}
    assert bob.folder_files.contents(files) == {}
    bob.folder_files.remove(files[0].id)
    bob.folder_files.delete("Birds")
    assert names(mine) == ["herons.txt"]
    ended(bob.send("Which birds?", get_catalog().find("openai/gpt-4o"), begin=Beginning(folder="Birds")))
    assert provider.last.wanted["messages"] == [{"role": "user", "content": "Which birds?"}]


def test_a_temporary_chat_takes_none_unless_that_is_chosen(mine: Conversations, provider: Provider) -> None:
    gpt = get_catalog().find("openai/gpt-4o")
    mine.folder_files.add("Birds", [text()])
    turn = ended(mine.send("Which?", gpt, begin=Beginning(temporary=True, folder="Birds")))
    assert provider.last.wanted["messages"] == [{"role": "user", "content": "Which?"}]
    chat = opened(mine, turn)
    mine.configure(chat.id, gpt, chat.parameters, folder_files=True)
    ended(mine.send("And now?", gpt, conversation_id=chat.id))
    assert HERONS in str(provider.last.wanted["messages"][0])

    ended(mine.send("Which?", gpt, begin=Beginning(temporary=True, folder="Birds", folder_files=True)))
    assert HERONS in str(provider.last.wanted["messages"][0])
    ended(mine.send("Which?", gpt, begin=Beginning(folder="Birds", folder_files=False)))
    assert HERONS not in str(provider.last.wanted["messages"][0])


def test_with_content_off_what_is_in_them_stays_in_the_folder_alone(
    mine: Conversations, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_CAPTURE_CONTENT", "off")
    get_settings.cache_clear()
    mine.folder_files.add("Birds", [text("s.txt", "pelicanissimo")])
    turn = ended(mine.send("Which?", get_catalog().find("openai/gpt-4o"), begin=Beginning(folder="Birds")))
    assert "pelicanissimo" in str(provider.last.wanted["messages"])
    llmtrack.flush(PATIENCE)
    mine.folder_files.delete("Birds")
    with open_ledger().reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM generation_text").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM folder_file").scalar_one() == 0
    journals = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("ledger.db")]
    assert [path for path in journals if b"pelicanissimo" in path.read_bytes()] == []
    assert "pelicanissimo" not in str(opened(mine, turn))


def test_a_deleted_folder_leaves_its_conversations_and_a_removed_file_its_answers(
    mine: Conversations, provider: Provider
) -> None:
    gpt = get_catalog().find("openai/gpt-4o")
    mine.folder_files.add("Birds", [text(), text("gulls.txt", "Gulls.")])
    turn = ended(mine.send("Which?", gpt, begin=Beginning(folder="Birds")))
    mine.folder_files.remove(mine.folder_files.list("Birds")[0].id)
    assert (names(mine), mine.folder_files.counts()) == (["gulls.txt"], {"Birds": 1})
    ended(mine.send("And now?", gpt, conversation_id=turn.conversation_id))
    assert "gulls.txt" in str(provider.last.wanted["messages"])
    assert HERONS not in str(provider.last.wanted["messages"])

    mine.folder_files.delete("Birds")
    assert (names(mine), mine.in_folders()) == ([], [])
    chat = opened(mine, turn)
    assert (chat.folder, len(chat.messages)) == (None, 4)


def test_a_folder_takes_what_could_be_sent_each_once_up_to_its_limits(
    mine: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_FOLDER_FILES_MAX", "2")
    monkeypatch.setenv("LLMTRACK_FOLDER_MAX_MB", "0.01")
    get_settings.cache_clear()
    mine.folder_files.add("Birds", [text(), text()])
    mine.folder_files.add("Birds", [text()])
    assert names(mine) == ["herons.txt"]
    for refused, words in (
        ([text("e.txt", "")], "'e.txt' is empty"),
        ([File("n.bin", "application/zip", b"\xff\x00")], "'n.bin' .* cannot be sent"),
        ([File("n.png", "image/png", b"no picture")], "'n.png' is no picture"),
        ([text("a"), text("b", "b")], "A folder holds 2 files of 0.01 MB together: take some out of 'Birds' first"),
        ([text("a", "a" * 6_001)], "A folder holds 2 files of 0.01 MB together"),
    ):
        with pytest.raises(ChatError, match=words):
            mine.folder_files.add("Birds", refused)
    assert names(mine) == ["herons.txt"]
    with pytest.raises(ChatError, match="The folder has no name"):
        mine.folder_files.add("  ", [text()])


def test_leaving_them_out_is_named_where_it_saves_much(mine: Conversations) -> None:
    gpt = get_catalog().find("openai/gpt-4o")
    mine.folder_files.add("Birds", [text("long.txt", "x" * 40_000)])
    told = quote(None, gpt, Pricer(), folder_files=mine.folder_files.list("Birds"))
    assert [(hint.kind, hint.saves) for hint in told.hints] == [("drop_folder", Decimal("0.025"))]
