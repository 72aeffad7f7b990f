"""Erasure of a user: their texts and names are deleted; tokens and costs stay, under a pseudonym."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger import limit_book
from llmtrack.ledger.chats import store
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.limit_warnings import forget_warnings
from llmtrack.ledger.write.interning import digest_of, fitted, plain_json
from llmtrack.ledger.write.sealed_days import exclude_writers, remove_texts_of, remove_unused_sets
from llmtrack.ledger.write.spans_and_feedback import write_audit

_SOME = 1000


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and the pseudonym of the user."""

    name: str
    texts: int
    conversations: int
    backups: int
    names: tuple[str, ...] = ()
    """The pseudonyms of all their user ids, `name` first."""


def ids_of_person(ledger: Ledger, user_id: str) -> tuple[str, ...]:
    """Every user id that is the same person's: this one first, then those they claimed and those merged with one.

    Raises `LedgerError` where nobody is called so.
    """
    with ledger.reading() as connection:
        return _ids_of_person(connection, ledger, user_id)


def erase(ledger: Ledger, user_id: str, *, by: str) -> Erased:
    """Erases a user: texts, properties, attributes, conversations, files of folders, comments, statements, and all
    names they are known by.

    It is the whole person, under every user id they have or had (`ids_of_person`). Their generations and all totals
    stay, under random names, one for each id. Records of theirs that journals still hold get these names when they are
    written, and backups made before upgrades are deleted, because they hold everything. `by` is recorded in the audit.
    Raises `LedgerError` where there is no such user.
    """
    user_ids = ids_of_person(ledger, user_id)
    conversations = _remove_conversations(ledger, user_ids)
    users = _numbers(ledger, user_ids)
    texts = 0
    for user in users.values():
        while count := ledger.transact(lambda connection, user=user: _remove_texts(connection, ledger, user)):  # type: ignore[misc]
            texts += count
    names = {name: f"erased-{os.urandom(6).hex()}" for name in users}
    pseudonym = next(iter(names.values()))

    def work(connection: Connection) -> None:
        exclude_writers(connection)
        for name, user in users.items():
            while _remove_texts(connection, ledger, user):  # what was written meanwhile
                pass
            _forget_user(connection, ledger, user, names[name])
        # An id that nothing was recorded under yet: records that still come in are the pseudonym's, too.
        numbers = {name: users.get(name, next(iter(users.values()))) for name in user_ids}
        _forget_person(connection, ledger, numbers, {name: names.get(name, pseudonym) for name in user_ids})
        detail = {"texts": texts, "conversations": conversations, "user_ids": len(user_ids)}
        write_audit(connection, ledger.dialect, by, "erase user", pseudonym, detail)

    ledger.transact(work)
    backups = ledger.dialect.backups(ledger.engine)
    for backup in backups:
        backup.unlink(missing_ok=True)
    ledger.dialect.shrink(ledger.engine)
    return Erased(pseudonym, texts, conversations, len(backups), tuple(names.values()))


def _ids_of_person(connection: Connection, ledger: Ledger, user_id: str) -> tuple[str, ...]:
    placeholder = ledger.dialect.placeholder
    claimed = (
        "SELECT other.user_id FROM person_user_id AS own JOIN person_user_id AS other ON other.person = own.person "
        f"WHERE own.user_id = {placeholder}"
    )
    merged = (  # into it, or what it was merged into
        "SELECT other.user_id FROM app_user AS own "
        "JOIN user_alias AS a ON a.app_user = own.id OR a.merged_into = own.id "
        "JOIN app_user AS other ON other.id = a.app_user OR other.id = a.merged_into "
        f"WHERE own.user_id = {placeholder}"
    )
    ids: dict[str, None] = {}
    waiting = [fitted(user_id)]
    while waiting:
        name = waiting.pop(0)
        if name not in ids:
            ids[name] = None
            for sql in (claimed, merged):
                waiting += [row[0] for row in connection.exec_driver_sql(sql, (name,))]
    if not _known_users(connection, ledger, ids):
        raise LedgerError(f"Nobody called {user_id!r} is in the ledger {ledger.name}: check the spelling.")
    return tuple(ids)


def _numbers(ledger: Ledger, user_ids: Sequence[str]) -> dict[str, int]:
    """The users of the ledger among these, by user id."""
    with ledger.reading() as connection:
        return _known_users(connection, ledger, user_ids)


def _known_users(connection: Connection, ledger: Ledger, user_ids: Iterable[str]) -> dict[str, int]:
    sql = f"SELECT id FROM app_user WHERE user_id = {ledger.dialect.placeholder} AND erased_at IS NULL"
    numbers = {name: connection.exec_driver_sql(sql, (name,)).scalar_one_or_none() for name in user_ids}
    return {name: int(number) for name, number in numbers.items() if number is not None}


def _remove_conversations(ledger: Ledger, user_ids: Sequence[str]) -> int:
    users = ", ".join(map(str, _numbers(ledger, user_ids).values()))
    sql = f"UPDATE conversation SET deleted_at = 0 WHERE app_user IN ({users})"
    ledger.transact(lambda connection: connection.exec_driver_sql(sql))
    count = 0
    while purged := store.purge(ledger, 1):
        count += purged
    return count


def _remove_texts(connection: Connection, ledger: Ledger, user: int) -> int:
    sql = (
        "SELECT t.id FROM generation_text t WHERE t.id IN "
        f"(SELECT g.id FROM generation g WHERE g.app_user = {user}) LIMIT {_SOME}"
    )
    return remove_texts_of(connection, ledger.dialect, [row[0] for row in connection.exec_driver_sql(sql)])


def _forget_user(connection: Connection, ledger: Ledger, user: int, name: str) -> None:
    """Removes whatever says who this user is from everything recorded under one user id."""
    placeholder = ledger.dialect.placeholder

    def execute(sql: str, *values: object) -> None:
        connection.exec_driver_sql(sql, values)

    execute(
        f"UPDATE app_user SET user_id = {placeholder}, attributes = NULL, role = NULL, identified_at = NULL, "
        f"erased_at = {placeholder} WHERE id = {user}",
        name,
        time.time_ns() // 1000,
    )
    execute("UPDATE generation SET property_set = NULL, request_id = NULL, response_id = NULL "
       f"WHERE app_user = {user}")  # fmt: skip
    execute(f"UPDATE session SET session_id = {placeholder} || '-' || id WHERE app_user = {user}", name)
    execute(f"UPDATE trace SET trace_id = {placeholder} || '-' || id, name = NULL WHERE app_user = {user}", name)
    execute(f"UPDATE span SET name = 'erased', error = NULL WHERE app_user = {user}")
    execute(f"DELETE FROM preference WHERE app_user = {user}")
    execute(f"DELETE FROM folder_file WHERE app_user = {user}")
    execute(f"UPDATE feedback SET comment = NULL WHERE app_user = {user}")
    execute(f"UPDATE feedback SET comment = NULL WHERE trace IN (SELECT id FROM trace WHERE app_user = {user})")
    remove_unused_sets(connection)
    others = f"id IN (SELECT generation FROM pending) AND coalesce(app_user, 0) <> {user}"
    execute(f"WITH others AS MATERIALIZED (SELECT id FROM generation WHERE {others}) "
        "DELETE FROM pending WHERE generation NOT IN (SELECT id FROM others)")  # fmt: skip
    execute(f"DELETE FROM user_alias WHERE app_user = {user} OR merged_into = {user}")
    execute("UPDATE state SET value = value + 1 WHERE key = 'aliases'")


def _forget_person(connection: Connection, ledger: Ledger, users: Mapping[str, int], names: Mapping[str, str]) -> None:
    """Removes the person behind these user ids, with what the audit says of them; `names` are their pseudonyms."""
    placeholder = ledger.dialect.placeholder
    digest_sql = ledger.dialect.upsert_sql("erasure", ("digest",), [("app_user", "set"), ("at", "set")])
    person = f"SELECT person FROM person_user_id WHERE user_id = {placeholder}"
    for user_id in users:
        for table in ("membership", "api_token", "invitation"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE person IN ({person})", (user_id,))
        connection.exec_driver_sql(f"DELETE FROM person WHERE id IN ({person})", (user_id,))
    for user_id, user in users.items():
        connection.exec_driver_sql(f"DELETE FROM statement WHERE user_id = {placeholder}", (user_id,))
        limit_book.forget_user(connection, ledger.dialect, user_id, names[user_id])
        forget_warnings(connection, ledger.dialect, user_id, names[user_id])
        connection.exec_driver_sql(f"DELETE FROM person_user_id WHERE user_id = {placeholder}", (user_id,))
        connection.exec_driver_sql(f"DELETE FROM invitation WHERE address = {placeholder}", (user_id.lower(),))
        connection.exec_driver_sql(digest_sql, (digest_of(user_id), user, time.time_ns() // 1000))
    _forget_in_audit(connection, ledger, names)


def _forget_in_audit(connection: Connection, ledger: Ledger, names: Mapping[str, str]) -> None:
    """Replaces user ids by their pseudonyms, wherever an entry of the audit names them."""
    placeholder = ledger.dialect.placeholder
    for user_id, name in names.items():
        for column in ("actor", "subject"):
            sql = f"UPDATE audit SET {column} = {placeholder} WHERE {column} = {placeholder}"
            connection.exec_driver_sql(sql, (name, user_id))
    for id, detail in connection.exec_driver_sql("SELECT id, detail FROM audit WHERE detail IS NOT NULL").all():
        plain = ledger.dialect.from_json(detail)
        replaced = _replaced(plain, names)
        if replaced != plain:
            sql = f"UPDATE audit SET detail = {placeholder} WHERE id = {id}"
            connection.exec_driver_sql(sql, (plain_json(replaced),))


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    """A JSON value with the texts that are exactly one of these names replaced, as values and as keys."""
    if isinstance(value, dict):
        return {names.get(key, key): _replaced(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value
