"""Signing in, as the ledger keeps it: the person, the user id that becomes theirs, the teams their groups give them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

from sqlalchemy import Connection, delete, insert, select, update

from llmtrack.ids import new_id
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.people.aliases import is_alias
from llmtrack.ledger.people.directory import (
    CONFLICT,
    MEMBERSHIP,
    PERSON,
    TEAM,
    USER,
    USER_ID,
    PersonRecord,
    find,
    now,
)
from llmtrack.ledger.people.invitations import ROLES, accept
from llmtrack.ledger.write.interning import Interning, Remembered, fitted
from llmtrack.ledger.write.spans_and_feedback import write_audit


def sign_in(
    ledger: Ledger,
    *,
    issuer: str,
    subject: str,
    user_id: str,
    name: str | None,
    groups: Collection[str],
    issued_at: int,
    address: str | None = None,
) -> PersonRecord:
    """Records that somebody signed in, and returns them as they are from now on.

    A user id belongs to the person who claims it first. Whoever brings one that is another's gets it with a suffix, and
    the audit says so. `issued_at` is when their ID token was issued, in microseconds since 1970; `address` is their
    verified e-mail address, by which they may have been invited.
    """
    claimed = fitted(user_id)

    def work(connection: Connection) -> None:
        at = now()
        own = (PERSON.c.issuer == issuer, PERSON.c.subject == subject)
        person = connection.execute(select(PERSON.c.id).where(*own).with_for_update()).scalar_one_or_none()
        if person is None:
            person = new_id(at)
            given = _claim(connection, ledger, person, claimed, at, first=True)
            created = {"id": person, "issuer": issuer, "subject": subject, "user_id": given, "created_at": at}
            role = accept(connection, person, (address, user_id))
            connection.execute(insert(PERSON).values(**created, role=role, signed_in_at=issued_at, sessions_from=0))
            # A user of the ledger from now on, so that they can be found and erased before their first call.
            Interning(connection, ledger.dialect, Remembered()).want_users({given: at})
        else:
            _claim(connection, ledger, person, claimed, at, first=False)
        change = update(PERSON).where(PERSON.c.id == person)
        connection.execute(change.values(name=name, groups=sorted(groups), signed_in_at=issued_at))
        _join_by_groups(connection, person, groups)
        recorded = connection.execute(select(PERSON.c.user_id).where(PERSON.c.id == person)).scalar_one()
        write_audit(connection, ledger.dialect, recorded, "sign in", recorded, {"issuer": issuer})

    ledger.transact(work)
    record = find(ledger, issuer, subject)
    if record is None:
        raise LedgerError("This person was erased while signing in: sign in again.")
    return record


def _claim(connection: Connection, ledger: Ledger, person: int, claimed: str, at: int, *, first: bool) -> str:
    """Makes a user id this person's unless it is another's; returns the one that is theirs now."""
    owner = connection.execute(select(USER_ID.c.person).where(USER_ID.c.user_id == claimed)).scalar_one_or_none()
    if owner == person:
        return claimed
    given = claimed
    # What was merged into another user id is that user's: whoever claimed it would see their calls.
    if owner is not None or is_alias(connection, claimed):
        if not first:  # they have one already, and this one is not to be had
            return claimed
        given = next(free for number in count(2) if _is_free(connection, free := fitted(f"{claimed} ({number})")))
        write_audit(connection, ledger.dialect, given, CONFLICT, given, {"claimed": claimed})
    connection.execute(insert(USER_ID).values(user_id=given, person=person, claimed_at=at))
    return given


def _is_free(connection: Connection, user_id: str) -> bool:
    """Whether nobody has this user id, nor was anything ever recorded under it."""
    claims = select(USER_ID.c.user_id).where(USER_ID.c.user_id == user_id)
    users = select(USER.c.user_id).where(USER.c.user_id == user_id)
    return connection.execute(claims.union_all(users)).first() is None


def _join_by_groups(connection: Connection, person: int, groups: Collection[str]) -> None:
    """Makes the memberships that come from groups those of `groups`; what an admin gave stays."""
    by_claims = (MEMBERSHIP.c.person == person, MEMBERSHIP.c.from_claims == 1)
    before = select(MEMBERSHIP.c.team, MEMBERSHIP.c.leads).where(*by_claims)
    leads = {row.team: row.leads for row in connection.execute(before)}
    connection.execute(delete(MEMBERSHIP).where(*by_claims))
    given = set(connection.execute(select(MEMBERSHIP.c.team).where(MEMBERSHIP.c.person == person)).scalars())
    wanted = connection.execute(select(TEAM.c.id).where(TEAM.c.from_group.in_(list(groups)))).scalars()
    for team in set(wanted) - given:
        values = {"team": team, "person": person, "leads": leads.get(team, 0), "from_claims": 1}
        connection.execute(insert(MEMBERSHIP).values(**values))


def end_sessions(ledger: Ledger, person: int, *, by: str) -> None:
    """Ends all sessions of a person: every cookie they have, wherever it is, is worth nothing from now on."""

    def work(connection: Connection) -> None:
        row = _row(connection, person)
        # The provider's clock may be ahead of ours: what it issued "later" is over as well.
        at = max(now(), row.signed_in_at)
        connection.execute(update(PERSON).where(PERSON.c.id == person).values(sessions_from=at))
        write_audit(connection, ledger.dialect, by, "sign out", row.user_id, {})

    ledger.transact(work)


def set_role(ledger: Ledger, person: int, role: str | None, *, by: str) -> None:
    """Gives a person a role; None leaves it to the settings. Raises `LedgerError` for a role that does not exist."""
    if role not in (None, *ROLES):
        raise LedgerError(f"There is no role {role!r}: choose one of {', '.join(ROLES)}.")

    def work(connection: Connection) -> None:
        row = _row(connection, person)
        if row.role == role:
            return
        connection.execute(update(PERSON).where(PERSON.c.id == person).values(role=role))
        write_audit(connection, ledger.dialect, by, "role", row.user_id, {"before": row.role, "after": role})

    ledger.transact(work)


def set_disabled(ledger: Ledger, person: int, disabled: bool, *, by: str) -> None:
    """Shuts a person out, or lets them in again."""

    def work(connection: Connection) -> None:
        row = _row(connection, person)
        if (row.disabled_at is not None) == disabled:
            return
        if not disabled:
            _check_not_merged(connection, person)
        at = now() if disabled else None
        connection.execute(update(PERSON).where(PERSON.c.id == person).values(disabled_at=at))
        write_audit(connection, ledger.dialect, by, "disable" if disabled else "enable", row.user_id, {})

    ledger.transact(work)


def _check_not_merged(connection: Connection, person: int) -> None:
    """Raises `LedgerError` where a user id of theirs was merged into another's, whose calls they would see."""
    own = connection.execute(select(USER_ID.c.user_id).where(USER_ID.c.person == person)).scalars().all()
    merged = [user_id for user_id in own if is_alias(connection, user_id)]
    if merged:
        raise LedgerError(f"{merged[0]!r} was merged into another user id: undo that before letting them in again.")


def _row(connection: Connection, person: int):  # type: ignore[no-untyped-def]
    row = connection.execute(select(PERSON).where(PERSON.c.id == person).with_for_update()).one_or_none()
    if row is None:
        raise LedgerError("This person is not there any more: reload the page.")
    return row
