"""What each user has chosen once for good, by name."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select

from llmtrack.ledger import models
from llmtrack.ledger.chat_rows import USER, table
from llmtrack.ledger.interning import Interning, Remembered, fitted, plain_json

if TYPE_CHECKING:
    from llmtrack.ledger.store import Ledger

_PREFERENCE = table(models.Preference)


def read(ledger: Ledger, user_id: str) -> dict[str, Any]:
    """Everything a user has chosen, by name."""
    columns = select(_PREFERENCE.c.name, _PREFERENCE.c.value)
    own = columns.join(USER, USER.c.id == _PREFERENCE.c.app_user).where(USER.c.user_id == fitted(user_id))
    with ledger.reading() as connection:
        return {row.name: row.value for row in connection.execute(own)}


def write(ledger: Ledger, user_id: str, name: str, value: Any) -> None:
    """Keeps one choice (anything JSON can hold); None takes it back."""

    def work(connection: Connection) -> None:
        people = Interning(connection, ledger.dialect, Remembered())
        people.want_users({fitted(user_id): time.time_ns() // 1000})
        user = people.users[fitted(user_id)]
        connection.execute(delete(_PREFERENCE).where(_PREFERENCE.c.app_user == user, _PREFERENCE.c.name == name))
        if value is not None:
            plain = json.loads(plain_json(value))
            connection.execute(insert(_PREFERENCE).values(app_user=user, name=name, value=plain))

    ledger.transact(work)
