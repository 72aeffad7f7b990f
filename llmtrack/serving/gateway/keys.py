"""Whose token a request carries, and with which credential it goes on."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from llmtrack.ledger import open_ledger, people
from llmtrack.serving.gateway.problems import GatewayProblem, Kind
from llmtrack.serving.gateway.senders import Sender, sender_of
from llmtrack.serving.identity import MARK, LacksScope, NotAllowed, TokenScope, bearer_of
from llmtrack.settings import get_settings

FRESH_SECONDS = 5.0
"""For so long a token is taken for what it was found to be; then it is looked up again while requests go on."""
STALE_SECONDS = 15.0
"""After so long a request waits for the look: a token that was revoked opens nothing any more by then."""
_MOST = 10_000
_KEY = b"x-llmtrack-key"
_BEARER = b"bearer "


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request was sent with."""

    token: str
    """Ours."""
    own: bytes | None
    """The caller's own credential for the provider, where it passes through."""
    dropped: frozenset[bytes]
    """The headers that stay here."""

    @property
    def is_sign_in(self) -> bool:
        """Whether the caller's credential is a sign-in at one of the two providers rather than an API key."""
        return self.own is not None and _SIGN_IN.match(self.own) is not None


def presented(headers: Mapping[bytes, bytes]) -> Presented:
    """The credentials of a request with these headers. Raises `GatewayProblem` 401 where none is ours.

    Ours comes where the provider's key would, and the installation's takes its place. With ours in ``X-Llmtrack-Key``,
    what stands there is the caller's own and passes through.
    """
    given = _bare(b"authorization", headers.get(_KEY))
    places = {name: value for name in _PLACES if (value := _bare(name, headers.get(name)))}
    ours = {name: value for name, value in places.items() if value.startswith(_MARK)}
    token = given or next(iter(ours.values()), b"")
    if not token.startswith(_MARK):
        raise GatewayProblem(
            Kind.NO_TOKEN,
            "This is llmtrack's gateway: send one of its tokens (llmt_…, from the Connect page) where the provider's "
            "key would go, or in X-Llmtrack-Key beside a credential of your own.",
        )
    others = [value for name, value in places.items() if name not in ours]
    if given and others:
        return Presented(token.decode("latin-1"), others[0], frozenset(ours))
    return Presented(token.decode("latin-1"), None, _ALL_PLACES)


_MARK = MARK.encode()
_SIGN_IN = re.compile(rb"sk-ant-oat|eyJ")
"""How Anthropic's tokens of a sign-in begin, and OpenAI's; API keys begin otherwise."""
_PLACES = (b"authorization", b"x-api-key", b"api-key")
_ALL_PLACES = frozenset(_PLACES)


def _bare(name: bytes, value: bytes | None) -> bytes:
    """The credential in a header, without the word before it."""
    value = (value or b"").strip()
    if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
        return value[len(_BEARER) :].strip()
    return value


class KeyRing:
    """The tokens seen lately, so that a request does not wait for the ledger."""

    def __init__(self) -> None:
        self._cached: dict[bytes, tuple[Sender, float]] = {}
        self._looking: dict[bytes, asyncio.Task[Sender]] = {}

    async def sender(self, token: str) -> Sender:
        """Who sent it. Raises `GatewayProblem` 401 for one that opens nothing and 403 for one without the scope."""
        digest = hashlib.sha256(token.encode()).digest()
        now = time.monotonic()
        cached = self._cached.get(digest)
        if cached is not None:
            age = now - cached[1]
            if age < FRESH_SECONDS:
                return cached[0]
            if age < STALE_SECONDS:
                self._look(digest, token).add_done_callback(_noted)
                return cached[0]
        return await asyncio.shield(self._look(digest, token))

    def _look(self, digest: bytes, token: str) -> asyncio.Task[Sender]:
        """The one look at the ledger for all who wait for this token."""
        task = self._looking.get(digest)
        if task is None:
            task = self._looking[digest] = asyncio.create_task(self._looked_up(digest, token))
        return task

    async def _looked_up(self, digest: bytes, token: str) -> Sender:
        try:
            sender = await asyncio.to_thread(_identified, token)
        except GatewayProblem:
            self._cached.pop(digest, None)
            raise
        finally:
            self._looking.pop(digest, None)
        if len(self._cached) >= _MOST:
            self._cached.clear()
        self._cached[digest] = (sender, time.monotonic())
        return sender


def _noted(task: asyncio.Task[Sender]) -> None:
    """A look in the background that failed is done again by a request that waits for it."""
    if not task.cancelled():
        task.exception()


def _identified(token: str) -> Sender:
    ledger = open_ledger()
    try:
        bearer = bearer_of(ledger, token, TokenScope.GATEWAY, get_settings(), touch=False)
    except LacksScope as error:
        raise GatewayProblem(Kind.NOT_ALLOWED, str(error)) from None
    except NotAllowed as error:
        raise GatewayProblem(Kind.NO_TOKEN, str(error)) from None
    people.touch_token(ledger, bearer.token)
    return sender_of(ledger, bearer)
