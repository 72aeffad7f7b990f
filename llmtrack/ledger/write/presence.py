"""The marks of who was there when, made anew where a row moved: bits can be set by adding rows, but not taken away."""

from __future__ import annotations

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema.rollups import DAY, DAY_USER, SEEN
from llmtrack.ledger.write.generation_row import AT, COLUMNS, Row
from llmtrack.ledger.write.rollup_delta import CountingRules, RollupDelta


def remark(connection: Connection, dialect: Dialect, rules: CountingRules, gone: Row) -> None:
    """Makes the marks right that `gone` had set, from the rows its user still has on that day."""
    was = RollupDelta(rules)
    was.add(gone)
    day = ids.started_at(gone[0]) // DAY
    now = RollupDelta(rules)
    for row in _rows_of(connection, dialect, gone[AT["app_user"]], day):
        now.add(row)
    mark = dialect.mark
    where = " AND ".join(f"{column} = {mark}" for column in DAY_USER.key)
    for key in was.quarters():
        am, pm = now.quarters().get(key, (0, 0))
        sql = f"UPDATE rollup_day_user SET quarters_am = {mark}, quarters_pm = {mark} WHERE {where}"
        connection.exec_driver_sql(sql, (am, pm, *key))
        connection.exec_driver_sql(f"DELETE FROM rollup_day_user WHERE {where} AND generations = 0", key)
    where = " AND ".join(f"{column} = {mark}" for column in SEEN.key)
    for key, bit in was.seen().items():
        if key not in now.seen():
            connection.exec_driver_sql(f"UPDATE rollup_seen SET days = days & ~{bit} WHERE {where}", key)
            connection.exec_driver_sql(f"DELETE FROM rollup_seen WHERE {where} AND days = 0", key)


def _rows_of(connection: Connection, dialect: Dialect, user: int | None, day: int) -> list[Row]:
    mark = dialect.mark
    who = "app_user IS NULL" if user is None else f"app_user = {user}"
    sql = f"SELECT {', '.join(COLUMNS)} FROM generation WHERE {who} AND id >= {mark} AND id < {mark}"
    span = (ids.first_at(day * DAY), ids.first_at((day + 1) * DAY))
    return [tuple(row) for row in connection.exec_driver_sql(sql, span)]
