"""Who calls the API, by their token, and what of the ledger that lets them see."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from llmtrack.ledger import open_ledger, people
from llmtrack.ledger.metrics import Filter
from llmtrack.serving.api.known_callers import KnownCallers
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.rate_limit import RateLimit
from llmtrack.serving.api.threads import in_thread
from llmtrack.serving.identity import (
    Kind,
    LacksScope,
    NotAllowed,
    NotFound,
    TokenBearer,
    TokenScope,
    Viewer,
    bearer_of,
    reader_of,
    require_question,
)
from llmtrack.settings import get_settings

_CHALLENGE = 'Bearer realm="llmtrack"'
MINUTE = 60_000_000
"""Of microseconds: a token's last use is kept as exactly as this."""
_NOBODY = ""
"""The id of a viewer who is no person: no call has an empty user id."""
_log = logging.getLogger(__name__)
_bearer = HTTPBearer(
    scheme_name="token", auto_error=False, description="A token from the Tokens page: Authorization: Bearer llmt_…"
)
_touching: set[asyncio.Task[None]] = set()
_noted: dict[str, int] = {}
"""When the last use of a token was noted by this process, by the beginning of the token."""
_known: KnownCallers[Caller] = KnownCallers()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a valid token, as somebody who may see things (`llmtrack.serving.identity.access`)."""

    bearer: TokenBearer
    viewer: Viewer
    reads_everything: bool = False
    """The token has the scope ``admin:read``, and its owner the right to it."""

    @property
    def team(self) -> str | None:
        """The team the token belongs to, if it is a team's."""
        return self.bearer.token.team

    @property
    def name(self) -> str:
        """Whose token it is, in words."""
        token = self.bearer.token
        return token.owner or (f"team {token.team}" if token.team else f"service {token.service}")

    def own(self) -> Filter | None:
        """What holds a question to the owner's calls; None for a service, which has none of its own."""
        if self.bearer.viewer is not None:
            return Filter("user", self.bearer.viewer.ids)
        return Filter("group", (self.team,)) if self.team else None

    def narrowed(self, kind: Kind, where: Sequence[Filter]) -> list[Filter]:
        """The filters, with what else it takes to hold them to what the caller may see. Raises `Problem` 403.

        A lead's question that names a team of theirs is about that team. Everybody else's is about their own calls.
        """
        if self.reads_everything:
            return list(where)
        guard = self._team_named(where) if kind is Kind.NUMBERS else None
        if guard is None:
            guard = self.own()
            if guard is None:
                raise Problem(403, "A service's token reads usage with the scope admin:read: make one that has it.")
            self._check_named(guard, where)
        try:
            require_question(self.viewer, kind, {guard.dimension: list(guard.values)})
        except NotFound:
            raise Problem(403, f"The token of {self.name} reads numbers, not single calls: use /api/metrics.") from None
        return [*where, guard]

    def _team_named(self, where: Sequence[Filter]) -> Filter | None:
        teams = (self.team,) if self.team else self.viewer.leads
        return next(
            (
                condition
                for condition in where
                if condition.dimension == "group" and not condition.negated and set(condition.values) <= set(teams)
            ),
            None,
        )  # fmt: skip

    def _check_named(self, guard: Filter, where: Sequence[Filter]) -> None:
        """A question about somebody else is refused in words, rather than answered with nothing."""
        for condition in where:
            others = set(condition.values) - set(guard.values)
            if condition.dimension == guard.dimension and not condition.negated and others:
                named = sorted(map(str, others))[0]
                raise Problem(403, f"This token does not show the usage of {condition.dimension} {named!r}.")


def caller_of(bearer: TokenBearer, reads_everything: bool) -> Caller:
    """The bearer of a token as somebody who may see things: an admin only where the token says so."""
    if bearer.viewer is None:
        teams = (bearer.token.team,) if bearer.token.team else ()
        role = "admin" if reads_everything else "lead" if teams else "user"
        return Caller(bearer, Viewer(_NOBODY, bearer.token.name, role, leads=teams), reads_everything)
    role = "admin" if reads_everything else "lead" if bearer.viewer.leads else "user"
    return Caller(bearer, replace(bearer.viewer, role=role), reads_everything)


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def reader(request: Request, credentials: Credentials) -> Caller:
    """Who reads with this request. Raises `Problem` 401, 403 and 429."""
    return _count(request, await authenticated(credentials, None))


async def recorder(request: Request, credentials: Credentials) -> Caller:
    """Who records with this request. Raises `Problem` 401, 403 and 429."""
    return _count(request, await authenticated(credentials, TokenScope.RECORD))


async def limit_setter(request: Request, credentials: Credentials) -> Caller:
    """Who sets limits with this request. Raises `Problem` 401, 403 and 429."""
    return _count(request, await authenticated(credentials, TokenScope.LIMITS_WRITE))


Reader = Annotated[Caller, Depends(reader)]
LimitSetter = Annotated[Caller, Depends(limit_setter)]
Recorder = Annotated[Caller, Depends(recorder)]


async def authenticated(credentials: HTTPAuthorizationCredentials | None, scope: TokenScope | None) -> Caller:
    """The caller with these credentials; without a `scope` a reader. Raises `Problem` 401 and 403."""
    if credentials is None:
        raise Problem(
            401, "This route needs a token: send Authorization: Bearer llmt_….", {"www-authenticate": _CHALLENGE}
        )
    token = credentials.credentials
    if scope is not TokenScope.LIMITS_WRITE and (recent := _known.get(token, scope)) is not None:
        return recent
    try:
        caller = await in_thread(lambda _: _identified(token, scope))
    except LacksScope as error:
        raise Problem(403, str(error), {"www-authenticate": f'{_CHALLENGE}, error="insufficient_scope"'}) from None
    except NotAllowed as error:
        raise Problem(401, str(error), {"www-authenticate": f'{_CHALLENGE}, error="invalid_token"'}) from None
    _known.add(token, scope, caller)
    return caller


def _identified(token: str, scope: TokenScope | None) -> Caller:
    ledger, settings = open_ledger(), get_settings()
    if scope is None:
        return caller_of(*reader_of(ledger, token, settings))
    return caller_of(bearer_of(ledger, token, scope, settings, touch=False), False)


def _count(request: Request, caller: Caller) -> Caller:
    """Takes the request out of the token's allowance, and notes its use."""
    limiter: RateLimit = request.app.state.rate_limit
    allowance = limiter.take(caller.bearer.token.id, get_settings().api_requests_per_minute)
    request.state.headers.update(allowance.headers())
    if allowance.exceeded:
        detail = f"This token has sent {allowance.limit} requests within a minute: wait {allowance.reset} seconds."
        raise Problem(429, detail)
    note_use(caller.bearer.token)
    return caller


def note_use(token: people.TokenRecord) -> None:
    """Notes when the token was last used, without the request's waiting for it."""
    now = time.time_ns() // 1000
    if now - max(token.last_used_at or 0, _noted.get(token.prefix, 0)) >= MINUTE:
        _noted[token.prefix] = now
        task = asyncio.get_running_loop().create_task(_touch(token))
        _touching.add(task)
        task.add_done_callback(_touching.discard)


async def _touch(token: people.TokenRecord) -> None:
    try:
        await asyncio.to_thread(people.touch_token, open_ledger(), token)
    except Exception:
        _log.warning("When a token was last used could not be noted", exc_info=True)
