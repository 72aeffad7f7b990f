"""Tokens for programs: made once, shown once, and known by their SHA-256 from then on."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from llmtrack.ledger.errors import LedgerError
from llmtrack.serving.identity.sessions import viewer_of
from llmtrack.serving.identity.viewer import NotAllowed, Viewer
from llmtrack.settings import Settings

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.people import TokenRecord

MARK = "llmt_"
"""Every token begins with it, so that scanners for leaked secrets can know one."""
RANDOM_BYTES = 32
PREFIX_LENGTH = len(MARK) + 8
"""As much of a token stays visible; of its 256 random bits 208 do not."""
MOST_DAYS = 3650


class TokenScope(StrEnum):
    """What a token may be used for."""

    USAGE_READ = "usage:read"
    """Read the usage of whomever it belongs to."""
    RECORD = "record"
    """Record calls that were made elsewhere."""
    GATEWAY = "gateway"
    """Send requests to models through the gateway."""
    ACT_FOR_USERS = "gateway:users"
    """Send them for any user that a request names; only an admin makes such a token."""
    ADMIN_READ = "admin:read"
    """Read everybody's usage; only an admin's, and only for as long as they are one."""
    LIMITS_WRITE = "limits:write"
    """Set limits; only an admin's, and only for as long as they are one."""


FOR_ADMINS = (TokenScope.ADMIN_READ, TokenScope.LIMITS_WRITE)
"""What only an admin's token may be used for."""


@dataclass(frozen=True, slots=True)
class TokenBearer:
    """Whoever sent a valid token."""

    token: TokenRecord
    viewer: Viewer | None
    """The person it belongs to, as they are now; None for a team's or a service's."""


def make_token(
    ledger: Ledger,
    me: Viewer,
    name: str,
    scopes: Sequence[TokenScope],
    *,
    days: int | None,
    team: int | None = None,
    service: str | None = None,
    feature: str | None = None,
    models: Sequence[str] | None = None,
) -> str:
    """Makes a token and returns it: nobody can show it again. It is `me`'s own, or a team's or service's.

    `feature` and `models` are for what is sent through the gateway: what it is for where it does not say so itself, and
    the models it may use, by name or pattern (None: all).

    Raises `LedgerError` where that cannot be, with the way out.
    """
    from llmtrack.ledger import people

    _check(me, name, scopes, days, for_others=team is not None or service is not None)
    token = MARK + secrets.token_urlsafe(RANDOM_BYTES)
    people.add_token(
        ledger,
        digest=digest_of(token),
        prefix=token[:PREFIX_LENGTH],
        name=" ".join(name.split())[:80],
        scopes=[scope.value for scope in scopes],
        by=me.id,
        person=me.person if team is None and service is None else None,
        team=team,
        service=service,
        expires_at=None if days is None else _micros_in(days),
        feature=(feature or "").strip() or None,
        models=models,
    )
    return token


def _check(me: Viewer, name: str, scopes: Sequence[TokenScope], days: int | None, *, for_others: bool) -> None:
    if not name.strip():
        raise LedgerError("The token has no name: say what will use it.")
    if not scopes:
        raise LedgerError("The token may do nothing: choose at least one scope.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise LedgerError(f"A token cannot be valid for {days} days: choose 1 to {MOST_DAYS}.")
    if TokenScope.ADMIN_READ in scopes and not me.is_admin:
        raise LedgerError("Only an admin can make a token that reads everybody's usage: leave that scope out.")
    if TokenScope.ACT_FOR_USERS in scopes and not me.is_admin:
        raise LedgerError("Only an admin can make a token that sends for other users: leave that scope out.")
    if TokenScope.LIMITS_WRITE in scopes and not me.is_admin:
        raise LedgerError("Only an admin can make a token that sets limits: leave that scope out.")
    if for_others and not me.is_admin:
        raise LedgerError("Only an admin can make tokens of teams and services: make one of your own.")
    if not for_others and me.person is None:
        raise LedgerError("A token of one's own needs sign-in: make one for a service instead.")


def _micros_in(days: int) -> int:
    return int((datetime.now().astimezone() + timedelta(days=days)).timestamp() * 1_000_000)


def digest_of(token: str) -> str:
    """What the ledger knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()


class LacksScope(NotAllowed):
    """The token is valid, and not for this."""


def bearer_of(ledger: Ledger, token: str, scope: TokenScope, settings: Settings, *, touch: bool = True) -> TokenBearer:
    """Who sent this token. Raises `NotAllowed`, with the same words for every token that opens nothing.

    What a person may do is looked up anew: a token of somebody who was shut out, or is no admin any more, goes with it.
    Unless `touch` is False, that it was used is noted, which may wait for whoever writes to the ledger.
    """
    from llmtrack.ledger import people

    bearer = _bearer(ledger, token, settings)
    _check_scope(bearer, scope)
    if touch:
        people.touch_token(ledger, bearer.token)
    return bearer


def reader_of(ledger: Ledger, token: str, settings: Settings) -> tuple[TokenBearer, bool]:
    """Who reads with this token, and whether everybody's usage (`ADMIN_READ`) or the owner's own.

    Raises as `bearer_of`, and does not note that the token was used.
    """
    bearer = _bearer(ledger, token, settings)
    if TokenScope.ADMIN_READ.value in bearer.token.scopes:
        try:
            _check_scope(bearer, TokenScope.ADMIN_READ)
        except LacksScope:
            if TokenScope.USAGE_READ.value not in bearer.token.scopes:
                raise
        else:
            return bearer, True
    _check_scope(bearer, TokenScope.USAGE_READ)
    return bearer, False


def _bearer(ledger: Ledger, token: str, settings: Settings) -> TokenBearer:
    from llmtrack.ledger import people

    record = people.token_by_digest(ledger, digest_of(token))
    if record is None or not record.is_valid(_micros_in(0)):
        raise NotAllowed("This token is not valid: it was never made, was revoked, or has expired.")
    viewer = None
    if record.person is not None:
        viewer = viewer_of(ledger, people.named(ledger, record.person), None, settings)
    return TokenBearer(record, viewer)


def _check_scope(bearer: TokenBearer, scope: TokenScope) -> None:
    if scope.value not in bearer.token.scopes:
        raise LacksScope(f"This token lacks the scope {scope.value}: make one that has it.")
    if scope in FOR_ADMINS and bearer.viewer is not None and not bearer.viewer.is_admin:
        raise LacksScope("This token's owner is no admin any more.")
