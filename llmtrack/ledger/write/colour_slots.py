"""Slots among the colours of charts: given once to each model and feature, so that it looks the same for ever."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.write.generation_row import AT, Row
from llmtrack.ledger.write.interning import Interning

_MODEL, _FEATURE = AT["model"], AT["feature"]


def give_slots(connection: Connection, dialect: Dialect, interning: Interning, rows: Sequence[Row]) -> None:
    """Gives each model and feature of `rows` that has none the next slot of its kind.

    Models in the order of `rows`; features, of which a program has all at once, in the order of their names.
    """
    models = dict.fromkeys(row[_MODEL] for row in rows if row[_MODEL] is not None)
    features = {row[_FEATURE] for row in rows if row[_FEATURE] is not None}
    new = (models.keys() | features) - interning.slotted
    if not new:
        return
    texts = {id: text for (_, text), id in interning.names.items() if id in new}
    in_order = [id for id in models if id in new]
    in_order += sorted(features & new, key=lambda id: texts.get(id, ""))
    rows_of_names = dialect.select_by_key(connection, "name", ("id",), ("slot",), [(id,) for id in in_order])
    without = {id for id, slot in rows_of_names if slot is None}
    if without:
        _give(connection, dialect, [id for id in in_order if id in without])
    interning.slotted |= new


def _give(connection: Connection, dialect: Dialect, ids: Sequence[int]) -> None:
    # Whoever else gives slots waits for us here, and then sees ours.
    connection.exec_driver_sql(dialect.upsert_sql("state", ("key",), [("value", "add")]), ("slots", 1))
    place = dialect.placeholder
    sql = (
        "UPDATE name SET slot = (SELECT coalesce(max(o.slot), 0) + 1 FROM name o WHERE o.kind = name.kind) "
        f"WHERE id = {place} AND slot IS NULL"
    )
    for id in ids:
        connection.exec_driver_sql(sql, (id,))
