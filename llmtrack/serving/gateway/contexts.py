"""Who a request is booked under: what its token says, what its headers add, and what coding agents tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from llmtrack.capture.context import Context, checked
from llmtrack.capture.sizing import TOKEN
from llmtrack.serving.gateway.problems import GatewayProblem, Kind
from llmtrack.serving.gateway.senders import Sender
from llmtrack.serving.identity import TokenBearer, TokenScope
from llmtrack.settings import get_settings

CLIENT = "llmtrack.client"
"""The property that names the coding agent whose session a call belongs to."""
AGENT = "llmtrack.agent"
"""The property that names the sub-agent of a coding agent's session."""
PARENT_AGENT = "llmtrack.parent_agent"
RETRY = "llmtrack.retry"
"""The property that says which attempt of its SDK a request is: 1 is the second. Each is a call of its own here."""
UNREAD = "llmtrack.unread"
"""The property of a call whose request nobody here could read: the compression it came in."""
RESERVED = "llmtrack."
"""How the properties begin that only the gateway sets."""
MOST_PROPERTIES = 20
LONGEST = 200
"""Characters of a name in a header that are kept."""

_PROPERTY = b"x-llmtrack-property-"
_SESSIONS = (b"x-llmtrack-session", b"x-claude-code-session-id", b"session-id", b"session_id")
"""Where a session is named; the first that is there counts."""
_READ = frozenset(
    {b"x-llmtrack-user", b"x-llmtrack-feature", *_SESSIONS, b"x-claude-code-agent-id",
     b"x-claude-code-parent-agent-id", b"x-codex-turn-metadata", b"x-stainless-retry-count"}
)  # fmt: skip
_CODEX_ROOT = "/root"
"""What Codex calls its main agent, and sub-agents too that have no name of their own."""
_OLD_CLAUDE_CODE = re.compile(r"_session_([0-9a-f-]{36})$")


def context_of(sender: Sender, headers: Mapping[bytes, bytes], body: Any, unread: str | None = None) -> Context:
    """Who calls. Raises `GatewayProblem` 403 where a token is not for the user that a header names.

    `unread` is the compression of a body that could not be read.
    """
    read = tuple(sorted(item for item in headers.items() if item[0] in _READ or item[0].startswith(_PROPERTY)))
    session = None
    if not any(name in headers for name in _SESSIONS):
        session = _session_in(body)
    return _context(sender, read, session, unread)


@lru_cache(1000)
def _context(sender: Sender, read: tuple[tuple[bytes, bytes], ...], session: str | None, unread: str | None) -> Context:
    """Made once for requests that are alike, and with it the JSON of their records."""
    named = {name: value.decode("utf-8", "replace").strip()[:LONGEST] for name, value in read if value.strip()}
    turn = _turn(dict(read).get(b"x-codex-turn-metadata"))
    token = sender.bearer.token
    header = next((named[name] for name in _SESSIONS if name in named), None)
    return checked(
        user_id=_user(sender.bearer, named.get(b"x-llmtrack-user")),
        group=sender.team,
        feature=named.get(b"x-llmtrack-feature") or token.feature,
        session_id=header or turn.get("session_id") or session,
        trace_id=turn.get("root_turn_id") or turn.get("turn_id"),
        properties={
            **_properties(named),
            **_agents(named, turn, by_body=session is not None),
            **({UNREAD: unread[:LONGEST]} if unread else {}),
            TOKEN: token.prefix,
        },
    )


def _user(bearer: TokenBearer, named: str | None) -> str | None:
    viewer, settings = bearer.viewer, get_settings()
    if viewer is None and settings.sign_in == "local":
        return named or settings.effective_user_id  # there is one user, whatever a token is called
    if named is None:
        return None if viewer is None else viewer.id
    if viewer is not None and named in viewer.ids:
        return named
    scope = TokenScope.ACT_FOR_USERS
    if scope.value not in bearer.token.scopes or (viewer is not None and not viewer.is_admin):
        raise GatewayProblem(
            Kind.NOT_ALLOWED,
            f"This token does not send for the user {named!r} (X-Llmtrack-User): leave the header out, or use a token "
            f"with the scope {scope.value}.",
        )
    return named


def _properties(named: Mapping[bytes, str]) -> dict[str, str]:
    properties = {
        name[len(_PROPERTY) :].decode("latin-1"): value for name, value in named.items() if name.startswith(_PROPERTY)
    }
    callers = [(name, value) for name, value in properties.items() if name and not name.startswith(RESERVED)]
    return dict(callers[:MOST_PROPERTIES])


def _agents(named: Mapping[bytes, str], turn: Mapping[str, str], *, by_body: bool) -> dict[str, Any]:
    """What tells the calls of a session apart: the sub-agent that made one, and an SDK's own retries.

    `by_body`: the body names a session as Claude Code does.
    """
    is_claude_code = by_body or b"x-claude-code-session-id" in named
    parent = turn.get("parent_thread_id")
    if parent == turn.get("session_id"):
        parent = None  # the main agent's thread has the session's id
    agents = {
        CLIENT: "Claude Code" if is_claude_code else "Codex" if turn else None,
        AGENT: named.get(b"x-claude-code-agent-id") or _codex_agent(turn),
        PARENT_AGENT: named.get(b"x-claude-code-parent-agent-id") or parent,
        RETRY: None if named.get(b"x-stainless-retry-count") == "0" else named.get(b"x-stainless-retry-count"),
    }
    return {name: value for name, value in agents.items() if value}


def _codex_agent(turn: Mapping[str, str]) -> str | None:
    """The sub-agent of Codex that a turn is of, by its thread where it has no name of its own; None: the main one."""
    name = turn.get("agent_name")
    if name is not None and name != _CODEX_ROOT:
        return name
    is_sub_agent = turn.get("thread_source") == "subagent" or "parent_thread_id" in turn
    return turn.get("thread_id") if is_sub_agent else None


def _turn(value: bytes | None) -> dict[str, str]:
    """What Codex says of the turn that a request is part of."""
    turn = _json(value) if value else None
    if not isinstance(turn, dict):
        return {}
    return {name: text[:LONGEST] for name, text in turn.items() if isinstance(text, str) and text}


def _session_in(body: Any) -> str | None:
    """The session that Claude Code names in ``metadata.user_id``, where it sends no header."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str):
        return None
    if user.startswith("{"):
        named = _json(user.encode())
        session = named.get("session_id") if isinstance(named, dict) else None
        return session[:LONGEST] if isinstance(session, str) and session else None
    old = _OLD_CLAUDE_CODE.search(user)
    return old[1] if old else None


def _json(value: bytes) -> Any:
    try:
        return from_json(value)
    except ValueError:
        return None
