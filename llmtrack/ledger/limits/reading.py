"""All limits of a ledger, read in one transaction."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.limits.policy import Adjustment, Limit, Policy

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from llmtrack.ledger.database.dialect import Dialect

COLUMNS = tuple(field.name for field in fields(Limit) if field.name != "adjustments")
"""The columns of `usage_limit`: the fields of a limit have their names."""


def version_of(connection: Connection) -> int:
    """Goes up with every change of a limit; 0 while there never was one."""
    value = connection.exec_driver_sql("SELECT value FROM state WHERE key = 'limits'").scalar_one_or_none()
    return int(value or 0)


def read_policy(connection: Connection, dialect: Dialect, version: int | None = None) -> Policy:
    """The limits as they are in this transaction."""
    version = version_of(connection) if version is None else version
    if not version:
        return Policy()
    changes: dict[int, dict[str, Adjustment]] = {}
    sql = "SELECT limit_id, subject, raised_to, raised_until, reset_at FROM limit_adjustment"
    for limit_id, subject, *values in connection.exec_driver_sql(sql):
        changes.setdefault(limit_id, {})[subject] = Adjustment(*values)
    rows = connection.exec_driver_sql(f"SELECT {', '.join(COLUMNS)} FROM usage_limit ORDER BY id").fetchall()
    return Policy([_limit(tuple(row), dialect, changes) for row in rows], version)


def _limit(row: tuple[Any, ...], dialect: Dialect, changes: dict[int, dict[str, Adjustment]]) -> Limit:
    values = dict(zip(COLUMNS, row, strict=True))
    values["hard"] = bool(values["hard"])
    values["thresholds"] = tuple(dialect.from_json(values["thresholds"]) or ())
    values["markup_percent"] = _decimal(values["markup_percent"])
    return Limit(**values, adjustments=changes.get(values["id"], {}))


def as_json(limit: Limit) -> dict[str, Any]:
    """A limit in plain types, for the audit log and for a process that cannot reach the ledger."""
    values = {name: getattr(limit, name) for name in COLUMNS}
    values["thresholds"] = list(limit.thresholds)
    values["markup_percent"] = None if limit.markup_percent is None else str(limit.markup_percent)
    values["adjustments"] = {
        subject: [change.raised_to, change.raised_until, change.reset_at]
        for subject, change in limit.adjustments.items()
    }
    return values


def from_json(values: dict[str, Any]) -> Limit:
    """What `as_json` gave."""
    plain = {name: values[name] for name in COLUMNS if name != "markup_percent"}
    plain["markup_percent"] = _decimal(values.get("markup_percent"))  # a file of an earlier version has none
    plain["thresholds"] = tuple(values["thresholds"])
    changes = {subject: Adjustment(*change) for subject, change in values["adjustments"].items()}
    return Limit(**plain, adjustments=changes)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
