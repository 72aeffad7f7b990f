"""User ids merged into another: questions count their calls as that user's, and what was written stays as it was."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.people.directory import ALIAS, PERSON, USER, USER_ID, now
from llmtrack.ledger.write.interning import fitted
from llmtrack.ledger.write.spans_and_feedback import write_audit


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A user id that was merged into another. Times are microseconds since 1970."""

    alias: str
    user_id: str
    """Whose calls its calls count as."""
    merged_at: int
    merged_by: str


def aliases(ledger: Ledger) -> list[AliasRecord]:
    """Every user id that was merged into another, the latest first."""
    target = USER.alias("target")
    query = (
        select(USER.c.user_id, target.c.user_id, ALIAS.c.merged_at, ALIAS.c.merged_by)
        .select_from(ALIAS)
        .join(USER, USER.c.id == ALIAS.c.app_user)
        .join(target, target.c.id == ALIAS.c.target)
        .order_by(ALIAS.c.merged_at.desc())
    )
    with ledger.reading() as connection:
        return [AliasRecord(*row) for row in connection.execute(query)]


def check_merge(ledger: Ledger, alias: str, user_id: str) -> None:
    """Raises `LedgerError` where `alias` cannot be merged into `user_id`, with the reason and the way out."""
    with ledger.reading() as connection:
        _check(connection, alias, user_id)


def merge(ledger: Ledger, alias: str, user_id: str, *, by: str) -> None:
    """Has questions count the calls of `alias` as those of `user_id`, from now on and back to the first one.

    Raises `LedgerError` where that cannot be.
    """

    def work(connection: Connection) -> None:
        _lock(connection)
        merged, into = _check(connection, alias, user_id)
        values = {"app_user": merged, "merged_into": into, "target": into, "merged_at": now(), "merged_by": by}
        connection.execute(insert(ALIAS).values(**values))
        follow_chains(connection)
        detail = {"before": None, "after": user_id}
        write_audit(connection, ledger.dialect, by, "merge user id", alias, detail)

    ledger.transact(work)


def undo_merge(ledger: Ledger, alias: str, *, by: str) -> None:
    """Has questions count the calls of `alias` as its own again. Raises `LedgerError` where it was not merged."""

    def work(connection: Connection) -> None:
        _lock(connection)
        merged = _user(connection, alias)
        into = select(USER.c.user_id).join(ALIAS, ALIAS.c.merged_into == USER.c.id).where(ALIAS.c.app_user == merged)
        before = connection.execute(into).scalar_one_or_none()
        if before is None:
            raise LedgerError(f"{alias!r} is merged into nobody: reload the page.")
        connection.execute(delete(ALIAS).where(ALIAS.c.app_user == merged))
        follow_chains(connection)
        detail = {"before": before, "after": None}
        write_audit(connection, ledger.dialect, by, "undo merge of user id", alias, detail)

    ledger.transact(work)


def is_alias(connection: Connection, user_id: str) -> bool:
    """Whether calls under this user id count as somebody else's."""
    query = select(ALIAS.c.app_user).join(USER, USER.c.id == ALIAS.c.app_user).where(USER.c.user_id == user_id)
    return connection.execute(query).first() is not None


def follow_chains(connection: Connection) -> None:
    """Points every alias at the end of its chain, and lets every process know that something changed."""
    rows = connection.execute(select(ALIAS.c.app_user, ALIAS.c.merged_into, ALIAS.c.target)).all()
    into = {row.app_user: row.merged_into for row in rows}
    for row in rows:
        target = row.merged_into
        while target in into:  # ends, because `_check` lets no circle in
            target = into[target]
        if target != row.target:
            connection.execute(update(ALIAS).where(ALIAS.c.app_user == row.app_user).values(target=target))
    connection.exec_driver_sql("UPDATE state SET value = value + 1 WHERE key = 'aliases'")


def _lock(connection: Connection) -> None:
    """Waits for another merge to end: two at once could make a circle."""
    connection.exec_driver_sql("UPDATE state SET value = value WHERE key = 'aliases'")


def _check(connection: Connection, alias: str, user_id: str) -> tuple[int, int]:
    """The numbers of both users, where the one can be merged into the other."""
    merged, into = _user(connection, alias), _user(connection, user_id)
    if merged == into:
        raise LedgerError(f"{alias!r} cannot be merged into itself: name another user id.")
    targets = {row.app_user: row.target for row in connection.execute(select(ALIAS.c.app_user, ALIAS.c.target))}
    if merged in targets:
        raise LedgerError(f"{alias!r} is merged into another user id already: undo that first.")
    if targets.get(into) == merged:
        raise LedgerError(f"{user_id!r} is merged into {alias!r}: undo that first.")
    owner = _owner(connection, alias)
    if owner is not None and owner.id != getattr(_owner(connection, user_id), "id", None) and not owner.disabled_at:
        raise LedgerError(
            f"{alias!r} belongs to somebody who signs in, and would see another's calls: shut them out first."
        )
    return merged, into


def _user(connection: Connection, user_id: str) -> int:
    query = select(USER.c.id).where(USER.c.user_id == fitted(user_id), USER.c.erased_at.is_(None))
    number = connection.execute(query).scalar_one_or_none()
    if number is None:
        raise LedgerError(f"Nothing was recorded under the user id {user_id!r}: check the spelling.")
    return int(number)


def _owner(connection: Connection, user_id: str):  # type: ignore[no-untyped-def]
    """The person this user id belongs to: their number, and whether they are shut out."""
    query = select(PERSON.c.id, PERSON.c.disabled_at).join(USER_ID, USER_ID.c.person == PERSON.c.id)
    return connection.execute(query.where(USER_ID.c.user_id == fitted(user_id))).one_or_none()
