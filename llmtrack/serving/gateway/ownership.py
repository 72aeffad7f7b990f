"""Nobody adds calls to another person's conversations and interactions."""

from __future__ import annotations

import asyncio

from llmtrack.capture.context import Context
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import owner_of_session, owner_of_trace
from llmtrack.serving.gateway.problems import GatewayProblem, Kind
from llmtrack.serving.identity import Viewer

_MOST = 10_000


class Ownership:
    """Looks up whose a session or a trace is, once for each person who sends under its name."""

    def __init__(self) -> None:
        self._checked: set[tuple[str, str | None, str | None]] = set()

    async def check(self, viewer: Viewer | None, context: Context) -> None:
        """Raises `GatewayProblem` 403 where the session or the trace is another's. Teams and services have none."""
        if viewer is None or (context.session_id is None and context.trace_id is None):
            return
        key = (viewer.id, context.session_id, context.trace_id)
        if key in self._checked:
            return
        await asyncio.to_thread(_check, viewer, context)
        if len(self._checked) >= _MOST:
            self._checked.clear()
        self._checked.add(key)


def _check(viewer: Viewer, context: Context) -> None:
    ledger, own = open_ledger(), (None, *viewer.ids, context.user_id)
    for kind, name, owner_of in (
        ("session", context.session_id, owner_of_session),
        ("trace", context.trace_id, owner_of_trace),
    ):
        if name is not None and owner_of(ledger, name) not in own:
            raise GatewayProblem(Kind.NOT_ALLOWED, f"The {kind} {name!r} is another person's: choose another id.")
