"""Tokens for programs. Only their SHA-256 is kept, so what is here opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, null, select, update

from llmtrack.ids import new_id
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.people.directory import PERSON, TEAM, TOKEN, now
from llmtrack.ledger.write.spans_and_feedback import write_audit

MINUTE = 60_000_000
"""How exactly the last use is kept, in microseconds: one write a minute at most."""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token without its secret. Times are microseconds since 1970."""

    id: int
    prefix: str
    name: str
    person: int | None
    team: str | None
    service: str | None
    scopes: tuple[str, ...]
    created_at: int
    created_by: str
    expires_at: int | None
    last_used_at: int | None
    revoked_at: int | None
    owner: str | None
    """The user id of `person`."""
    feature: str | None
    """What its calls through the gateway are for, where they do not say so themselves."""
    models: tuple[str, ...] | None
    """The models those may use, by name or pattern; None: all."""
    disabled: bool
    """Whether `person` is shut out."""

    def is_valid(self, at: int) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked_at is None and not self.disabled and (self.expires_at is None or at < self.expires_at)


def add_token(
    ledger: Ledger,
    *,
    digest: str,
    prefix: str,
    name: str,
    scopes: Sequence[str],
    by: str,
    person: int | None = None,
    team: int | None = None,
    service: str | None = None,
    expires_at: int | None = None,
    feature: str | None = None,
    models: Sequence[str] | None = None,
) -> int:
    """Keeps a token that belongs to a person, a team or a service; its number."""
    if sum(owner is not None for owner in (person, team, service)) != 1:
        raise LedgerError("A token belongs to one person, one team or one service.")
    token = new_id(now())

    def work(connection: Connection) -> None:
        values = {"id": token, "digest": digest, "prefix": prefix, "name": name, "scopes": list(scopes)}
        values |= {"feature": feature, "models": null() if models is None else list(models)}
        owner = {"person": person, "team": team, "service": service}
        connection.execute(
            insert(TOKEN).values(**values, **owner, created_at=now(), created_by=by, expires_at=expires_at)
        )
        detail = {"name": name, "scopes": list(scopes), "expires_at": expires_at, "service": service}
        if models is not None:
            detail["models"] = list(models)
        write_audit(connection, ledger.dialect, by, "token add", prefix, detail)

    ledger.transact(work)
    return token


def tokens(ledger: Ledger, *, person: int | None = None) -> list[TokenRecord]:
    """All tokens, or those of one person, the latest first."""
    query = _QUERY.order_by(TOKEN.c.id.desc())
    with ledger.reading() as connection:
        rows = connection.execute(query if person is None else query.where(TOKEN.c.person == person)).all()
    return [_record(row) for row in rows]


def token_by_digest(ledger: Ledger, digest: str) -> TokenRecord | None:
    """The token with this SHA-256, valid or not."""
    with ledger.reading() as connection:
        row = connection.execute(_QUERY.where(TOKEN.c.digest == digest)).one_or_none()
    return None if row is None else _record(row)


def touch_token(ledger: Ledger, token: TokenRecord) -> None:
    """Notes that a token was used now; once a minute at most."""
    at = now()
    if token.last_used_at is None or at - token.last_used_at >= MINUTE:
        change = update(TOKEN).where(TOKEN.c.id == token.id).values(last_used_at=at)
        ledger.transact(lambda connection: connection.execute(change))


def revoke_token(ledger: Ledger, prefix: str, *, by: str, person: int | None = None) -> int:
    """Revokes the tokens with this prefix, among those of `person` if given; returns how many were valid till now.

    Raises `LedgerError` where there is none.
    """

    def work(connection: Connection) -> int:
        own = [TOKEN.c.prefix == prefix, *([TOKEN.c.person == person] if person is not None else [])]
        if connection.execute(select(TOKEN.c.id).where(*own)).first() is None:
            raise LedgerError(f"There is no token that begins with {prefix!r}: check the spelling.")
        change = update(TOKEN).where(*own, TOKEN.c.revoked_at.is_(None))
        revoked = connection.execute(change.values(revoked_at=now(), revoked_by=by)).rowcount
        if revoked:
            write_audit(connection, ledger.dialect, by, "token revoke", prefix, {"tokens": revoked})
        return revoked

    return ledger.transact(work)


_QUERY = (
    select(
        TOKEN.c.id, TOKEN.c.prefix, TOKEN.c.name, TOKEN.c.person, TEAM.c.name.label("team"), TOKEN.c.service,
        TOKEN.c.scopes, TOKEN.c.created_at, TOKEN.c.created_by, TOKEN.c.expires_at, TOKEN.c.last_used_at,
        TOKEN.c.revoked_at, PERSON.c.user_id.label("owner"), TOKEN.c.feature, TOKEN.c.models,
        PERSON.c.disabled_at,
    )
    .outerjoin(PERSON, PERSON.c.id == TOKEN.c.person)
    .outerjoin(TEAM, TEAM.c.id == TOKEN.c.team)
)  # fmt: skip


def _record(row) -> TokenRecord:  # type: ignore[no-untyped-def]
    *plain, disabled_at = row
    record = dict(zip(TokenRecord.__slots__, plain, strict=False))
    models = record["models"]
    values = {**record, "scopes": tuple(record["scopes"]), "models": None if models is None else tuple(models)}
    return TokenRecord(**values, disabled=disabled_at is not None)
