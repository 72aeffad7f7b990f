"""Ends answers whose server was killed, with the text that was saved, and records a row for each."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmtrack.chat import demo
from llmtrack.chat.conversations.persistence import is_gone, reply_to
from llmtrack.ids import first_at

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Line

WORDS = "The server went down while this was being written. What had arrived is kept; retry for the rest."
LOOK_BACK_DAYS = 30
"""Older answers in flight are settled when their conversation is opened."""
FORGET_DAYS = 30
"""Deleted conversations are gone for good after so many days."""
_DAY = 86_400_000_000  # microseconds
_FLUSH_SECONDS = 5.0
log = logging.getLogger("llmtrack")


def recover(ledger: Ledger) -> int:
    """Ends the answers a killed server left in flight, and purges old deleted conversations; returns how many it ended.

    For the start of the app, in the background. Safe while other processes write answers of their own.
    """
    from llmtrack.ledger.chats import Chats, in_flight, purge

    now = time.time_ns() // 1000
    settled = 0
    for user_id, conversation_id, line in in_flight(ledger, since=first_at(now - LOOK_BACK_DAYS * _DAY)):
        if reply_to(line.id) is None and is_gone(line.meta):
            conversation = Chats(ledger, user_id).read(conversation_id)
            settled += settle(ledger, user_id, conversation_id, conversation[1] if conversation else [line], line)
    while purge(ledger, now - FORGET_DAYS * _DAY):
        pass
    return settled


def settle(ledger: Ledger, user_id: str, conversation_id: int, lines: Sequence[Line], lost: Line) -> bool:
    """Ends an answer whose writer is gone and records its row; False where another process just did."""
    from llmtrack.ledger.chats import Chats

    ended = replace(lost, status="abandoned", error=WORDS)
    if not Chats(ledger, user_id).rewrite(ended, only_if_in_flight=True):
        return False
    try:
        _ensure_row(ledger, user_id, conversation_id, lines, lost)
    except Exception:
        # The text is safe; a number is missing, which must not keep the conversation from being opened.
        log.warning("An answer lost with its server could not be counted", exc_info=True)
    return True


def _ensure_row(ledger: Ledger, user_id: str, conversation_id: int, lines: Sequence[Line], lost: Line) -> None:
    import llmtrack
    from llmtrack.capture.lost import record_lost
    from llmtrack.ledger.chats import figures
    from llmtrack.settings import get_settings

    if lost.trace_id is None or lost.provider is None or lost.model is None:
        return
    # The call may have ended before the server did: then its row is in the journal of the process that died.
    llmtrack.flush(_FLUSH_SECONDS)
    if figures(ledger, user_id, [lost.trace_id]):
        return
    record_lost(
        ledger,
        provider=lost.provider,
        model=lost.model,
        started_at=lost.created_at,
        input=[_as_message(line) for line in _before(lines, lost)],
        output=[_as_message(lost)] if lost.content else [],
        simulated=lost.provider == demo.PROVIDER,
        content=get_settings().capture_content == "on",
        user_id=user_id,
        session_id=str(conversation_id),
        trace_id=lost.trace_id,
        feature="chat",
    )


def _before(lines: Sequence[Line], lost: Line) -> list[Line]:
    """The branch that was sent."""
    by_id = {line.id: line for line in lines}
    branch: list[Line] = []
    at = by_id.get(lost.parent_id) if lost.parent_id is not None else None
    while at is not None and at not in branch:
        branch.append(at)
        at = by_id.get(at.parent_id) if at.parent_id is not None else None
    return list(reversed(branch))


def _as_message(line: Line) -> dict[str, Any]:
    return {"role": line.role, "parts": [dict(part) for part in line.content]}
