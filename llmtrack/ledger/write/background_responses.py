"""Answers that go on at the provider, or were lost on the way: one row, however often they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from time import time_ns

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database import full_text
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Generation
from llmtrack.ledger.write.generation_row import AT, COLUMNS, USAGE_AND_COST, Row
from llmtrack.ledger.write.generation_writer import GenerationWriter
from llmtrack.statuses import Status

KEY = ("provider", "response_id")
"""Columns that say which answer a row is about."""
_BEGUN = (
    "app_user",
    "session",
    "trace",
    "span_id",
    "feature",
    "group_name",
    "property_set",
    "operation",
    "request_model",
)
"""Columns that the request which began the answer has right, rather than a later look at it."""


_USED = [AT[column] for column in USAGE_AND_COST]


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer whose end was not seen in the response to the request that began it."""

    row: Row | None
    """Its row; None where retention has deleted it."""
    settled: bool


def find_begun(
    connection: Connection, dialect: Dialect, keys: list[tuple[int, str]]
) -> dict[tuple[int, str], tuple[int, bool]]:
    """The row and whether it is settled, for those of these (provider, response id) whose end was not seen at first."""
    if not keys or connection.exec_driver_sql("SELECT 1 FROM pending LIMIT 1").first() is None:
        return {}
    rows = dialect.select_by_key(connection, "pending", KEY, ("generation", "settled_at"), keys)
    return {(provider, response): (id, settled is not None) for provider, response, id, settled in rows}


def is_open(g: Generation) -> bool:
    """Whether the end of this answer may be seen by a later look at it."""
    return (g.open or g.status == Status.PENDING) and not g.settles


def write_one(writer: GenerationWriter, g: Generation, row: Row) -> None:
    """Writes a generation that begins an answer, completes one, or has the id of one; a look may change nothing.

    Every request is a row of its own, even under an id that occurred before (some servers give every answer the same
    one), unless it began an answer that was looked at before it came here.
    """
    key = (row[AT["provider"]], row[AT["response_id"]])
    begun = _begun(writer, key)
    if g.settles:
        _write_look(writer, key, begun, g, row)
        return
    looked_at = begun is not None and begun.settled and begun.row is not None and row[0] < begun.row[0]
    if looked_at and is_open(g):
        assert begun is not None
        assert begun.row is not None
        _replace(writer, key, begun.row, _joined(row, begun.row), g)
        return
    id = writer.insert_one(g, row)
    if is_open(g) and key[1] is not None and (begun is None or begun.settled or begun.row is None):
        _mark_pending(writer, key, id, settled=False)


def _write_look(
    writer: GenerationWriter, key: tuple[int, str | None], begun: Begun | None, g: Generation, row: Row
) -> None:
    """Completes the answer that was looked at, or adds one that was begun elsewhere; others have ended already."""
    if g.status == Status.PENDING or g.open or key[1] is None:
        return
    if begun is None:
        if not g.completes_only:
            _mark_pending(writer, (key[0], key[1]), writer.insert_one(g, row), settled=True)
    elif begun.row is not None and not begun.settled:
        _replace(writer, key, begun.row, _joined(begun.row, row), g)


def _begun(writer: GenerationWriter, key: tuple[int, str | None]) -> Begun | None:
    if key[1] is None:
        return None
    answers = find_begun(writer.connection, writer.dialect, [(key[0], key[1])])
    if not answers:
        return None
    id, settled = next(iter(answers.values()))
    row = writer.connection.exec_driver_sql(
        f"SELECT {', '.join(COLUMNS)} FROM generation WHERE id = {writer.dialect.placeholder}", (id,)
    ).one_or_none()
    return Begun(None if row is None else tuple(row), settled)


def _mark_pending(writer: GenerationWriter, key: tuple[int, str], id: int, *, settled: bool) -> None:
    changes = [("generation", "set"), ("settled_at", "set")]
    at = time_ns() // 1000 if settled else None
    writer.connection.exec_driver_sql(writer.dialect.upsert_sql("pending", KEY, changes), [(*key, id, at)])


def _joined(first: Row, last: Row) -> Row:
    """One row of the request that began it and the look that found it ready, which may have come to us in any order."""
    joined = list(last)
    joined[0] = first[0]
    for column in _BEGUN:
        place = AT[column]
        joined[place] = last[place] if first[place] is None else first[place]
    if joined[AT["model"]] is None:
        joined[AT["model"]] = joined[AT["request_model"]]
    joined[AT["streamed"]], joined[AT["attempts"]] = first[AT["streamed"]], first[AT["attempts"]]
    if last[AT["input_tokens"]] is None and last[AT["output_tokens"]] is None and first[AT["input_tokens"]] is not None:
        for place in _USED:  # what was seen before is all there is
            joined[place] = first[place]
    ready = ids.started_at(last[0]) + (last[AT["duration"]] or 0)
    # From asking to seeing the answer; whoever looks seldom sees it late, and no provider tells us better.
    joined[AT["duration"]] = max(0, ready - ids.started_at(first[0]))
    joined[AT["time_to_first_token"]] = first[AT["time_to_first_token"]]
    return tuple(joined)


def _replace(writer: GenerationWriter, key: tuple[int, str | None], old: Row, new: Row, g: Generation) -> None:
    placeholder = writer.dialect.placeholder
    writer.count(old, -1)
    writer.replaced.append(old)
    full_text.unindex(writer.connection, writer.dialect, [old[0]])
    writer.connection.exec_driver_sql(f"DELETE FROM generation WHERE id = {placeholder}", (old[0],))
    (placed,) = writer.insert_rows([new])
    if placed[0] != old[0]:
        full_text.move(writer.connection, writer.dialect, old[0], placed[0])
    writer.add_text(g, placed[0])
    writer.count(placed, hold=g.hold)
    assert key[1] is not None  # the row was looked up by it
    _mark_pending(writer, (key[0], key[1]), placed[0], settled=True)
