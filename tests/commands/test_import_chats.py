"""`llmtrack import-chats`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from llmtrack.commands.import_chats import command
from llmtrack.ledger import open_ledger
from llmtrack.ledger.chats import Chats


def test_files_come_in_for_a_user_once_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_ledger(url).close()
    message = {"uuid": "1", "sender": "human", "text": "Which birds?", "created_at": "2025-03-01T10:00:00Z"}
    good = {"uuid": "c1", "name": "Birds", "created_at": "2025-03-01T10:00:00Z", "chat_messages": [message]}
    (tmp_path / "claude.json").write_text(json.dumps([good, {"name": "Torn"}]))
    (tmp_path / "none.json").write_text("[]")
    files = [str(tmp_path / "claude.json"), str(tmp_path / "none.json")]

    first = CliRunner().invoke(command, [*files, "--user", "alice", "--database", url])
    again = CliRunner().invoke(command, [files[0], "--user", "alice", "--database", url])

    new, torn, nothing = first.output.splitlines()
    assert new == (
        f"{files[0]}: 1 conversations new, 0 went on, 0 were here; 1 messages and 0 files came in, 0 messages left out."
    )
    assert torn.startswith("  left out: Conversation 2 (“Torn”) is no export of this app or of ChatGPT, Claude")
    assert nothing.startswith(f"{files[1]}: There is no conversation in this file: ")
    assert first.exit_code == 1
    assert "0 conversations new, 0 went on, 1 were here; 0 messages" in again.output
    assert again.exit_code == 0
    assert [heading.title for heading in Chats(open_ledger(url), "alice").headings()] == ["Birds"]
