"""How long a user's latest answers of a model were."""

from __future__ import annotations

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect

LATEST = 1_000
"""So many of the latest calls are looked through."""


def output_counts(connection: Connection, dialect: Dialect, user: str | None, model: str) -> list[int]:
    """Output tokens of the latest answers of `model` to `user`; None: to anybody."""
    mark = dialect.placeholder
    sql = f"SELECT id FROM name WHERE kind = 'model' AND text = {mark}"
    number = connection.exec_driver_sql(sql, (model,)).scalar_one_or_none()
    if number is None:
        return []
    whose = ""
    if user is not None:
        own = connection.exec_driver_sql(f"SELECT id FROM app_user WHERE user_id = {mark}", (user,))
        whose = f"WHERE app_user = {own.scalar_one_or_none() or -1}"
    rows = connection.exec_driver_sql(
        "SELECT output_tokens FROM (SELECT request_model, output_tokens FROM generation "
        f"{whose} ORDER BY id DESC LIMIT {LATEST}) latest "
        f"WHERE request_model = {int(number)} AND output_tokens IS NOT NULL"
    )
    return [row[0] for row in rows]
