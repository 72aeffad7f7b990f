"""Preferences of each user, by name: any value that JSON can hold."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select

from llmtrack.ledger.chats.records import USER, table
from llmtrack.ledger.schema import tables
from llmtrack.ledger.write.interning import Interning, Remembered, fitted, plain_json

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_PREFERENCE = table(tables.Preference)


def read(ledger: Ledger, user_id: str) -> dict[str, Any]:
    """All preferences of a user, by name."""
    columns = select(_PREFERENCE.c.name, _PREFERENCE.c.value)
    own = columns.join(USER, USER.c.id == _PREFERENCE.c.app_user).where(USER.c.user_id == fitted(user_id))
    with ledger.reading() as connection:
        return {row.name: row.value for row in connection.execute(own)}


def write(ledger: Ledger, user_id: str, name: str, value: Any) -> None:
    """Stores a preference (anything JSON can hold); None deletes it."""
    change(ledger, user_id, name, lambda _: value)


def change(ledger: Ledger, user_id: str, name: str, make: Callable[[Any], Any]) -> Any:
    """Replaces a preference by what `make` returns for its present value (None: not set), and returns that.

    In one transaction, so that two tabs of one user do not undo each other. If `make` raises, nothing changes.
    """

    def work(connection: Connection) -> Any:
        people = Interning(connection, ledger.dialect, Remembered())
        people.want_users({fitted(user_id): time.time_ns() // 1000})
        user = people.users[fitted(user_id)]
        own = (_PREFERENCE.c.app_user == user, _PREFERENCE.c.name == name)
        value = make(connection.execute(select(_PREFERENCE.c.value).where(*own)).scalar_one_or_none())
        connection.execute(delete(_PREFERENCE).where(*own))
        if value is not None:
            plain = json.loads(plain_json(value))
            connection.execute(insert(_PREFERENCE).values(app_user=user, name=name, value=plain))
        return value

    return ledger.transact(work)
