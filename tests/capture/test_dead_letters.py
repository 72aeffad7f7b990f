"""What cannot be read or written is set aside and named, never deleted; everything else goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmtrack.capture.journal import segment as segment_file
from llmtrack.capture.journal.dead_letters import rejected_path
from llmtrack.capture.journal.frame import encode
from llmtrack.capture.journal.segment import create_segment
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.owner import Owner, address_of

Make = Callable[..., Tracker]


def judgement(comment: str) -> bytes:
    """A record as it lies in a journal."""
    record = f'{{"trace_id": "t", "user_id": "{comment}", "score": 1, "comment": "{comment}", "at": 1760011200000000}}'
    return encode(f'{{"kind": "feedback", "record": {record}}}'.encode())


def leave(directory: Path, url: str, data: bytes) -> Path:
    """A segment of a process that died."""
    segment = create_segment(directory, Owner(address_of(url)))
    os.pwrite(segment.fd, data, segment.begin)
    segment.release(delete=False)
    return segment.path


def comments(url: str) -> list[str]:
    """What is in the ledger."""
    with open_ledger(url).reading() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT comment FROM feedback ORDER BY comment")]


@pytest.mark.parametrize("kind", ["of a newer format", "with a kind of frame that is not known", "of another program"])
def test_a_journal_that_cannot_be_read_is_set_aside(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    directory = tmp_path / "ledger.db.journal"
    with monkeypatch.context() as newer:
        newer.setattr(segment_file, "FORMAT", 2 if "format" in kind else 1)
        path = leave(directory, url, judgement("unread"))
    if "frame" in kind:
        newer_frame = bytearray(encode(b"{}"))
        newer_frame[28] = 200  # how it ended
        import zlib

        newer_frame[4:8] = zlib.crc32(newer_frame[8:]).to_bytes(4, "little")
        path.write_bytes(bytes(newer_frame) + judgement("unread"))
    if "program" in kind:
        path.write_bytes(b"Dear diary, nobody can read this.\n" * 100)
    before = path.read_bytes()
    leave(directory, url, judgement("read"))

    tracker = Tracker(url)
    tracker.writer.look_around()
    tracker.flush(30)
    assert comments(url) == ["read"]
    aside = path.with_name(path.name + ".aside")
    assert aside.read_bytes() == before
    assert (
        f"cannot be read by this version: a newer one made it, or it is damaged; it is kept as {aside}" in caplog.text
    )

    tracker.writer.look_around([aside])
    tracker.flush(30)
    tracker.close()
    assert aside.read_bytes() == before, "not even when asked to"


def test_damaged_bytes_are_kept_and_what_stands_around_them_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    directory = tmp_path / "ledger.db.journal"
    broken = bytearray(judgement("broken"))
    broken[-20] ^= 0xFF
    path = leave(directory, url, judgement("one") + broken + judgement("two") + judgement("cut in two")[:-9])

    tracker = Tracker(url)
    tracker.writer.look_around()
    flushed = tracker.close(30)

    assert comments(url) == ["one", "two"]
    assert flushed.failed == 2
    letters = rejected_path(directory, open_ledger(url).owner)
    assert flushed.where == str(letters)
    assert bytes(broken) in letters.read_bytes()
    assert judgement("cut in two")[:-9] in letters.read_bytes()
    assert letters.stat().st_mode & 0o777 == 0o600
    assert f"{len(broken)} bytes of the journal {path.stem} are damaged; they are kept in {letters}" in caplog.text
    assert list(directory.iterdir()) == [letters]


def test_segments_that_were_never_finished_go(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    directory = tmp_path / "ledger.db.journal"
    directory.mkdir()
    for name in ("old.new", "young.new"):
        (directory / name).write_bytes(b"")
    os.utime(directory / "old.new", (1, 1))

    tracker = Tracker(url)
    tracker.writer.look_around()
    tracker.close(30)
    assert [path.name for path in directory.iterdir()] == ["young.new"]


POSTGRES = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {when} THEN RAISE EXCEPTION 'out of order' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;
CREATE TRIGGER fail BEFORE INSERT ON generation FOR EACH ROW EXECUTE FUNCTION fail();
"""


def call_with(tracker: Tracker, clients: Any, users: int = 5) -> None:
    """Calls of as many users, the third of whom asks for another model."""
    import llmtrack
    from tests.capture.ways import CHAT

    with clients("OpenAI") as client:
        llmtrack.track(client, tracker=tracker)
        for number in range(users):
            model = "gpt-4o-mini" if number == 2 else "gpt-4o"
            client.chat.completions.create(**{**CHAT, "model": model, "max_tokens": 77 if number == 2 else 5})


def break_postgres(url: str, when: str, state: str) -> None:
    """Has the server refuse rows of calls with this error."""
    ledger = open_ledger(url)
    with ledger.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(POSTGRES.format(when=when, state=state))
    ledger.close()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_that_postgresql_undid_is_done_again_at_once(
    state: str, postgres_url: str, make_tracker: Make, clients: Any, provider: Any, caplog: pytest.LogCaptureFixture
) -> None:
    break_postgres(postgres_url, "nextval('attempts') <= 2", state)
    tracker = make_tracker(database_url=postgres_url)
    call_with(tracker, clients)
    assert tracker.flush(30).written == 5
    assert tracker.health.counts() == {}, caplog.text


@pytest.mark.parametrize("state", ["22023", "P0001"])
def test_what_postgresql_refuses_is_found_among_its_batch(
    state: str, postgres_url: str, make_tracker: Make, clients: Any, provider: Any
) -> None:
    tracker = make_tracker(database_url=postgres_url)
    call_with(tracker, clients)
    assert tracker.flush(30).written == 5
    slow = "(SELECT text FROM name WHERE id = NEW.request_model) = 'gpt-4o-mini'"
    break_postgres(postgres_url, slow, state)
    call_with(tracker, clients)
    flushed = tracker.flush(30)
    assert (flushed.written, flushed.waiting, flushed.failed) == (9, 0, 1)
    assert flushed.where is not None
    assert b"gpt-4o-mini" in Path(flushed.where).read_bytes()


@pytest.mark.slow
def test_what_sqlite_refuses_without_saying_why_is_found_among_its_batch(
    make_tracker: Make, clients: Any, provider: Any, database: Path
) -> None:
    import sqlite3

    tracker = make_tracker()
    call_with(tracker, clients)
    assert tracker.flush(30).written == 5
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TRIGGER fail BEFORE INSERT ON generation "
            "WHEN (SELECT text FROM name WHERE id = NEW.request_model) = 'gpt-4o-mini' BEGIN SELECT json('{'); END"
        )
    connection.close()
    call_with(tracker, clients)
    flushed = tracker.flush(30)
    assert (flushed.written, flushed.waiting, flushed.failed) == (9, 0, 1)


def test_a_program_that_ends_while_the_ledger_cannot_be_written_says_so_and_nothing_else(
    make_tracker: Make, clients: Any, provider: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from llmtrack.ledger.ledger import Ledger

    ending = threading.Event()
    opening = threading.Event()

    def write(self: Any, *_: Any, **__: Any) -> None:
        raise OSError("no space")

    def renew(self: Any, **_: Any) -> None:
        opening.set()
        ending.wait(20)

    monkeypatch.setattr(Ledger, "write", write)
    monkeypatch.setattr(Ledger, "renew", renew)
    tracker = make_tracker()
    call_with(tracker, clients)
    assert opening.wait(20)
    threading.Timer(0.5, ending.set).start()
    tracker.close(0.1)
    assert "again" not in caplog.text
    assert f"5 records wait in the journal in {tracker.journal_dir()}" in caplog.text
