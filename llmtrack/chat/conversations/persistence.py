"""Saves an answer in flight about once a second, together with the process that writes it."""

from __future__ import annotations

import os
import platform
import secrets
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmtrack.chat.answers.prompt import Prompt
from llmtrack.statuses import IN_FLIGHT

if TYPE_CHECKING:
    from llmtrack.chat.answers.reply import Reply, SaveReply
    from llmtrack.ledger.chats import Chats, Line

MOST_SOURCES = 100
SILENT_SECONDS = 60.0
"""An answer of another process is taken for lost once it has not been saved for so long."""
_start = secrets.token_hex(4)
_lock = threading.Lock()
_writing: dict[int, Reply] = {}


def reply_to(message_id: int) -> Reply | None:
    """The answer in flight behind a message; None once it has ended, or where another process writes it."""
    with _lock:
        return _writing.get(message_id)


def register(message_id: int, reply: Reply) -> None:
    """Makes `reply_to` return the answer until its end is saved."""
    with _lock:
        _writing[message_id] = reply


def _unregister(message_id: int) -> None:
    with _lock:
        _writing.pop(message_id, None)


def writer() -> str:
    """Identifies this process, so that another one can check whether it is still running."""
    return f"{platform.node()}|{os.getpid()}|{_start}"


def is_gone(meta: Mapping[str, Any], now: float | None = None) -> bool:
    """Whether the process that wrote an answer is gone; ask `reply_to` first whether it is written by this one."""
    recorded = str(meta.get("writer", ""))
    node, _, rest = recorded.partition("|")
    pid = rest.partition("|")[0]
    local = recorded != writer() and node == platform.node() and pid.isdigit()
    if local and (int(pid) == os.getpid() or not _may_live(int(pid))):
        return True
    saved_at = float(meta.get("kept_at") or 0)
    return (time.time() if now is None else now) - saved_at > SILENT_SECONDS


def _may_live(pid: int) -> bool:
    if os.name != "posix":
        return True  # signal 0 asks only here; elsewhere the clock decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's process
    return True


def meta_of(reply: Reply | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """The `meta` of an answer; `more` is what was set before it began."""
    meta: dict[str, Any] = {**more, "writer": writer(), "kept_at": time.time()}
    if reply is not None:
        timing = {"seconds": reply.seconds, "first_token_seconds": reply.first_token_seconds, "finish": reply.finish}
        meta.update({name: value for name, value in timing.items() if value is not None})
        if reply.response_id:
            meta["response_id"] = reply.response_id
        if reply.sources:
            meta["sources"] = [{"url": source.url, "title": source.title} for source in reply.sources[:MOST_SOURCES]]
        if reply.cache_miss:
            meta["cache_miss"] = {"reason": reply.cache_miss.reason, "tokens": reply.cache_miss.tokens}
    return meta


def line_of(
    prompt: Prompt, message_id: int, parent_id: int | None, reply: Reply | None, more: Mapping[str, Any]
) -> Line:
    """The stored form of an answer: as it is now, or (without a reply) before it began."""
    from llmtrack.ledger.chats import Line

    content = []
    if prompt.standing.ids or prompt.standing.left_out:
        standing = prompt.standing
        along = {"ids": list(standing.ids), "left_out": list(standing.left_out), "tokens": standing.tokens}
        more = {**more, "folder_files": along}
    if reply is not None and reply.reasoning:
        content.append({"type": "reasoning", "content": reply.reasoning})
    if reply is not None and reply.text:
        content.append({"type": "text", "content": reply.text})
    return Line(
        id=message_id,
        parent_id=parent_id,
        role="assistant",
        content=content,
        provider=prompt.model.provider,
        model=prompt.model.name,
        trace_id=prompt.trace_id,
        status=reply.status if reply is not None else "waiting",
        error=reply.error if reply is not None else None,
        meta=meta_of(reply, more),
    )


def saver(chats: Chats, message_id: int, parent_id: int | None, more: Mapping[str, Any]) -> SaveReply:
    """A function that saves a reply as the message with this id; called in a thread of its own."""

    def save(reply: Reply) -> None:
        try:
            chats.rewrite(line_of(reply.prompt, message_id, parent_id, reply, more))
        finally:
            if reply.status not in IN_FLIGHT:
                _unregister(message_id)

    return save
