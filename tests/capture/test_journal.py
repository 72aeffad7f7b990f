"""The journal: what is appended can be read back, whatever happens to the file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.capture.health import Health
from llmtrack.capture.journal import frame as frames
from llmtrack.capture.journal import journal
from llmtrack.capture.journal import segment as segment_file
from llmtrack.capture.journal.frame import MAGIC, Frame, again, decode, encode, pack_times, pieces, unpack_times
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.journal.segment import Segment, create_segment, take_over
from llmtrack.capture.journal.segment_reader import read_batch
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger.owner import Owner

HERE = Owner("sqlite:////here.db")


def piece(number: int, size: int = 10) -> list[bytes]:
    """A frame that can be told from others, in pieces."""
    return pieces(b'{"kind": "feedback"}', started_at=number, request=b"x" * size)


def said(number: int, size: int = 10) -> bytes:
    """The same in one piece."""
    return b"".join(piece(number, size))


def read_all(segment: Segment, health: Health) -> list[Frame]:
    """All frames of a segment."""
    found: list[Frame] = []
    while segment.done < segment.end:
        batch = read_batch(segment)
        found, segment.done = found + batch.frames, batch.end
        for _ in batch.damage:
            health.failed("damage", "damaged")
    return found


@given(
    known=st.binary(), context=st.binary(), request_id=st.binary(), request=st.binary(), response=st.binary(),
    started=st.integers(-(2**63), 2**63 - 1), attempts=st.integers(0, 65535), status=st.none() | st.integers(1, 999),
    ended=st.sampled_from(frames.ENDINGS),
)  # fmt: skip
def test_a_frame_comes_back_as_it_was(
    known: bytes, context: bytes, request_id: bytes, request: bytes, response: bytes,
    started: int, attempts: int, status: int | None, ended: str,
) -> None:  # fmt: skip
    data = encode(known, started, 5, attempts, status, ended, 3, context, request_id, request, response, b"")
    frame = decode(data, 0, 100)
    assert frame == Frame(
        started, 5, attempts, status, ended, 3, known, context, request_id, request, response, b"", 100 + len(data)
    )
    assert frame is not None
    assert again(frame) == data
    assert decode(data[:-1], 0, 0) is None or not data


@given(st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 10**15)), max_size=20))
def test_the_times_of_a_stream_come_back(chunks: list[tuple[bytes, int]]) -> None:
    times = pack_times([chunk for chunk, _ in chunks], [7 + tick for _, tick in chunks], 7)
    ends = [sum(len(chunk) for chunk, _ in chunks[: n + 1]) for n in range(len(chunks))]
    assert unpack_times(times) == [(end, tick // 1000) for end, (_, tick) in zip(ends, chunks, strict=True)]


def test_a_piece_whose_time_is_missing_costs_no_other() -> None:
    assert unpack_times(pack_times([b"ab", b"cde"], [3000], 1000)) == [(2, 2)]


def test_where_records_come_often_the_next_file_is_made_ready(tmp_path: Path) -> None:
    health = Health()
    ours = Journal(lambda: tmp_path, lambda: HERE, health)
    ours.append(piece(0))
    ours.prepare()
    assert len(ours.files()) == 1  # One small record is no reason.
    ours.append(piece(1, journal.READY_AFTER))
    ours.prepare()
    assert len(ours.files()) == 2
    for number in range(2, 40):
        ours.append(piece(number, journal.READY_SIZE // 20))
        ours.prepare()
    segments = ours.segments()
    assert [segment.size for segment in segments] == [0, *[journal.READY_SIZE] * (len(segments) - 1)]
    assert [frame.started_at for segment in segments for frame in read_all(segment, health)] == list(range(40))
    for segment in segments:
        segment.release(delete=False)
    # Nobody takes what was made ready and never used for a record, or for damage.
    found = []
    for segment in segments:
        taken = take_over(segment.path)
        assert taken is not None
        found += [frame.started_at for frame in read_all(taken, health)]
        taken.release(delete=True)
    assert found == list(range(40))
    assert health.counts() == {}


def test_a_disk_without_room_for_the_next_file_leaves_this_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes, at: int) -> int:
        raise OSError(28, "No space left on device")

    health = Health()
    ours = Journal(lambda: tmp_path, lambda: HERE, health)
    ours.append(piece(0, journal.READY_AFTER))
    monkeypatch.setattr(os, "pwrite", full)
    ours.prepare()
    ours.append(piece(1))
    assert [path.name for path in tmp_path.glob("*.*")] == [segment.path.name for segment in ours.segments()]
    assert [frame.started_at for segment in ours.segments() for frame in read_all(segment, health)] == [0, 1]
    assert health.counts() == {}
    ours.close()


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    health = Health()
    ours = Journal(lambda: tmp_path, lambda: HERE, health)
    sizes = [0, 1, 100_000, 5_000_000, 10]
    for number, size in enumerate(sizes):
        ours.append(piece(number, size))
    (segment,) = ours.segments()
    found = read_all(segment, health)
    assert [(frame.started_at, len(frame.request)) for frame in found] == list(enumerate(sizes))
    assert health.counts() == {}
    assert ours.rest()
    ours.remove(segment)
    assert list(tmp_path.glob("*.*")) == []


def test_a_long_journal_is_cut_into_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_file, "SEGMENT_SIZE", 1500)
    ours = Journal(lambda: tmp_path, lambda: HERE, Health())
    for number in range(30):
        ours.append(piece(number, 100))
    segments = ours.segments()
    assert len(segments) > 3
    assert [segment.closed for segment in segments] == [True] * (len(segments) - 1) + [False]
    found = [frame.started_at for segment in segments for frame in read_all(segment, Health())]
    assert found == list(range(30))
    ours.close()


def test_threads_append_whole_records(tmp_path: Path) -> None:
    health = Health()
    ours = Journal(lambda: tmp_path, lambda: HERE, health)

    def work(first: int) -> None:
        for number in range(first, first + 200):
            ours.append(piece(number, number))

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (segment,) = ours.segments()
    found = [frame.started_at for frame in read_all(segment, health)]
    assert sorted(found) == [1000 * n + i for n in range(8) for i in range(200)]
    assert health.counts() == {}
    ours.close()


@pytest.mark.parametrize("cut", [1, 30, 60])
def test_a_cut_tail_costs_only_the_record_it_cuts(cut: int, tmp_path: Path) -> None:
    health = Health()
    segment = create_segment(tmp_path, HERE)
    os.pwrite(segment.fd, said(1) + said(2) + said(3)[:-cut], segment.begin)
    segment.release(delete=False)
    taken = take_over(segment.path)
    assert taken is not None
    assert [frame.started_at for frame in read_all(taken, health)] == [1, 2]
    assert health.counts() == {"damage": 1}
    taken.release(delete=True)


@given(damage=st.binary(min_size=1, max_size=200), where=st.integers(0, 10_000), insert=st.booleans())
def test_damage_anywhere_is_skipped_and_what_follows_is_read(damage: bytes, where: int, insert: bool) -> None:
    whole = [said(number, 50) for number in range(6)]
    data = b"".join(whole)
    where %= len(data)
    data = data[:where] + damage + data[where if insert else where + len(damage) :]
    fd = os.memfd_create("journal") if hasattr(os, "memfd_create") else os.open("/tmp/x", os.O_RDWR)
    try:
        os.write(fd, data)
        segment = Segment("x", Path("x"), fd, end=len(data))
        found = [frame.started_at for frame in read_all(segment, Health())]
    finally:
        os.close(fd)
    size = len(whole[0])
    hit = range(where // size, (where + (0 if insert else len(damage)) - 1) // size + 1)
    untouched = [number for number in range(6) if number not in hit and (MAGIC not in damage)]
    assert set(untouched) <= set(found) or MAGIC in damage
    assert found == sorted(found)


def test_a_segment_in_use_is_not_taken_over(tmp_path: Path) -> None:
    segment = create_segment(tmp_path, HERE)
    assert take_over(segment.path) is None
    segment.release(delete=False)
    taken = take_over(segment.path)
    assert taken is not None
    assert take_over(segment.path) is None
    taken.release(delete=True)
    assert take_over(segment.path) is None


def test_a_record_made_while_another_is_written_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Journal(lambda: tmp_path, lambda: HERE, Health())
    write = journal._write
    nested: list[int] = []

    def interrupted(fd: int, data: Any, at: int) -> int:
        # The collector may run anywhere, and end a call that nobody holds any more.
        if not nested:
            nested.append(1)
            ours.append(piece(2))
        return write(fd, data, at)

    monkeypatch.setattr(journal, "_write", interrupted)
    ours.append(piece(1))
    (segment,) = ours.segments()
    assert [frame.started_at for frame in read_all(segment, Health())] == [1]
    assert [decode(data, 0, 0).started_at for data in ours.take_memory(9)] == [2]  # type: ignore[union-attr]
    ours.close()


def test_memory_has_an_end_and_what_does_not_fit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MEMORY_RECORDS", 3)
    health = Health()
    ours = Journal(lambda: Path("/proc/nothing"), lambda: HERE, health)
    for number in range(5):
        ours.append(piece(number))
    assert (len(ours.memory), ours.dropped, ours.appended) == (3, 2, 5)
    assert health.counts()["dropped"] == 2
    ours.forget_memory(3)
    assert ours.take_memory(9) == []


def test_two_trackers_on_one_directory_do_not_take_from_each_other(
    make_tracker: Callable[..., Tracker], clients: Any, provider: Any, database: Path
) -> None:
    import llmtrack
    from tests.capture.rows import rows
    from tests.capture.ways import CHAT

    both = [make_tracker(), make_tracker()]
    for number, tracker in enumerate(both):
        with clients("OpenAI") as client:
            llmtrack.track(client, tracker=tracker, user_id=str(number)).chat.completions.create(**CHAT)
    assert [tracker.flush(30).written for tracker in both] == [1, 1]
    assert sorted(row.user_id for row in rows(database)) == ["0", "1"]


def test_a_failure_is_said_once_and_again_after_it_was_gone(caplog: pytest.LogCaptureFixture) -> None:
    health = Health()
    for _ in range(3):
        health.failed("disk", "The disk is full", OSError("no space"))
    health.recovered("disk", "There is room again")
    health.recovered("disk", "There is room again")
    health.failed("disk", "The disk is full", OSError("secret"), secret=True)
    said = [record.message for record in caplog.records]
    assert said == ["The disk is full: OSError: no space", "There is room again", "The disk is full: OSError"]
    assert health.counts() == {"disk": 4}
