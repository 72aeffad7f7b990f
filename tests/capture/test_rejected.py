"""Of what no ledger would take, nothing stays longer than it may, and nothing of who was erased."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmtrack.capture.journal.dead_letters import REJECTED, forget_before, forget_user
from llmtrack.capture.journal.frame import encode
from llmtrack.ledger.owner import Owner

HERE = Owner("sqlite:////here.db", "0123456789abcdef" * 2)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    made = tmp_path / "journal"
    made.mkdir()
    return made


def call(user: str | None, at: int, text: str) -> bytes:
    """A chat call as it was journalled."""
    known = {
        "provider": "openai", "operation": "chat", "reader": "openai.chat", "model": "gpt-4o", "path": "/chat/completions",
        "content_type": "application/json", "content_encoding": "",
    }  # fmt: skip
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    context = {} if user is None else {"user_id": user}
    return encode(
        json.dumps(known).encode(), at, 5, 1, 200, "read", context=json.dumps(context).encode(),
        request=json.dumps(request).encode(), response=b'{"choices": []}',
    )  # fmt: skip


def judged(user: str, at: int, comment: str) -> bytes:
    record: dict[str, Any] = {"trace_id": "t", "user_id": user, "score": 1, "comment": comment, "at": at}
    return encode(json.dumps({"kind": "feedback", "record": record}).encode())


def test_an_erased_users_records_go_and_everybody_elses_stay(journal: Path) -> None:
    path = journal / REJECTED
    bobs = call("bob", 3, "hello from bob")
    path.write_bytes(call("alice", 1, "alice one") + bobs + judged("alice", 2, "alice likes it"))

    assert forget_user(journal, HERE, "alice") == 2

    assert path.read_bytes() == bobs
    assert [each.name for each in journal.iterdir()] == [REJECTED]
    assert path.stat().st_mode & 0o077 == 0


def test_what_nobody_can_read_any_more_goes_too(journal: Path) -> None:
    path = journal / REJECTED
    senseless = encode(b'{"reader": "nobody.knows"}', 1)
    bobs = call("bob", 3, "hello from bob")
    path.write_bytes(b"alice, cut in" + bobs + senseless + b"the middle of alice")

    assert forget_user(journal, HERE, "alice") == 3

    assert path.read_bytes() == bobs


def test_old_records_go_and_the_file_with_the_last_of_them(journal: Path) -> None:
    path = journal / REJECTED
    path.write_bytes(
        call("ann", 10, "old") + call(None, 30, "new") + judged("ann", 20, "old") + judged("ann", 40, "new")
    )

    assert forget_before(journal, HERE, 25) == 2
    assert b"old" not in path.read_bytes()
    assert forget_before(journal, HERE, 100) == 2
    assert list(journal.iterdir()) == []
    assert forget_before(journal, HERE, 100) == 0


def test_what_an_interrupted_run_left_is_sorted_as_well(journal: Path) -> None:
    (journal / "records.sorting").write_bytes(call("alice", 1, "alice") + call("bob", 2, "bob"))
    (journal / REJECTED).write_bytes(call("alice", 3, "alice"))

    assert forget_user(journal, HERE, "alice") == 2

    assert (journal / REJECTED).read_bytes() == call("bob", 2, "bob")
    assert [each.name for each in journal.iterdir()] == [REJECTED]
