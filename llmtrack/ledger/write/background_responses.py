"""Background responses: one row, however often somebody looks whether the answer is ready."""

from __future__ import annotations

from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database import full_text
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.records import Generation
from llmtrack.ledger.write.generation_row import AT, COLUMNS, Row

if TYPE_CHECKING:
    from llmtrack.ledger.write.batch import Batch

PLACE = ("provider", "response_id")
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
"""What the request that began it knows better than the one that looked after it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A background response the ledger knows of."""

    row: Row | None
    """Its row; None where retention has deleted it."""
    settled: bool


def find_begun(
    connection: Connection, dialect: Dialect, keys: list[tuple[int, str]]
) -> dict[tuple[int, str], tuple[int, bool]]:
    """The row and whether it is settled, for those of these (provider, response id) that are background responses."""
    if not keys or connection.exec_driver_sql("SELECT 1 FROM pending LIMIT 1").first() is None:
        return {}
    found = dialect.select_by_key(connection, "pending", PLACE, ("generation", "settled_at"), keys)
    return {(provider, response): (id, settled is not None) for provider, response, id, settled in found}


def write_one(batch: Batch, g: Generation, row: Row) -> None:
    """Writes a generation that begins or completes a background response, or changes nothing."""
    pending = g.status == "pending"
    key = (row[AT["provider"]], row[AT["response_id"]])
    begun = _begun(batch, key)
    if begun is None:
        id = batch.insert_one(g, row)
        if key[1] is not None:
            _note(batch, key, id, settled=not pending)
    elif begun.settled and not pending and not g.settles:
        batch.insert_one(g, row)  # a request of its own; this server gives every answer the same id
    elif begun.row is None or begun.settled == (not pending) or (begun.settled and g.settles):
        return  # known already: another look at what is not ready, or at what is settled
    elif pending:  # the look after it was written before the request itself
        _replace(batch, key, begun.row, _joined(row, begun.row), g)
    else:
        _replace(batch, key, begun.row, _joined(begun.row, row), g)


def _begun(batch: Batch, key: tuple[int, str | None]) -> Begun | None:
    if key[1] is None:
        return None
    found = find_begun(batch.connection, batch.dialect, [(key[0], key[1])])
    if not found:
        return None
    id, settled = next(iter(found.values()))
    row = batch.connection.exec_driver_sql(
        f"SELECT {', '.join(COLUMNS)} FROM generation WHERE id = {batch.dialect.mark}", (id,)
    ).one_or_none()
    return Begun(None if row is None else tuple(row), settled)


def _note(batch: Batch, key: tuple[int, str], id: int, *, settled: bool) -> None:
    changes = [("generation", "set"), ("settled_at", "set")]
    at = time_ns() // 1000 if settled else None
    batch.connection.exec_driver_sql(batch.dialect.upsert_sql("pending", PLACE, changes), [(*key, id, at)])


def _joined(first: Row, last: Row) -> Row:
    """One row of the request that began it and the look that found it ready, which may have come to us in any order."""
    joined = list(last)
    joined[0] = first[0]
    for column in _BEGUN:
        place = AT[column]
        joined[place] = last[place] if first[place] is None else first[place]
    if joined[AT["model"]] is None:
        joined[AT["model"]] = joined[AT["request_model"]]
    ready = ids.started_at(last[0]) + (last[AT["duration"]] or 0)
    # From asking to seeing the answer; whoever looks seldom sees it late, and no provider tells us better.
    joined[AT["duration"]] = max(0, ready - ids.started_at(first[0]))
    joined[AT["time_to_first_token"]] = None
    return tuple(joined)


def _replace(batch: Batch, key: tuple[int, str | None], old: Row, new: Row, g: Generation) -> None:
    mark = batch.dialect.mark
    batch.count(old, -1)
    batch.moved.append(old)
    full_text.unindex(batch.connection, batch.dialect, [old[0]])
    batch.connection.exec_driver_sql(f"DELETE FROM generation WHERE id = {mark}", (old[0],))
    (placed,) = batch.insert_rows([new])
    if placed[0] != old[0]:
        sql = f"UPDATE generation_text SET id = {mark} WHERE id = {mark}"
        batch.connection.exec_driver_sql(sql, (placed[0], old[0]))
    batch.add_text(g, placed[0])
    batch.count(placed)
    assert key[1] is not None  # it was found by it
    _note(batch, (key[0], key[1]), placed[0], settled=True)
