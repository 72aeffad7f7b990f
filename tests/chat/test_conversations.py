"""Conversations as a user has them: kept, branched, found again, and never mixed with anybody else's."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from PIL import Image

import llmtrack
from llmtrack.chat.answers.prompt import File, Parameters
from llmtrack.chat.conversations.history import GO_ON, Conversations, Turn, reply_to, title_of
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import Model, get_catalog
from llmtrack.ledger import open_ledger
from tests.provider.server import Provider

PATIENCE = 30  # seconds


def picture(width: int = 4, height: int = 4) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


PIXEL = picture()


@pytest.fixture
def mine(ledger_url: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Conversations:
    """Alice's conversations, in a database of each kind."""
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DATABASE_URL", ledger_url)
    get_settings.cache_clear()
    return Conversations(open_ledger(), "alice")


def model(key: str = "demo/demo-gpt") -> Model:
    return get_catalog().find(key)


def ended(turn: Turn) -> Turn:
    for reply in turn.replies:
        assert reply.done.wait(PATIENCE), "a reply did not end"
    return turn


def texts(mine: Conversations, turn: Turn) -> list[str]:
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    return [message.text.partition("\n")[0] for message in chat.messages]


def test_a_message_starts_a_conversation_that_is_there_after_a_reload(mine: Conversations):
    turn = ended(mine.send("What does a call cost?", model()))
    chat = Conversations(open_ledger(), "alice").open(turn.conversation_id)
    assert chat is not None
    assert chat.title == "What does a call cost?"
    asked, answered = chat.messages
    assert (asked.role, asked.text, asked.status) == ("user", "What does a call cost?", None)
    assert (answered.role, answered.model, answered.status) == ("assistant", "demo/demo-gpt", "ok")
    assert answered.text == turn.reply.text
    assert answered.seconds == turn.reply.seconds
    assert [heading.title for heading in mine.list()] == ["What does a call cost?"]
    assert reply_to(answered.id) is None


def test_under_each_answer_stand_its_tokens_cost_and_time(mine: Conversations):
    turn = ended(mine.send("Hello", model("demo/demo-gpt-mini")))
    llmtrack.flush()
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    figures = mine.figures(chat.messages)[turn.answers[0]]
    assert figures.input_tokens == 3 + 4 + 2
    assert figures.output_tokens
    # The demo price: 1 dollar a million tokens in, 2 out.
    assert figures.cost == Decimal(figures.input_tokens + 2 * figures.output_tokens) / 1_000_000
    assert figures.cost_status == "simulated"
    assert figures.status == "ok"
    assert not figures.usage_estimated
    total = mine.total(turn.conversation_id)
    assert total is not None
    assert (total.cost, total.simulated_cost, total.generations) == (Decimal(0), figures.cost, 1)


@pytest.mark.parametrize(
    ("name", "into", "out"),
    [
        ("claude-3-opus-20240229", "15", "75"),
        ("claude-3-sonnet-20240229", "3", "15"),
        ("claude-3-haiku-20240307", "0.25", "1.25"),
    ],
)
def test_claude_3_costs_what_its_published_price_says(mine: Conversations, name: str, into: str, out: str):
    turn = ended(mine.send("Hello", model(f"anthropic/{name}")))
    llmtrack.flush()
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    figures = mine.figures(chat.messages)[turn.answers[0]]
    assert figures.input_tokens
    assert figures.output_tokens
    assert figures.cost == (Decimal(into) * figures.input_tokens + Decimal(out) * figures.output_tokens) / 1_000_000
    assert figures.cost_status == "exact"


def test_the_whole_branch_is_sent_with_each_message(mine: Conversations, provider: Provider):
    first = ended(mine.send("One", model("openai/gpt-4o"), parameters=Parameters(system="Be kind.")))
    ended(mine.send("Two", model("openai/gpt-4o"), conversation_id=first.conversation_id))
    assert provider.last.wanted["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Hello world"},
        {"role": "user", "content": "Two"},
    ]
    llmtrack.flush()
    total = mine.total(first.conversation_id)
    assert total is not None
    assert total.generations == 2


def test_an_answer_in_flight_is_there_for_another_tab_and_stop_keeps_its_text(mine: Conversations, provider: Provider):
    turn = mine.send("Go", model("openai/gpt-4o@tokens=50@stall=5"))
    while not turn.reply.text:
        turn.reply.wait_change(0, PATIENCE)
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[-1].in_flight
    assert reply_to(turn.answers[0]) is turn.reply
    turn.reply.cancel()
    ended(turn)
    llmtrack.flush()
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert (chat.messages[-1].status, chat.messages[-1].text) == ("cancelled", turn.reply.text)
    figures = mine.figures(chat.messages)[turn.answers[0]]
    assert figures.status == "cancelled"
    assert figures.usage_estimated


def test_an_error_keeps_the_prompt_and_can_be_retried(mine: Conversations, provider: Provider):
    turn = ended(mine.send("Hello", model("openai/gpt-4o@401")))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[0].text == "Hello"
    assert chat.messages[1].status == "error"
    assert chat.messages[1].error == "OpenAI does not accept the key it was given. Check OPENAI_API_KEY."
    again = ended(mine.regenerate(turn.answers[0], model("openai/gpt-4o")))
    assert again.message_id is None
    assert provider.last.wanted["messages"] == [{"role": "user", "content": "Hello"}]
    assert texts(mine, turn) == ["Hello", "Hello world"]


@pytest.mark.slow
def test_an_answer_can_be_had_again_and_the_versions_walked(mine: Conversations):
    turn = ended(mine.send("Hello", model()))
    other = ended(mine.regenerate(turn.answers[0], model("demo/demo-claude")))
    ended(mine.send("And then?", model(), conversation_id=turn.conversation_id))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[1].id == other.answers[0]
    assert chat.messages[1].versions == (turn.answers[0], other.answers[0])
    assert len(chat.messages) == 4
    mine.choose(turn.answers[0])
    assert len(texts(mine, turn)) == 2
    mine.choose(other.answers[0])
    assert len(texts(mine, turn)) == 4, "walking back shows the branch to its end"


def test_an_edited_message_is_a_branch_of_its_own(mine: Conversations, provider: Provider):
    gpt = model("openai/gpt-4o")
    turn = ended(mine.send("One", gpt))
    second = ended(mine.send("Two", gpt, conversation_id=turn.conversation_id))
    assert second.message_id is not None
    edited = ended(mine.edit(second.message_id, "Deux"))
    assert [said["content"] for said in provider.last.wanted["messages"]] == ["One", "Hello world", "Deux"]
    assert texts(mine, turn) == ["One", "Hello world", "Deux", "Hello world"]
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[2].versions == (second.message_id, edited.message_id)
    assert turn.message_id is not None
    ended(mine.edit(turn.message_id, "Un"))
    assert texts(mine, turn) == ["Un", "Hello world"], "the first message can be edited too"
    with pytest.raises(ChatError, match="An answer cannot be edited"):
        mine.edit(turn.answers[0], "x")


@pytest.mark.slow
def test_two_tabs_do_not_overwrite_each_other(mine: Conversations):
    turn = ended(mine.send("Hello", model()))
    shown = turn.answers[0]
    left = ended(mine.send("Left", model(), conversation_id=turn.conversation_id, after=shown))
    right = ended(mine.send("Right", model(), conversation_id=turn.conversation_id, after=shown))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[2].versions == (left.message_id, right.message_id)
    other_tab = mine.open(turn.conversation_id, head=left.answers[0])
    assert other_tab is not None
    assert [message.text for message in other_tab.messages][2] == "Left"


def test_an_answer_cut_by_length_can_go_on(mine: Conversations, provider: Provider):
    turn = ended(mine.send("Hello", model("openai/gpt-4o@length")))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[-1].can_go_on
    more = ended(mine.go_on(turn.answers[0]))
    assert [said["content"] for said in provider.last.wanted["messages"]] == ["Hello", "Hello world", GO_ON]
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert [message.id for message in chat.messages[1:]] == [turn.answers[0], more.answers[0]]
    assert chat.messages[-1].continues
    ended(mine.send("Thanks", model("openai/gpt-4o"), conversation_id=turn.conversation_id))
    sent = provider.last.wanted["messages"]
    assert [said["content"] for said in sent] == ["Hello", "Hello worldHello world", "Thanks"]
    ended(mine.regenerate(more.answers[0], model("openai/gpt-4o")))
    assert [said["content"] for said in provider.last.wanted["messages"]] == ["Hello"]


def test_models_are_compared_and_the_winner_goes_on(mine: Conversations, provider: Provider):
    three = [model("openai/gpt-4o@tokens=2"), model("anthropic/claude-sonnet-4-6@tokens=3"), model("openai/gpt-4o@429")]
    turn = ended(mine.compare("Which?", three))
    assert [reply.status for reply in turn.replies] == ["ok", "ok", "error"]
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[-1].id == turn.answers[0]
    assert set(chat.messages[-1].versions) == set(turn.answers)
    assert [one.compared for one in chat.everything] == [False, True, True, True]
    mine.choose(turn.answers[1])
    mine.judge(turn.answers[1], 1, "shorter")
    ended(mine.send("Why?", model("openai/gpt-4o"), conversation_id=turn.conversation_id))
    assert [said["content"] for said in provider.last.wanted["messages"]] == ["Which?", "one two three ", "Why?"]
    llmtrack.flush()
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    figures = mine.figures(chat.everything)
    assert [figures[id].score for id in turn.answers] == [None, 1, None]
    assert figures[turn.answers[1]].comment == "shorter"
    assert len({chat.message(id).trace_id for id in turn.answers}) == 3  # type: ignore[union-attr]
    with pytest.raises(ChatError, match="5 models cannot be compared: choose from 2 to 4"):
        mine.compare("x", [model()] * 5)


def test_a_conversation_is_renamed_pinned_archived_deleted_and_brought_back(mine: Conversations):
    older = ended(mine.send("First", model())).conversation_id
    newer = ended(mine.send("Second", model())).conversation_id
    assert [heading.id for heading in mine.list()] == [newer, older]
    mine.pin(older)
    mine.rename(older, "  The  very\nfirst ")
    assert [(heading.title, heading.pinned) for heading in mine.list()] == [("The very first", True), ("Second", False)]
    mine.archive(newer)
    assert [heading.id for heading in mine.list()] == [older]
    assert [heading.id for heading in mine.list(archived=True)] == [newer]
    mine.delete(older)
    assert mine.list() == []
    assert mine.open(older) is None
    mine.restore(older)
    assert [heading.id for heading in mine.list()] == [older]
    with pytest.raises(ChatError, match="The title is empty"):
        mine.rename(older, " ")


def test_deleting_stops_what_is_in_flight(mine: Conversations, provider: Provider):
    turn = mine.send("Go", model("openai/gpt-4o@silent"))
    provider.wait_until(lambda: len(provider.requests) == 1)
    mine.delete(turn.conversation_id)
    assert ended(turn).reply.status == "cancelled"


@pytest.mark.slow
def test_conversations_are_found_by_words_of_title_and_text(mine: Conversations):
    cats = ended(mine.send("Tell me of cats\nand of Zürich", model("demo/demo-empty"))).conversation_id
    dogs = ended(mine.send("Tell me of dogs", model("demo/demo-gpt"))).conversation_id
    mine.rename(dogs, "Four legs")
    find = lambda words: [heading.id for heading in mine.list(words)]  # noqa: E731
    assert find("zurich") == [cats]
    assert find("ZÜRICH tell") == [cats]
    assert find("cat") == [cats], "the last word may be unfinished"
    assert find("legs") == [dogs]
    assert find("records every call") == [dogs], "answers are searched too"
    assert find("tell") == [dogs, cats]
    assert find("nothing of the kind") == []
    assert find("'; DROP TABLE message --") == []
    mine.delete(cats)
    assert find("cats") == []


def test_nobody_sees_or_changes_what_is_somebody_elses(mine: Conversations):
    turn = ended(mine.send("A secret", model(), files=[File("a.txt", "text/plain", b"secret")]))
    theirs = Conversations(open_ledger(), "bob")
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    (file,) = chat.messages[0].files
    assert mine.file(file.id) == b"secret"
    assert theirs.list() == []
    assert theirs.list("secret") == []
    assert theirs.open(turn.conversation_id) is None
    assert theirs.file(file.id) is None
    assert theirs.figures(chat.messages) == {}
    assert theirs.total(turn.conversation_id) is None
    for attempt in (
        lambda: theirs.rename(turn.conversation_id, "Mine"),
        lambda: theirs.restore(turn.conversation_id),
        lambda: theirs.delete(turn.conversation_id),
        lambda: theirs.choose(turn.answers[0]),
        lambda: theirs.regenerate(turn.answers[0]),
        lambda: theirs.edit(turn.message_id or 0, "x"),
        lambda: theirs.judge(turn.answers[0], 1),
        lambda: theirs.send("x", model(), conversation_id=turn.conversation_id),
    ):
        with pytest.raises(ChatError, match="is not there any more"):
            attempt()
    assert [heading.title for heading in mine.list()] == ["A secret"]


def test_files_are_kept_sent_again_and_can_be_left_behind(mine: Conversations, provider: Provider):
    gpt = model("openai/gpt-4o")
    files = [File("dot.png", "image/png", PIXEL), File("notes.txt", "text/plain", b"Buy milk")]
    turn = ended(mine.send("Look", gpt, files=files))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    kept = chat.messages[0].files
    assert [(file.name, file.media_type, file.size) for file in kept] == [
        ("dot.png", "image/png", len(PIXEL)),
        ("notes.txt", "text/plain", 8),
    ]
    thumbnails = mine.thumbnails([file.id for file in kept])
    assert list(thumbnails) == [kept[0].id]
    assert thumbnails[kept[0].id].startswith(b"\xff\xd8")
    ended(mine.send("And?", gpt, conversation_id=turn.conversation_id))
    assert [part["type"] for part in provider.last.wanted["messages"][0]["content"]] == ["image_url", "text", "text"]
    mine.configure(turn.conversation_id, gpt, Parameters(), resend_files=False)
    ended(mine.send("Still?", gpt, conversation_id=turn.conversation_id))
    assert provider.last.wanted["messages"][0]["content"] == (
        "[The file 'dot.png' was here.]\n[The file 'notes.txt' was here.]\nLook"
    )
    with pytest.raises(ChatError, match=r"'x\.png' is no picture that can be read"):
        mine.send("Look", gpt, files=[File("x.png", "image/png", b"not a picture")])
    assert len(mine.list()) == 1, "what is refused leaves nothing behind"


def test_a_text_no_database_could_hold_is_kept_nonetheless(mine: Conversations):
    turn = ended(mine.send("nul \0 and half \ud800 a character", model("demo/demo-empty")))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[0].text == "nul � and half ? a character"


def test_parameters_and_model_are_remembered_with_the_conversation(mine: Conversations, provider: Provider):
    turn = ended(mine.send("Hi", model("openai/gpt-4o"), parameters=Parameters(temperature=0.2, max_tokens=9)))
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert (chat.model, chat.parameters) == ("openai/gpt-4o", Parameters(temperature=0.2, max_tokens=9))
    ended(mine.regenerate(turn.answers[0]))
    assert provider.last.wanted["max_completion_tokens"] == 9


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("\n\n  ## A heading \nand more", "A heading"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 60 + "…"),
    ],
)
def test_the_title_is_the_beginning_of_the_first_message(text, title):
    assert title_of(text) == title


def test_a_message_of_files_alone_is_titled_by_the_first():
    assert title_of("", [File("report.pdf", "application/pdf", b"x")]) == "report.pdf"
