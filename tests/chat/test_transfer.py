"""Conversations taken out and brought in: nothing of what was said is lost, and nothing is counted twice."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

import llmtrack
from llmtrack.chat.answers.prompt import File, Parameters
from llmtrack.chat.conversations import export
from llmtrack.chat.conversations.export import is_too_large_for_json, to_archive, to_json, to_markdown
from llmtrack.chat.conversations.history import Conversations
from llmtrack.chat.conversations.imports.importer import import_file
from llmtrack.chat.conversations.tree import Conversation
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask


@pytest.fixture
def mine() -> Conversations:
    return Conversations(open_ledger(), "alice")


def chatted(mine: Conversations) -> Conversation:
    """Two turns, the second asked twice."""
    quick = get_catalog().find("demo/demo-gpt-mini")
    turn = mine.send("Hello", quick, parameters=Parameters(system="Be kind."), files=[])
    assert turn.reply.done.wait(30)
    files = [File("notes.txt", "text/plain", b"Buy milk")]
    second = mine.send("Read", get_catalog().find("demo/demo-gpt"), conversation_id=turn.conversation_id, files=files)
    assert second.reply.done.wait(30)
    again = mine.regenerate(second.answers[0], get_catalog().find("demo/demo-claude-thinking"))
    assert again.reply.done.wait(30)
    llmtrack.flush()
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    return chat


def test_markdown_shows_the_branch_with_who_answered_and_what_it_took(mine: Conversations):
    chat = chatted(mine)
    figures = mine.figures(chat.messages)
    text = to_markdown(chat, figures)
    lines = text.splitlines()
    assert lines[0] == "# Hello"
    assert "> System prompt: Be kind." in lines
    assert "## demo/demo-gpt-mini" in lines
    assert "*Attached: notes.txt (8 bytes)*" in lines
    assert "## demo/demo-claude-thinking" in lines
    assert "## demo/demo-gpt" not in lines, "only the branch shown"
    first = figures[chat.messages[1].id]
    assert f"*{first.input_tokens} → {first.output_tokens} tokens · ${first.cost:f} simulated*" in lines


def test_json_comes_back_as_it_went_out_with_all_branches_and_nothing_is_counted(mine: Conversations):
    chat = chatted(mine)
    before = ask(open_ledger(), metrics=["generations"]).totals["generations"]
    theirs = Conversations(open_ledger(), "bob")
    told = import_file(open_ledger(), "bob", to_json(chat, mine.figures(chat.everything)).encode())
    assert (told.conversations, told.messages, told.left_out) == (1, 5, 0)
    assert told.first is not None
    back = theirs.open(told.first)
    assert back is not None

    def shape(one: Conversation) -> list[tuple[Any, ...]]:
        return [(m.role, m.text, m.reasoning, m.model, m.status, len(m.versions)) for m in one.messages]

    assert shape(back) == shape(chat)
    assert (back.title, back.model, back.parameters) == (chat.title, chat.model, chat.parameters)
    assert (back.created_at, back.updated_at) == (chat.created_at, chat.updated_at)
    assert back.messages[0].created_at == chat.messages[0].created_at
    llmtrack.flush()
    assert ask(open_ledger(), metrics=["generations"]).totals["generations"] == before
    assert [heading.id for heading in theirs.list("simulated answer")] == [told.first]


def test_files_and_those_of_the_folder_come_back_from_json_and_from_a_zip(mine: Conversations, monkeypatch: Any):
    ledger = open_ledger()
    chat = chatted(mine)
    mine.move(chat.id, "Lists")
    mine.folder_files.add("Lists", [File("häuser.txt", "text/plain", b"Ten houses")])
    moved = mine.open(chat.id)
    assert moved is not None
    beside = mine.folder_files.list("Lists")
    ids = [file.id for message in moved.everything for file in message.files]
    contents = mine.contents(ids) | mine.folder_files.contents(beside)
    as_json, as_zip = to_json(moved, None, contents, beside).encode(), to_archive(moved, None, contents, beside)
    for user, data in (("bob", as_json), ("carol", as_zip)):
        told = import_file(ledger, user, data)
        assert (told.conversations, told.files, told.damaged) == (1, 1, 0), user
        theirs = Conversations(ledger, user)
        back = theirs.open(told.first or 0)
        assert back is not None
        (file,) = [file for message in back.messages for file in message.files]
        assert (file.name, file.media_type, theirs.file(file.id)) == ("notes.txt", "text/plain", b"Buy milk")
        assert back.folder == "Lists"
        files = theirs.folder_files.list("Lists")
        assert [(file.name, theirs.folder_files.contents(files)[file.id]) for file in files] == [
            ("häuser.txt", b"Ten houses")
        ]
        assert import_file(ledger, user, data).unchanged == 1

    assert not is_too_large_for_json(moved, beside)
    monkeypatch.setattr(export, "MOST_INSIDE", 17)  # eight bytes of the message's file, ten of the folder's
    assert is_too_large_for_json(moved, beside)


def test_a_file_of_an_export_that_cannot_be_read_costs_itself(mine: Conversations):
    content = {
        "format": "llmtrack.conversation",
        "version": 1,
        "folder": {"name": "Lists", "files": [{"name": "a.txt", "content": "!"}, {"name": "b.txt", "content": "Yg=="}]},
        "messages": [
            {"id": 1, "role": "user", "text": "Hi", "files": [{"name": "c.txt", "content": "%"}, {"content": "ZA=="}]}
        ],
    }
    told = import_file(open_ledger(), "alice", json.dumps(content).encode())
    assert (told.conversations, told.files) == (1, 1)
    assert told.problems == ("A file of the folder 'Lists': 'a.txt' is not in this export.",)
    assert [file.name for file in mine.folder_files.list("Lists")] == ["b.txt"]
    (heading,) = mine.list()
    chat = mine.open(heading.id)
    assert chat is not None
    assert [mine.file(file.id) for file in chat.messages[0].files] == [b"d"]


def chatgpt() -> list[dict[str, Any]]:
    """What ChatGPT exports, made up: hidden and empty nodes, a picture, a tool, and an edited question."""

    def node(id: str, parent: str | None, children: list[str], message: dict[str, Any] | None) -> dict[str, Any]:
        return {"id": id, "parent": parent, "children": children, "message": message}

    def said(role: str, *parts: Any, at: float | None = None, **metadata: Any) -> dict[str, Any]:
        content = {"content_type": "text", "parts": list(parts)}
        return {"author": {"role": role}, "create_time": at, "content": content, "metadata": metadata}

    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    return [
        {
            "title": "Trains",
            "create_time": 1_700_000_000.5,
            "update_time": 1_700_000_100.0,
            "current_node": "answer 2",
            "mapping": {
                "root": node("root", None, ["system"], None),
                "system": node(
                    "system", "root", ["q1", "q2"], said("system", "", is_visually_hidden_from_conversation=True)
                ),
                "q1": node("q1", "system", ["answer 1"], said("user", "When does it go?", at=1_700_000_001.0)),
                "answer 1": node("answer 1", "q1", [], said("assistant", "At noon.", model_slug="gpt-4o")),
                "q2": node(
                    "q2", "system", ["tool"], said("user", picture, "When does it *leave*?", at=1_700_000_002.0)
                ),
                "tool": node("tool", "q2", ["answer 2"], said("tool", "timetable")),
                "answer 2": node("answer 2", "tool", [], said("assistant", "At", "one.", model_slug="gpt-4o")),
            },
        },
        {"title": None, "mapping": {"a": node("a", None, [], said("user", "Only a question\nof two lines"))}},
        {"title": "Nothing", "mapping": {"a": node("a", None, [], None)}},
    ]


@pytest.mark.parametrize("zipped", [False, True])
def test_chatgpts_export_comes_in_with_its_branches(mine: Conversations, zipped: bool):
    data = json.dumps(chatgpt()).encode()
    if zipped:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("user.json", "{}")
            archive.writestr("conversations.json", data)
        data = out.getvalue()
    told = import_file(open_ledger(), "alice", data)
    assert (told.conversations, told.messages, told.left_out) == (2, 5, 1)
    titles = {heading.title: heading.id for heading in mine.list()}
    assert set(titles) == {"Trains", "Only a question"}
    chat = mine.open(titles["Trains"])
    assert chat is not None
    assert [(m.role, m.text, m.model) for m in chat.messages] == [
        ("user", "When does it *leave*?", None),
        ("assistant", "At\n\none.", "openai/gpt-4o"),
    ]
    assert len(chat.messages[0].versions) == 2
    assert chat.created_at == 1_700_000_000_500_000
    assert chat.messages[0].created_at == 1_700_000_002_000_000
    mine.choose(chat.messages[0].versions[0])
    chat = mine.open(titles["Trains"])
    assert chat is not None
    assert [m.text for m in chat.messages] == ["When does it go?", "At noon."]
    assert [heading.id for heading in mine.list("noon")] == [titles["Trains"]]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x00\x01", "This file is no JSON"),
        (b"{}", "This file is no export of this app or of ChatGPT"),
        (b"[]", "There is no conversation in this file"),
        (b'[{"mapping": {}}]', "There is no conversation in this file"),
        (b'{"format": "llmtrack.conversation", "version": 9}', "This export has version 9, and 1 can be read"),
        (b'{"format": "llmtrack.conversation", "version": 1, "messages": [{}]}', "This export is damaged"),
        (b"PK\x03\x04 not really", "This zip cannot be read"),
    ],
)
def test_what_is_no_export_is_refused_in_one_sentence(mine: Conversations, data: bytes, words: str):
    with pytest.raises(ChatError, match=words):
        import_file(open_ledger(), "alice", data)
    assert mine.list() == []


@pytest.mark.slow
def test_an_import_takes_nothing_over_that_claims_to_be_in_flight(mine: Conversations):
    content = {
        "format": "llmtrack.conversation",
        "version": 1,
        "messages": [
            {"id": 1, "role": "user", "text": "Hi"},
            {"id": 2, "parent": 1, "role": "assistant", "text": "Ha", "status": "streaming"},
        ],
    }
    told = import_file(open_ledger(), "alice", json.dumps(content).encode())
    assert told.first is not None
    chat = mine.open(told.first)
    assert chat is not None
    assert [message.status for message in chat.messages] == [None, "abandoned"]
    assert chat.title == "Imported conversation"
