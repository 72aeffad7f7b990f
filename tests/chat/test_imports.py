"""Exports of other programs, whole and damaged: what is good comes in once, what is bad costs itself alone."""

from __future__ import annotations

import base64
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
from PIL import Image

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


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(out, "PNG")
    return out.getvalue()


def test_pictures_and_files_come_out_of_chatgpts_zip_and_one_that_is_damaged_costs_itself(mine: Conversations):
    asset = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "sediment://file_0000aaaa",
        "width": 4,
        "height": 4,
    }
    older = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Bbbbbbb1"}
    named = {"attachments": [{"id": "file-Ccccccc1", "name": "notes.txt", "mime_type": "text/plain"}]}
    gone = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_0000dddd"}
    mapping = {
        "q": node(
            None,
            "user",
            asset,
            older,
            "What is this?",
            content={"content_type": "multimodal_text", "parts": [asset, older, "What is this?"]},
            metadata=named,
        ),
        "a": node("q", "assistant", "A square."),
        "p": node("a", "user", gone),
        "b": node("p", "assistant", "Nothing."),
        "i": node("b", "user", asset),
        "c": node("i", "assistant", "Again."),
    }
    data = zipped(
        conversations__000_json=json.dumps([chatgpt(mapping=mapping, current_node="c")]).encode(),
        **{
            "file_0000aaaa-sanitized.dat": png(),
            "dalle/file-Bbbbbbb1-cat.png": b"\x89PNG broken",
            "file-Ccccccc1-notes.txt": b"herons",
        },
    )
    told = import_file(open_ledger(), "alice", data)
    assert (told.messages, told.files, told.left_out) == (5, 3, 1)
    first, _, nothing, picture, _ = opened(mine, "Trains").messages
    assert [(file.name, file.media_type) for file in first.files] == [
        ("notes.txt", "text/plain"),
        ("sanitized.dat", "image/png"),
    ]
    assert [mine.file(file.id) for file in first.files] == [b"herons", png()]
    assert nothing.text == "Nothing."
    assert (picture.text, len(picture.files), list(mine.thumbnails([picture.files[0].id]))) == (
        "",
        1,
        [picture.files[0].id],
    )
    assert import_file(open_ledger(), "alice", data).unchanged == 1


@pytest.mark.slow
def test_thirty_megabytes_of_pictures_beside_the_conversations_take_no_memory(mine: Conversations):
    noise = bytes(range(256)) * 4_000
    pictures = {f"file_{n:08d}-p.png": png() + noise for n in range(30)}
    data = zipped(conversations__000_json=json.dumps([chatgpt()]).encode(), **pictures)
    assert import_file(open_ledger(), "alice", data).messages == 2


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


def first_messages(mine: Conversations, title: str) -> list[tuple[Any, ...]]:
    return [(one.role, one.text, one.reasoning, one.model, one.status) for one in opened(mine, title).messages]


def test_librechats_newer_exports_come_with_their_instructions_and_how_answers_ended(mine: Conversations):
    """Trees are called so, parts hold the text, and `exportAt` is a time without a day."""
    question = {"messageId": "1", "parentMessageId": "0000", "isCreatedByUser": True, "text": "Which?", "model": None}
    cut = {
        "messageId": "2", "parentMessageId": "1", "isCreatedByUser": False, "model": "gpt-x", "endpoint": "azureOpenAI",
        "createdAt": "2025-03-01T10:00:01Z", "finish_reason": "length", "text": "",
        "content": [{"type": "think", "think": "Hm."}, {"type": "tool_call", "tool_call": {"name": "x"}},
                    {"type": "text", "text": "Her"}], "children": [],
    }  # fmt: skip
    failed = {
        "messageId": "3", "parentMessageId": "1", "isCreatedByUser": False, "model": "gpt-x", "endpoint": "azureOpenAI",
        "createdAt": "2025-03-01T10:00:02Z", "error": True, "content": [{"type": "error", "error": "Too many"}],
    }  # fmt: skip
    export = {
        "conversationId": "l2", "title": "Tree", "endpoint": "azureOpenAI", "recursive": True, "branches": True,
        "exportAt": "08:12:16 GMT-0400 (Eastern Daylight Time)", "options": {"promptPrefix": "Be brief."},
        "messagesTree": [{**question, "children": [cut, failed]}],
    }  # fmt: skip
    assert brought(export).messages == 3
    chat = opened(mine, "Tree")
    assert chat.parameters.system == "Be brief."
    assert first_messages(mine, "Tree") == [
        ("user", "Which?", "", None, None),
        ("assistant", "Too many", "", "azure/gpt-x", "error"),
    ]
    assert [(one.text, one.reasoning, one.status) for one in chat.everything if one.text == "Her"] == [
        ("Her", "Hm.", "incomplete")
    ]


def test_open_webuis_answers_come_without_their_blocks_and_with_their_files(mine: Conversations):
    picture = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    blocks = (
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n&gt; 1 &lt; 2\n'
        '&gt; so\n</details>\nFirst.\n<details type="tool_calls" name="w" arguments="&quot;{}&quot;">\n'
        "<summary>Tool Executed</summary>\n&quot;rain&quot;\n</details>\n"
        '<details type="reasoning" done="true"><summary>Thought</summary>More.</details>\nSecond.'
    )
    output = [
        {"type": "reasoning", "content": [{"type": "output_text", "text": "Hm."}], "summary": None},
        {"type": "function_call", "name": "w", "arguments": "{}"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Herons."}]},
    ]

    def message(id: str, parent: str | None, role: str, content: str, **more: Any) -> dict[str, Any]:
        return {"id": id, "parentId": parent, "childrenIds": [], "role": role, "content": content, **more}

    messages = [
        message("1", None, "user", "Which?", files=[
            {"type": "image", "url": picture},
            {"type": "file", "name": "a.txt", "file": {"filename": "a.txt", "data": {"content": "gulls"}}},
            {"type": "image", "url": "/api/v1/files/1/content"},
            {"type": "image", "url": "data:image/png;base64,%%%"},
        ]),
        message("2", "1", "assistant", blocks, model="m"),
        message("3", "2", "user", "And?"),
        message("4", "3", "assistant", "<details type=…", model="m", output=output),
        message("5", "4", "user", "And now?"),
        message("6", "5", "assistant", "", model="m", error={"content": "No such model"}),
    ]  # fmt: skip
    chat = {"history": {"currentId": "6", "messages": {one["id"]: one for one in messages}}}
    told = brought([{"id": "w2", "title": "Blocks", "chat": chat, "folder_id": None, "share_id": None, "meta": {}}])
    assert (told.messages, told.files, told.left_out) == (6, 2, 0)
    assert first_messages(mine, "Blocks") == [
        ("user", "Which?", "", None, None),
        ("assistant", "First.\n\nSecond.", "1 < 2\nso\n\nMore.", "open-webui/m", "ok"),
        ("user", "And?", "", None, None),
        ("assistant", "Herons.", "Hm.", "open-webui/m", "ok"),
        ("user", "And now?", "", None, None),
        ("assistant", "", "", "open-webui/m", "error"),
    ]
    files = opened(mine, "Blocks").messages[0].files
    assert [(file.name, file.media_type) for file in files] == [("picture", "image/png"), ("a.txt", "text/plain")]
    assert [mine.file(file.id) for file in files] == [png(), b"gulls"]
    assert opened(mine, "Blocks").messages[-1].error == "No such model"


def test_many_blocks_that_never_end_take_no_time(mine: Conversations):
    text = '<details type="reasoning">' * 40_000
    message = {"id": "1", "parentId": None, "role": "assistant", "content": text, "model": "m"}
    begun = time.perf_counter()
    assert brought([{"id": "w3", "title": "Long", "chat": {"messages": [message]}}]).messages == 1
    assert time.perf_counter() - begun < 30  # squared it would be an hour
    assert opened(mine, "Long").messages[0].text == text


def test_claudes_calls_of_tools_are_counted_and_the_model_comes_where_it_is_named(mine: Conversations):
    placeholder = "This block is not supported on your current device yet."

    def message(uuid: str, parent: str, sender: str, *content: dict[str, Any], text: str) -> dict[str, Any]:
        more = {"attachments": [], "files": [], "created_at": "2026-01-04T02:08:30.812633Z", "content": list(content)}
        return {"uuid": uuid, "parent_message_uuid": parent, "sender": sender, "text": text, **more}

    said = {"type": "text", "text": "Herons.", "citations": []}
    call = {"type": "tool_use", "name": "web_search", "input": {"query": "birds"}, "id": "t"}
    result = {"type": "tool_result", "name": "web_search", "content": [{"type": "knowledge", "text": "…"}]}
    nobody = "00000000-0000-4000-8000-000000000000"
    chat = {
        "uuid": "c2", "name": "Tools", "summary": "", "model": "claude-sonnet-4-5-20250929",
        "created_at": "2026-01-04T02:08:00+00:00", "updated_at": "2026-01-04T02:09:00+00:00",
        "current_leaf_message_uuid": "3", "account": {"uuid": "a"},
        "chat_messages": [
            message("1", nobody, "human", {"type": "text", "text": "Which?"}, text="Which?"),
            message("2", "1", "assistant", call, result, text=f"\n```\n{placeholder}\n```\n"),
            message("3", "2", "assistant", call, result, said, text=f"{placeholder} Herons."),
        ],
    }  # fmt: skip
    told = brought({"conversations": [chat]})
    assert (told.messages, told.left_out) == (2, 1)
    assert first_messages(mine, "Tools") == [
        ("user", "Which?", "", None, None),
        ("assistant", "Herons.", "", "anthropic/claude-sonnet-4-5-20250929", "ok"),
    ]


def test_chatgpts_conversations_come_out_of_an_object_as_out_of_a_list(mine: Conversations):
    context = {"content_type": "user_editable_context", "user_profile": "An SRE.", "user_instructions": "Be brief."}
    page = {"content_type": "sonic_webpage", "url": "https://a.test", "title": "A", "text": "scraped"}
    failed = {"content_type": "system_error", "name": "robots", "text": "denied"}
    recap = {"content_type": "reasoning_recap", "content": "Thought for 3s"}
    mapping = {
        "client-created-root": {"id": "client-created-root", "message": None, "parent": None, "children": ["c"]},
        "c": node("client-created-root", "user", content=context, metadata={"is_visually_hidden_from_conversation": True}),
        "q": node("c", "user", "When?", create_time=None, weight=1.0, channel=None, recipient="all"),
        "w": node("q", "tool", content=page, create_time=1756000001.0),
        "e": node("w", "tool", content=failed),
        "r": node("e", "assistant", content=recap),
        "a": node("r", "assistant", "At noon.", metadata={"model_slug": "o4-mini"}, channel="final", end_turn=True),
    }  # fmt: skip
    chat = chatgpt(mapping=mapping, current_node="a", default_model_slug="gpt-5-thinking", is_starred=None, voice=None)
    told = brought({"conversations": [chat, {"title": "Broken", "id": "b"}]})
    assert (told.conversations, told.messages, told.left_out, told.damaged) == (1, 2, 2, 1)
    assert first_messages(mine, "Trains") == [
        ("user", "When?", "", None, None),
        ("assistant", "At noon.", "", "openai/o4-mini", "ok"),
    ]
