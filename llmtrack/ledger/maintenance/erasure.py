"""Erasure of a user: their texts and names are deleted; tokens and costs stay, under a pseudonym."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from llmtrack.ledger import limit_book
from llmtrack.ledger.chats import store
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.write.interning import digest_of, fitted
from llmtrack.ledger.write.sealed_days import exclude_writers, remove_texts_of
from llmtrack.ledger.write.spans_and_feedback import write_audit

_SOME = 1000


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and the pseudonym of the user."""

    name: str
    texts: int
    conversations: int
    backups: int


def erase(ledger: Ledger, user_id: str, *, by: str) -> Erased:
    """Erases a user: texts, properties, attributes, conversations, comments, and all names they are known by.

    Their generations and all totals stay, under a random name. Records of theirs that journals still hold get this name
    when they are written, and backups made before upgrades are deleted, because they hold everything. `by` is recorded
    in the audit. Raises `LedgerError` where there is no such user.
    """
    conversations = _remove_conversations(ledger, user_id)
    user = _find(ledger, user_id)
    texts = 0
    while count := ledger.transact(lambda connection: _remove_texts(connection, ledger, user)):
        texts += count
    name = f"erased-{os.urandom(6).hex()}"

    def work(connection: Connection) -> None:
        exclude_writers(connection)
        while _remove_texts(connection, ledger, user):  # what was written meanwhile
            pass
        _forget_names(connection, ledger, user, user_id, name)
        detail = {"texts": texts, "conversations": conversations}
        write_audit(connection, ledger.dialect, by, "erase user", name, detail)

    ledger.transact(work)
    backups = ledger.dialect.backups(ledger.engine)
    for backup in backups:
        backup.unlink(missing_ok=True)
    ledger.dialect.shrink(ledger.engine)
    return Erased(name, texts, conversations, len(backups))


def _find(ledger: Ledger, user_id: str) -> int:
    with ledger.reading() as connection:
        sql = f"SELECT id FROM app_user WHERE user_id = {ledger.dialect.placeholder} AND erased_at IS NULL"
        user = connection.exec_driver_sql(sql, (fitted(user_id),)).scalar_one_or_none()
    if user is None:
        raise LedgerError(f"Nobody called {user_id!r} is in the ledger {ledger.name}: check the spelling.")
    return int(user)


def _remove_conversations(ledger: Ledger, user_id: str) -> int:
    user = _find(ledger, user_id)
    sql = f"UPDATE conversation SET deleted_at = 0 WHERE app_user = {user}"
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


def _forget_names(connection: Connection, ledger: Ledger, user: int, user_id: str, name: str) -> None:
    placeholder = ledger.dialect.placeholder
    now = time.time_ns() // 1000

    def execute(sql: str, *values: object) -> None:
        connection.exec_driver_sql(sql, values)

    execute(
        f"UPDATE app_user SET user_id = {placeholder}, attributes = NULL, role = NULL, identified_at = NULL, "
        f"erased_at = {placeholder} WHERE id = {user}",
        name,
        now,
    )
    execute("UPDATE generation SET property_set = NULL, request_id = NULL, response_id = NULL "
       f"WHERE app_user = {user}")  # fmt: skip
    execute(f"UPDATE session SET session_id = {placeholder} || '-' || id WHERE app_user = {user}", name)
    execute(f"UPDATE trace SET trace_id = {placeholder} || '-' || id, name = NULL WHERE app_user = {user}", name)
    execute(f"UPDATE span SET name = 'erased', error = NULL WHERE app_user = {user}")
    execute(f"DELETE FROM preference WHERE app_user = {user}")
    execute(f"UPDATE feedback SET comment = NULL WHERE app_user = {user}")
    execute(f"DELETE FROM preference WHERE app_user = {user}")
    execute(f"UPDATE feedback SET comment = NULL WHERE trace IN (SELECT id FROM trace WHERE app_user = {user})")
    execute(f"UPDATE audit SET subject = {placeholder} WHERE subject = {placeholder}", name, user_id)
    execute(f"UPDATE audit SET actor = {placeholder} WHERE actor = {placeholder}", name, user_id)
    limit_book.forget_user(connection, ledger.dialect, user_id, name)
    person = f"SELECT person FROM person_user_id WHERE user_id = {placeholder}"
    for table in ("membership", "api_token"):
        execute(f"DELETE FROM {table} WHERE person IN ({person})", user_id)
    execute(f"DELETE FROM person WHERE id IN ({person})", user_id)
    execute(f"DELETE FROM person_user_id WHERE person IN ({person})", user_id)
    execute(
        "DELETE FROM property_set WHERE NOT EXISTS (SELECT 1 FROM generation g WHERE g.property_set = property_set.id)"
    )
    execute("DELETE FROM pending WHERE NOT EXISTS (SELECT 1 FROM generation g WHERE g.id = pending.generation) "
       f"OR generation IN (SELECT id FROM generation WHERE app_user = {user})")  # fmt: skip
    changes = [("app_user", "set"), ("at", "set")]
    sql = ledger.dialect.upsert_sql("erasure", ("digest",), changes)
    connection.exec_driver_sql(sql, (digest_of(fitted(user_id)), user, now))
