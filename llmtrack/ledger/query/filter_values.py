"""Which keys and values there are to filter by, read where they are stored once and not from the generations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import Snapshot, snapshot
from llmtrack.ledger.query.catalog import ATTRIBUTE, DIMENSIONS, PROPERTY
from llmtrack.ledger.query.context import names_and_extent
from llmtrack.ledger.query.names import UNKNOWN_NAME, ids_of

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

LATEST = 20_000
"""Sets of properties, and users, that are looked at: the latest."""
_STORES = {PROPERTY: ("property_set", "properties"), ATTRIBUTE: ("app_user", "attributes")}


def stored_keys(ledger: Ledger) -> list[str]:
    """The properties and the users' attributes there are, as dimensions: ``property.plan``, ``user.team``."""
    with snapshot(ledger) as view:
        return [f"{prefix}{key}" for prefix, store in _STORES.items() for key in _keys(view, *store)]


def stored_values(ledger: Ledger, dimension: str, limit: int = 200) -> list[str]:
    """The values of a property or an attribute, those first that are stored most often."""
    for prefix, (table, column) in _STORES.items():
        if dimension.startswith(prefix):
            with snapshot(ledger) as view:
                text, values = view.json_text(column, dimension.removeprefix(prefix))
                sql = (
                    f"SELECT text FROM (SELECT {text} AS text FROM {_latest(table, column)}) AS texts "
                    f"WHERE text IS NOT NULL GROUP BY text ORDER BY COUNT(*) DESC, text LIMIT {int(limit)}"
                )
                return [row[0] for row in view.rows(sql, values)]
    return []


def is_recorded(ledger: Ledger, dimension: str, value: str) -> bool:
    """Whether the ledger has a value of a dimension whose values are names: a model, a team, a user."""
    with snapshot(ledger) as view:
        kind = DIMENSIONS[dimension].name_kind
        if kind is None:
            return ids_of(view, dimension, [value]) != [UNKNOWN_NAME]
        names, _ = names_and_extent(view, ledger)
        return names.id(kind, value) != UNKNOWN_NAME


def _keys(view: Snapshot, table: str, column: str) -> list[str]:
    latest = _latest(table, column)
    if view.dialect.name == "postgresql":
        sql = f"SELECT DISTINCT jsonb_object_keys({column}) FROM {latest} WHERE jsonb_typeof({column}) = 'object'"
    else:
        sql = f"SELECT DISTINCT j.key FROM {latest}, json_each(latest.{column}) AS j WHERE typeof(j.key) = 'text'"
    return sorted(str(row[0]) for row in view.rows(sql))


def _latest(table: str, column: str) -> str:
    given = f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY id DESC LIMIT {LATEST}"
    return f"({given}) AS latest"
