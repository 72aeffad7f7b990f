"""People invited by address before they first sign in: whatever the allow-list says, they may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.people.directory import INVITATION, MEMBERSHIP, PERSON, TEAM, USER_ID, now
from llmtrack.ledger.write.interning import fitted
from llmtrack.ledger.write.spans_and_feedback import write_audit

ROLES = ("user", "admin")


@dataclass(frozen=True, slots=True)
class InvitationRecord:
    """Somebody who was invited and has not come yet. Times are microseconds since 1970."""

    address: str
    role: str | None
    team: str | None
    invited_at: int
    invited_by: str


def invitations(ledger: Ledger) -> list[InvitationRecord]:
    """Everybody who was invited and has not signed in yet, the latest first."""
    columns = INVITATION.c
    query = (
        select(columns.address, columns.role, TEAM.c.name, columns.invited_at, columns.invited_by)
        .outerjoin(TEAM, TEAM.c.id == columns.team)
        .where(columns.person.is_(None))
        .order_by(columns.invited_at.desc())
    )
    with ledger.reading() as connection:
        return [InvitationRecord(*row) for row in connection.execute(query)]


def invite(ledger: Ledger, address: str, *, role: str | None = None, team: int | None = None, by: str) -> None:
    """Lets somebody in who will bring this verified address or user id; they get this role and join this team.

    Raises `LedgerError` where the address is empty, invited already, or belongs to somebody who signed in.
    """
    wanted = normal(address)
    if not wanted:
        raise LedgerError("The invitation has no address: type the one they will sign in with.")
    if role not in (None, *ROLES):
        raise LedgerError(f"There is no role {role!r}: choose one of {', '.join(ROLES)}.")

    def work(connection: Connection) -> None:
        if connection.execute(select(INVITATION.c.address).where(INVITATION.c.address == wanted)).first():
            raise LedgerError(f"{wanted} is invited already: take that back first to change it.")
        if connection.execute(select(USER_ID.c.person).where(USER_ID.c.user_id == wanted)).first():
            raise LedgerError(f"{wanted} has signed in already: choose them in the list above.")
        name = _team_name(connection, team)
        values = {"address": wanted, "role": role, "team": team, "invited_at": now(), "invited_by": by}
        connection.execute(insert(INVITATION).values(**values))
        write_audit(connection, ledger.dialect, by, "invite", wanted, {"role": role, "team": name})

    ledger.transact(work)


def withdraw_invitation(ledger: Ledger, address: str, *, by: str) -> None:
    """Takes back the invitation of somebody who has not come yet. Raises `LedgerError` where there is none."""
    wanted = normal(address)

    def work(connection: Connection) -> None:
        waiting = (INVITATION.c.address == wanted, INVITATION.c.person.is_(None))
        if not connection.execute(delete(INVITATION).where(*waiting)).rowcount:
            raise LedgerError(f"{wanted} is not invited, or has come already: reload the page.")
        write_audit(connection, ledger.dialect, by, "withdraw invitation", wanted, {})

    ledger.transact(work)


def is_invited(ledger: Ledger, names: Iterable[str | None], issuer: str, subject: str) -> bool:
    """Whether whoever the provider calls so, and brings these names, was invited: by one of them, or before."""
    wanted = [normal(name) for name in names if name]
    query = (
        select(INVITATION.c.address)
        .outerjoin(PERSON, PERSON.c.id == INVITATION.c.person)
        .where(
            or_(
                (PERSON.c.issuer == issuer) & (PERSON.c.subject == subject),
                INVITATION.c.person.is_(None) & INVITATION.c.address.in_(wanted),
            )
        )
    )
    with ledger.reading() as connection:
        return connection.execute(query.limit(1)).first() is not None


def accept(connection: Connection, person: int, names: Iterable[str | None]) -> str | None:
    """Gives somebody who signs in for the first time what they were invited to; the role, where there is one."""
    wanted = [normal(name) for name in names if name]
    waiting = (INVITATION.c.person.is_(None), INVITATION.c.address.in_(wanted))
    invitation = connection.execute(select(INVITATION).where(*waiting)).first()
    if invitation is None:
        return None
    connection.execute(update(INVITATION).where(INVITATION.c.address == invitation.address).values(person=person))
    if invitation.team is not None and _team_name(connection, invitation.team) is not None:
        values = {"team": invitation.team, "person": person, "leads": 0, "from_claims": 0}
        connection.execute(insert(MEMBERSHIP).values(**values))
    return None if invitation.role is None else str(invitation.role)


def normal(address: str) -> str:
    """An address as invitations are kept under."""
    return fitted("".join(address.split()).lower())


def _team_name(connection: Connection, team: int | None) -> str | None:
    return connection.execute(select(TEAM.c.name).where(TEAM.c.id == team)).scalar_one_or_none()
