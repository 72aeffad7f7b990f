"""A server killed in mid-answer leaves the conversation with what had arrived, and a row for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import llmtrack
from llmtrack.chat.conversations import persistence
from llmtrack.chat.conversations.history import Conversations
from llmtrack.chat.conversations.recovery import WORDS, recover
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.chats.store import Chats, Line
from llmtrack.ledger.metrics import ask
from tests.provider.server import Provider

ROOT = Path(__file__).parents[2]
CHATTING = """
import sys, threading
from llmtrack.chat.models import get_catalog
from llmtrack.chat.conversations import Conversations
from llmtrack.chat.answers import reply
from llmtrack.ledger import open_ledger

reply.SAVE_SECONDS = 0.05
mine = Conversations(open_ledger(), "alice")
turn = mine.send("Go on for long", get_catalog().find(sys.argv[1]))
while True:
    turn.reply.wait_change(0, 0.05)
    chat = mine.open(turn.conversation_id)
    if chat.messages[-1].text:
        print(turn.conversation_id, chat.messages[-1].text, flush=True)
        threading.Event().wait()
"""


STALLED = "openai/gpt-4o@tokens=500@stall=9"


def killed(key: str) -> tuple[int, str]:
    """A conversation and its partial text, from a process that was killed while the answer came in."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LLMTRACK_DEMO_RATE": "20"}
    command = [sys.executable, "-c", CHATTING, key]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    conversation_id, _, text = line.strip().partition(" ")
    return int(conversation_id), text


def rows() -> list[tuple[str | None, int]]:
    llmtrack.flush()
    answer = ask(open_ledger(), metrics=["generations"], by=["status"])
    return [(row["status"], row["generations"]) for row in answer.rows]


@pytest.mark.slow
@pytest.mark.parametrize(("key", "cost_status"), [(STALLED, "unpriced"), ("demo/demo-gpt", "simulated")])
def test_after_a_kill_the_partial_answer_and_its_row_are_there(provider: Provider, key: str, cost_status: str):
    conversation_id, text = killed(key)
    assert rows() == [], "the call never ended, so nobody has written a row yet"
    assert recover(open_ledger()) == 1
    mine = Conversations(open_ledger(), "alice")
    chat = mine.open(conversation_id)
    assert chat is not None
    asked, answered = chat.messages
    assert asked.text == "Go on for long"
    assert (answered.status, answered.error) == ("abandoned", WORDS)
    assert answered.text.startswith(text)
    figures = mine.figures(chat.messages)[answered.id]
    assert figures.status == "abandoned"
    assert figures.usage_estimated
    assert figures.cost_status == cost_status
    assert figures.output_tokens
    assert rows() == [("abandoned", 1)]
    assert recover(open_ledger()) == 0, "once is enough"
    assert rows() == [("abandoned", 1)]


@pytest.mark.slow
def test_opening_the_conversation_settles_it_too(provider: Provider):
    conversation_id, _ = killed(STALLED)
    mine = Conversations(open_ledger(), "alice")
    chat = mine.open(conversation_id)
    assert chat is not None
    assert chat.messages[-1].status == "abandoned"
    assert rows() == [("abandoned", 1)]
    again = mine.regenerate(chat.messages[-1].id, get_catalog().find("openai/gpt-4o"))
    assert again.reply.done.wait(30)
    assert again.reply.status == "ok"


def test_an_answer_that_somebody_still_writes_is_left_alone(provider: Provider):
    mine = Conversations(open_ledger(), "alice")
    turn = mine.send("Hi", get_catalog().find("openai/gpt-4o@silent"))
    provider.wait_until(lambda: len(provider.requests) == 1)
    assert recover(open_ledger()) == 0
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    assert chat.messages[-1].in_flight


def test_a_row_that_was_written_before_the_kill_is_not_written_twice():
    mine = Conversations(open_ledger(), "alice")
    turn = mine.send("Hi", get_catalog().find("demo/demo-gpt"))
    assert turn.reply.done.wait(30)
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    chats = Chats(open_ledger(), "alice")
    dead = {"writer": "elsewhere|1|x", "kept_at": 0}
    lost = Line(new_id(), chat.messages[0].id, "assistant", [], "demo", "demo-gpt", chat.messages[1].trace_id,
                "streaming", meta=dead)  # fmt: skip
    assert chats.append(turn.conversation_id, [lost], {})
    assert recover(open_ledger()) == 1
    assert rows() == [("ok", 1)]


def test_what_was_deleted_long_ago_is_gone_for_good():
    mine = Conversations(open_ledger(), "alice")
    old, young = (mine.send(text, get_catalog().find("demo/demo-empty")) for text in ("old words", "young words"))
    for turn in (old, young):
        assert turn.reply.done.wait(30)
        mine.delete(turn.conversation_id)
    chats = Chats(open_ledger(), "alice")
    chats.change(old.conversation_id, deleted_at=time.time_ns() // 1000 - 31 * 86_400_000_000)
    recover(open_ledger())
    mine.restore(young.conversation_id)
    assert [heading.id for heading in mine.list("words")] == [young.conversation_id]
    assert not chats.change(old.conversation_id, deleted_at=None)


def test_whether_a_writer_is_gone_is_told_by_its_process_and_then_by_the_clock():
    assert not persistence.is_gone({"writer": persistence.writer(), "kept_at": 100.0}, now=120.0)
    assert persistence.is_gone({"writer": persistence.writer(), "kept_at": 100.0}, now=200.0), (
        "its end could not be put down"
    )
    node, pid, _ = persistence.writer().split("|")
    assert persistence.is_gone({"writer": f"{node}|{pid}|earlier", "kept_at": time.time()}), "our number, another start"
    assert not persistence.is_gone({"writer": f"{node}|{os.getppid()}|x", "kept_at": 100.0}, now=120.0)
    assert persistence.is_gone({"writer": f"{node}|{os.getppid()}|x", "kept_at": 100.0}, now=200.0)
    assert not persistence.is_gone({"writer": "elsewhere|1|x", "kept_at": 100.0}, now=120.0)
    assert persistence.is_gone({"writer": "elsewhere|1|x", "kept_at": 100.0}, now=200.0)
    assert persistence.is_gone({})


def test_settling_never_overwrites_an_end():
    mine = Conversations(open_ledger(), "alice")
    turn = mine.send("Hi", get_catalog().find("demo/demo-gpt"))
    assert turn.reply.done.wait(30)
    chats = Chats(open_ledger(), "alice")
    found = chats.read(turn.conversation_id)
    assert found is not None
    line = found[1][-1]
    assert not chats.rewrite(replace(line, status="abandoned"), only_if_in_flight=True)
    assert not chats.rewrite(replace(line, status="streaming", content=[])), "nor does what was put down before it"
    again = chats.read(turn.conversation_id)
    assert again is not None
    assert again[1][-1] == line
