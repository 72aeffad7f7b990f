"""Exports of other programs, whole and damaged: what is good comes in once, what is bad costs itself alone."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtrack.chat.conversations import export
from llmtrack.chat.conversations.history import Conversations
from llmtrack.chat.conversations.imports import archive, importer
from llmtrack.chat.conversations.imports.entries import Damaged, entries
from llmtrack.chat.conversations.imports.importer import Imported, import_file
from llmtrack.chat.conversations.tree import Conversation
from llmtrack.chat.error_messages import ChatError
from llmtrack.ledger import open_ledger
from tests.fuzz import tries


@pytest.fixture
def mine() -> Conversations:
    return Conversations(open_ledger(), "alice")


def brought(content: Any) -> Imported:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return import_file(open_ledger(), "alice", data)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "-").replace("_json", ".json"), data)
    return out.getvalue()


def opened(mine: Conversations, title: str) -> Conversation:
    chat = mine.open(next(heading.id for heading in mine.list() if heading.title == title))
    assert chat is not None
    return chat


def node(parent: str | None, role: str, *parts: Any, **more: Any) -> dict[str, Any]:
    content = more.pop("content", {"content_type": "text", "parts": list(parts)})
    return {"parent": parent, "children": [], "message": {"author": {"role": role}, "content": content, **more}}


def chatgpt(title: str = "Trains", text: str = "When does it go?", **more: Any) -> dict[str, Any]:
    mapping = {"q": node(None, "user", text), "a": node("q", "assistant", "At noon.")}
    return {"id": title, "title": title, "create_time": 1.7e9, "update_time": 1.7e9, "mapping": mapping, **more}


def test_one_entry_without_messages_among_good_ones_is_left_out_and_named(mine: Conversations):
    told = brought(
        [chatgpt("One"), {"title": "Broken", "id": "x"}, chatgpt("Two"), None, chatgpt("Three", mapping=[1])]
    )
    assert (told.conversations, told.messages, told.damaged) == (2, 4, 3)
    assert told.problems[0].startswith("Conversation 2 (“Broken”) is no export of this app or of ChatGPT")
    assert told.problems[1].startswith("Conversation 4 is no export")
    assert told.problems[2].startswith("Conversation 5 (“Three”) is damaged at 'mapping'")
    assert sorted(heading.title or "" for heading in mine.list()) == ["One", "Two"]


def test_chatgpts_zips_of_2026_and_before_come_in_with_all_their_files(mine: Conversations):
    parts = {f"conversations__00{n}_json": json.dumps([chatgpt(f"Part {n}")]).encode() for n in range(2)}
    links = {"shared_conversations_json": b'[{"id": "1", "title": "a link"}]', "chat.html": b"<html>"}
    assert brought(zipped(shared_conversations_json=links["shared_conversations_json"], **parts)).conversations == 2
    assert brought(zipped(**links, conversations_json=json.dumps([chatgpt("Old")]).encode())).conversations == 1
    assert sorted(heading.title or "" for heading in mine.list()) == ["Old", "Part 0", "Part 1"]


@pytest.mark.parametrize(
    "at", [1e300, -1e300, float("inf"), float("nan"), 10**400, -5, 4e11, "9999-12-31T23:59:59-11:00"]
)
def test_a_time_out_of_range_becomes_one_that_every_page_can_show(mine: Conversations, at: Any):
    brought([chatgpt(create_time=at, update_time=at), chatgpt("Other")])
    now = time.time_ns() // 1000
    for title in ("Trains", "Other"):
        chat = opened(mine, title)
        assert 0 < chat.created_at <= now
        assert 0 < chat.updated_at <= now
        assert export.to_markdown(chat)


def test_what_was_imported_before_comes_in_once_and_goes_on_where_it_went_on(mine: Conversations):
    assert brought([chatgpt()]).conversations == 1
    again = brought([chatgpt()])
    assert (again.conversations, again.messages, again.unchanged) == (0, 0, 1)
    longer = chatgpt()
    longer["mapping"]["q2"] = node("a", "user", "And back?")
    told = brought([longer])
    assert (told.conversations, told.extended, told.messages) == (0, 1, 1)
    assert [message.text for message in opened(mine, "Trains").messages] == [
        "When does it go?",
        "At noon.",
        "And back?",
    ]
    nameless = chatgpt("No id")
    del nameless["id"]
    assert [brought([nameless]).conversations for _ in range(2)] == [1, 0]
    mine.delete(opened(mine, "Trains").id)
    assert brought([longer]).conversations == 1, "what was deleted may be brought again"
    own = export.to_json(opened(mine, "Trains")).encode()
    assert brought(own).unchanged == 1


def test_chatgpts_spoken_messages_thoughts_and_models_come_and_tools_are_counted(mine: Conversations):
    spoken = {"content_type": "audio_transcription", "text": "Hello there", "direction": "in"}
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Greeting", "content": "A person greets."}]}
    code = {"content_type": "code", "language": "python", "text": "1 + 1"}
    mapping = {
        "q": node(None, "user", {"content_type": "audio_asset_pointer"}, spoken),
        "t": node("q", "assistant", content=thoughts),
        "c": node("t", "assistant", content=code, recipient="python"),
        "o": node("c", "tool", content={"content_type": "execution_output", "text": "2"}),
        "a": node("o", "assistant", "Hi."),
        "e": node("a", "system", "hidden"),
    }
    told = brought([chatgpt(mapping=mapping, current_node="e", default_model_slug="gpt-5-2")])
    assert (told.messages, told.left_out) == (2, 2)
    said = [(one.role, one.text, one.reasoning, one.model) for one in opened(mine, "Trains").messages]
    assert said == [
        ("user", "Hello there", "", None),
        ("assistant", "Hi.", "A person greets.", "openai/gpt-5-2"),
    ]


CLAUDE = {
    "uuid": "c1", "name": "Birds", "created_at": "2025-03-01T10:00:00.000000Z", "updated_at": "2025-03-01T10:05:00Z",
    "chat_messages": [
        {"uuid": "1", "sender": "human", "text": "Which?", "content": [{"type": "text", "text": "Which?"}],
         "created_at": "2025-03-01T10:00:00Z", "attachments": [{"file_name": "a.txt", "extracted_content": "herons"}]},
        {"uuid": "2", "sender": "assistant", "text": "x", "created_at": "2025-03-01T10:00:09Z",
         "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "tool_use"}, {"type": "text", "text": "Herons."}]},
    ],
}  # fmt: skip
OPEN_WEBUI = {
    "id": "w1", "title": "Birds", "created_at": 1740823200, "updated_at": 1740823300,
    "chat": {"title": "Birds", "history": {"currentId": "3", "messages": {
        "1": {"id": "1", "parentId": None, "childrenIds": ["2", "3"], "role": "user", "content": "Which?", "timestamp": 1740823200},
        "2": {"id": "2", "parentId": "1", "childrenIds": [], "role": "assistant", "content": "Gulls.", "model": "llama3"},
        "3": {"id": "3", "parentId": "1", "childrenIds": [], "role": "assistant", "model": "llama3", "timestamp": 1740823209,
              "content": '<details type="reasoning" done="true">\n<summary>Thought</summary>\n> Hm.\n</details>\nHerons.'},
    }}},
}  # fmt: skip
LIBRECHAT = {
    "conversationId": "l1", "title": "Birds", "endpoint": "anthropic", "exportAt": "2025-03-01T11:00:00Z", "recursive": True,
    "options": {"model": "claude-x"},
    "messages": [{"messageId": "1", "parentMessageId": "0000", "text": "Which?", "isCreatedByUser": True,
                  "createdAt": "2025-03-01T10:00:00Z", "children": [
        {"messageId": "2", "parentMessageId": "1", "isCreatedByUser": False, "createdAt": "2025-03-01T10:00:09Z",
         "content": [{"type": "think", "think": "Hm."}, {"type": "text", "text": {"value": "Herons."}}], "children": []}]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("export", "question", "model"),
    [
        ([CLAUDE], "[a.txt]\n\nherons\n\nWhich?", None),
        ([OPEN_WEBUI], "Which?", "open-webui/llama3"),
        (LIBRECHAT, "Which?", "anthropic/claude-x"),
    ],
    ids=["claude", "open-webui", "librechat"],
)
def test_other_programs_exports_come_in(mine: Conversations, export: Any, question: str, model: str | None):
    assert brought(export).conversations == 1
    assert brought(export).unchanged == 1
    chat = opened(mine, "Birds")
    said = [(one.role, one.text, one.reasoning, one.model) for one in chat.messages]
    assert said == [("user", question, "", None), ("assistant", "Herons.", "Hm.", model)]
    assert chat.messages[0].created_at == 1_740_823_200_000_000  # 2025-03-01T10:00Z
    assert chat.messages[1].created_at == 1_740_823_209_000_000


def test_what_comes_before_a_break_is_kept_and_the_broken_one_named(mine: Conversations):
    data = json.dumps([chatgpt("One"), chatgpt("Two")]).encode()
    told = brought(data[:-40])
    assert (told.conversations, told.problems) == (1, ("Conversation 2 breaks off in the middle.",))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped(notes=b"x"), r"no conversations\.json or conversations-000\.json in this zip"),
        (zipped(conversations_json=b"[" * 5000), "breaks off in the middle"),
        (b"[" * 2000 + b"]" * 2000, "is no (export|JSON)"),
        (b'[{"mapping": ' + b"1" * 5000 + b"}]", "is no JSON"),
        ('[{"title": "\ud800"}]'.encode("utf-8", "surrogatepass"), "is no"),
    ],
)
def test_what_cannot_be_read_is_refused_in_our_words(mine: Conversations, data: bytes, words: str):
    with pytest.raises(ChatError, match=words):
        brought(data)


def test_a_zip_that_unpacks_to_more_than_allowed_is_refused_while_it_is_unpacked():
    data = zipped(conversations_json=b" " * 2_000_000)
    with pytest.raises(ChatError, match="larger than"):
        [list(document) for document in archive.documents(io.BytesIO(data), most=1_000_000)]


@pytest.mark.slow
def test_a_small_zip_cannot_take_much_memory():
    """The peak of a process that reads zips of a few hundred kB, each of which holds hundreds of MB."""
    script = """
import io, zipfile, sys
from llmtrack.chat.conversations.imports import archive
from llmtrack.chat.conversations.imports.entries import entries
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
before = peak()
for unit, times in ((b'"' + b"a" * 1_000_000, 60), (b"[" + b"[]," * 300_000, 2)):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made, made.open("conversations.json", "w") as file:
        for _ in range(times):
            file.write(unit.lstrip(b'"') if _ else b'["' + unit)
    for document in archive.documents(io.BytesIO(out.getvalue())):
        for entry in entries(document):
            pass
print(peak() - before)
"""
    if sys.platform != "linux":
        pytest.skip("the peak is read from /proc")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert int(done.stdout) < 300, "MB"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["mapping", "messages", "chat", "chat_messages", "title", "id", "parent", "message", "author",
                         "role", "content", "parts", "create_time", "format", "version", "settings", "history", "children",
                         "conversationId", "sender", "text", "metadata", "a"]),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip
FUZZED = tries(25)


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """An export with some of its values replaced by any other."""
    chat = json.loads(json.dumps(draw(st.sampled_from([chatgpt(), CLAUDE, OPEN_WEBUI, LIBRECHAT]))))
    for _ in range(draw(st.integers(1, 3))):
        at = chat
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and at[key] and draw(st.booleans()):
                at = at[key]
                continue
            at[key] = draw(JSON)
            break
        if not chat:
            break
    return chat


@pytest.mark.slow
@pytest.mark.usefixtures("bounded_memory")
@FUZZED
@given(entry=JSON | spoiled())
def test_no_export_raises_anything_but_our_words_and_what_comes_in_can_be_shown(mine: Conversations, entry: Any):
    try:
        brought([entry])
    except ChatError:
        return
    for heading in mine.list():
        chat = mine.open(heading.id)
        assert chat is not None
        assert export.to_markdown(chat)
        assert export.to_json(chat)
        mine.delete(heading.id)


@pytest.mark.usefixtures("bounded_memory")
@FUZZED
@given(data=st.binary(max_size=200), cut=st.integers(0, 300), at=st.integers(0, 300))
def test_no_damage_to_a_zip_raises_anything_but_our_words(mine: Conversations, data: bytes, cut: int, at: int):
    good = zipped(conversations_json=json.dumps([chatgpt()]).encode())
    with contextlib.suppress(ChatError):
        brought(good[:at] + data + good[at + cut :])


@settings(max_examples=40, deadline=None)
@given(values=st.lists(JSON, max_size=5), size=st.integers(1, 40))
def test_a_list_is_cut_into_its_elements_wherever_the_pieces_end(values: list[Any], size: int):
    data = json.dumps(values).encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    cut = list(entries(pieces))
    assert not any(isinstance(one, Damaged) for one in cut)
    assert json.dumps(cut) == json.dumps(values)


def test_many_left_out_are_counted_and_the_first_named(mine: Conversations):
    told = brought([chatgpt(), *[{}] * 50])
    assert (told.damaged, len(told.problems)) == (50, importer.MOST_NAMED)
