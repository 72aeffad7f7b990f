"""The people who signed in, as the ledger has them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, RowMapping, Select, Table, bindparam, literal, select
from sqlmodel import SQLModel

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.schema import people_tables, tables


def table(model: type[SQLModel]) -> Table:
    """The table behind a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


PERSON = table(people_tables.Person)
USER_ID = table(people_tables.PersonUserId)
ALIAS = table(people_tables.UserAlias)
INVITATION = table(people_tables.Invitation)
TEAM = table(people_tables.Team)
MEMBERSHIP = table(people_tables.Membership)
TOKEN = table(people_tables.ApiToken)
AUDIT = table(tables.Audit)
USER = table(tables.AppUser)

CONFLICT = "user id taken"
"""The audit's word for somebody whose claim was another person's user id already."""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person. Times are microseconds since 1970."""

    id: int
    issuer: str
    subject: str
    user_id: str
    name: str | None
    role: str | None
    """``admin`` or ``user`` as an admin chose; None leaves it to the settings."""
    groups: tuple[str, ...]
    created_at: int
    signed_in_at: int
    sessions_from: int
    disabled_at: int | None
    user_ids: tuple[str, ...] = ()
    """All that are theirs, the first one first, those merged into them last."""
    teams: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    """The teams among `teams` that they lead."""


def find(ledger: Ledger, issuer: str, subject: str) -> PersonRecord | None:
    """The person an identity provider calls so, or None."""
    with ledger.reading() as connection:
        return next(iter(_records(connection, _BY_SUBJECT, {"issuer": issuer, "subject": subject})), None)


def named(ledger: Ledger, person: int) -> PersonRecord:
    """The person of this number. Raises `LedgerError` where there is none."""
    with ledger.reading() as connection:
        record = next(iter(_records(connection, select(PERSON).where(PERSON.c.id == person))), None)
    if record is None:
        raise LedgerError("This person is not there any more: reload the page.")
    return record


def people(ledger: Ledger, *, limit: int = 1000) -> list[PersonRecord]:
    """Everybody who ever signed in, the latest first."""
    with ledger.reading() as connection:
        return list(_records(connection, select(PERSON).order_by(PERSON.c.signed_in_at.desc()).limit(limit)))


def attributes(ledger: Ledger, user_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What `llmtrack.identify` told about these user ids, for those it told anything about."""
    query = select(USER.c.user_id, USER.c.attributes).where(USER.c.user_id.in_(user_ids))
    with ledger.reading() as connection:
        return {user_id: given for user_id, given in connection.execute(query) if given}


def user_id_conflicts(ledger: Ledger, *, limit: int = 20) -> list[dict[str, Any]]:
    """Who brought a user id that was another person's, the latest first: ``at``, ``claimed``, ``given``."""
    query = select(AUDIT).where(AUDIT.c.action == CONFLICT).order_by(AUDIT.c.id.desc()).limit(limit)
    with ledger.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [{"at": row["at"], "given": row["subject"], **(row["detail"] or {})} for row in rows]


def _user_ids() -> Select[Any]:
    """The user ids that these people claimed, and those merged into one of theirs, in one statement."""
    target = USER.alias("target")
    claimed = select(USER_ID.c.person, USER_ID.c.user_id, literal(0).label("merged"), USER_ID.c.claimed_at.label("at"))
    merged = (
        select(USER_ID.c.person, USER.c.user_id, literal(1), ALIAS.c.merged_at)
        .join(target, target.c.user_id == USER_ID.c.user_id)
        .join(ALIAS, ALIAS.c.target == target.c.id)
        .join(USER, USER.c.id == ALIAS.c.app_user)
    )
    theirs = USER_ID.c.person.in_(_PEOPLE)
    both = claimed.where(theirs).union_all(merged.where(theirs)).subquery()
    return select(both.c.person, both.c.user_id).order_by(both.c.merged, both.c.at)


# Built once: they are asked at every rerun, and building them took longer than the database does.
_PEOPLE: BindParameter[Any] = bindparam("people", expanding=True)
_BY_SUBJECT = select(PERSON).where(PERSON.c.issuer == bindparam("issuer"), PERSON.c.subject == bindparam("subject"))
_USER_IDS = _user_ids()
_MEMBERSHIPS = (
    select(MEMBERSHIP.c.person, TEAM.c.name, MEMBERSHIP.c.leads)
    .join(TEAM, TEAM.c.id == MEMBERSHIP.c.team)
    .where(MEMBERSHIP.c.person.in_(_PEOPLE))
    .order_by(TEAM.c.name)
)


def _records(connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[PersonRecord]:
    rows = connection.execute(query, values or {}).mappings().all()
    ids = {"people": [row["id"] for row in rows]}
    user_ids: defaultdict[int, list[str]] = defaultdict(list)
    for person, user_id in connection.execute(_USER_IDS, ids):
        user_ids[person].append(user_id)
    memberships: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for person, team, leads in connection.execute(_MEMBERSHIPS, ids):
        memberships[person].append((team, leads))
    return [_record(row, user_ids[row["id"]], memberships[row["id"]]) for row in rows]


def _record(row: RowMapping, user_ids: list[str], memberships: list[tuple[str, int]]) -> PersonRecord:
    return PersonRecord(
        **{name: row[name] for name in PersonRecord.__slots__ if name in row and name != "groups"},
        groups=tuple(row["groups"] or ()),
        user_ids=tuple(user_ids),
        teams=tuple(team for team, _ in memberships),
        leads=tuple(team for team, leads in memberships if leads),
    )


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
