"""Stores the conversations of an import: each whole or not at all, and nothing twice."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import ValidationError

from llmtrack.chat.conversations.imports import archive, chatgpt, claude, librechat, open_webui, ours
from llmtrack.chat.conversations.imports.conversation import ImportedConversation, ImportedMessage, Unreadable
from llmtrack.chat.conversations.imports.entries import Damaged, entries
from llmtrack.chat.conversations.tree import next_id
from llmtrack.chat.error_messages import ChatError
from llmtrack.ids import new_id

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Chats, Line

MOST_CONVERSATIONS = 200_000
MOST_NAMED = 20
"""Conversations left out that are named; the rest is counted."""
PROGRAMS = "this app or of ChatGPT, Claude, Open WebUI or LibreChat"
_SOURCE, _KEY = "imported_from", "imported_id"
"""Names in the `meta` of a message: where its conversation came from (on the first), and its own id there."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought."""

    conversations: int = 0
    """New ones."""
    messages: int = 0
    first: int | None = None
    """Id of the newest conversation that is new, or went on."""
    left_out: int = 0
    """Messages that could not be taken over: tools' output, pictures without text."""
    extended: int = 0
    """Conversations that had been imported before and have more messages now."""
    unchanged: int = 0
    """Conversations that were here already."""
    damaged: int = 0
    """Conversations left out."""
    problems: tuple[str, ...] = ()
    """The first of those, each with its name and why."""


def import_file(ledger: Ledger, user_id: str, file: BinaryIO | bytes) -> Imported:
    """Takes conversations over for a user: from our JSON, or the export of another program (JSON, or its zip).

    What was imported before comes in once: only messages that are new are added. Messages are history: nothing is
    counted or priced for them. A conversation that is damaged is left out and named. Raises `ChatError` where none
    comes in, and for a file that is damaged or too large as a whole; what came in before that stays.
    """
    from llmtrack.ledger.chats import Chats

    importer = _Importer(Chats(ledger, user_id))
    seen = 0
    for document in archive.documents(io.BytesIO(file) if isinstance(file, bytes) else file):
        for entry in entries(document):
            seen += 1
            if seen > MOST_CONVERSATIONS:
                raise ChatError(f"This file has more than {MOST_CONVERSATIONS:,} conversations: import it in parts.")
            importer.add(seen, entry)
    return importer.result(seen)


class _Importer:
    """One import on its way."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self._sources = chats.sources(_SOURCE)
        self._count = Imported()
        self._newest = (0, 0)
        self._last_problem: Unreadable | None = None

    def add(self, number: int, entry: Any) -> None:
        """Stores a conversation, or notes why that is not possible. One without a message is passed over."""
        count = self._count
        try:
            chat = _recognized(entry)
        except Unreadable as problem:
            self._last_problem = problem
            named = (*count.problems, f"{_name(number, entry)} {problem}.")[:MOST_NAMED]
            self._count = replace(count, damaged=count.damaged + 1, problems=named)
            return
        self._count = replace(count, left_out=count.left_out + chat.left_out)
        source = chat.source or _fingerprint(chat)
        at = self._existing(source)
        if at is not None:
            self._extend(at, chat)
        elif chat.messages:
            self._begin(chat, source)

    def result(self, seen: int) -> Imported:
        """What came of it; raises `ChatError` where nothing did."""
        count = self._count
        if count.conversations or count.extended or count.unchanged:
            return replace(count, first=self._newest[1] or None)
        if (problem := self._last_problem) is None:
            raise ChatError(f"There is no conversation in this file: choose an export of {PROGRAMS}.")
        if seen == 1:
            raise ChatError(f"{problem.file} {problem}: {problem.way_out}.")
        raise ChatError(f"No conversation of this file could be read. {' '.join(count.problems[:3])}")

    def _existing(self, source: str) -> int | None:
        """The conversation here that came from there, or went out to it."""
        program, _, own = source.partition(":")
        if program == "llmtrack" and own.isdigit() and len(own) < 20 and self._chats.read(int(own)):
            return int(own)
        return self._sources.get(source)

    def _begin(self, chat: ImportedConversation, source: str) -> None:
        lines, ids = _lines(chat.messages, {}, source)
        conversation_id = new_id()
        updated = chat.updated_at or chat.created_at
        head = ids.get(chat.head or "", lines[-1].id)
        self._chats.take_over(conversation_id, chat.title, chat.settings, chat.created_at, updated, lines, head)
        self._sources[source] = conversation_id
        self._newest = max(self._newest, (updated, conversation_id))
        count = self._count
        self._count = replace(count, conversations=count.conversations + 1, messages=count.messages + len(lines))

    def _extend(self, conversation_id: int, chat: ImportedConversation) -> None:
        conversation = self._chats.read(conversation_id)
        here = conversation[1] if conversation else ()
        # By their ids here as well: our own export of a conversation that was imported has those.
        ids = {str(line.id): line.id for line in here}
        ids |= {str(line.meta[_KEY]): line.id for line in here if _KEY in line.meta}
        lines, _ = _lines([message for message in chat.messages if message.key not in ids], ids, None)
        count = self._count
        if not lines:
            self._count = replace(count, unchanged=count.unchanged + 1)
            return
        self._chats.append(conversation_id, lines, {})
        self._newest = max(self._newest, (chat.updated_at, conversation_id))
        self._count = replace(count, extended=count.extended + 1, messages=count.messages + len(lines))


def _recognized(entry: Any) -> ImportedConversation:
    """A conversation by whichever program it is of. Raises `Unreadable`."""
    if isinstance(entry, Damaged):
        raise Unreadable(entry.reason, f"choose an export of {PROGRAMS}", "This file")
    if not isinstance(entry, dict):
        raise _no_export()
    try:
        if entry.get("format") == ours.FORMAT:
            return ours.read(entry)
        if "mapping" in entry:
            return chatgpt.read(entry)
        if "chat_messages" in entry:
            return claude.read(entry)
        if isinstance(entry.get("chat"), dict):
            return open_webui.read(entry)
        if "messages" in entry and "conversationId" in entry:
            return librechat.read(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:200]
        raise Unreadable(f"is damaged at {where!r} ({first['msg'].lower()})") from None
    raise _no_export()


def _no_export() -> Unreadable:
    return Unreadable(f"is no export of {PROGRAMS}", "choose conversations.json, or the zip as it came", "This file")


def _name(number: int, entry: Any) -> str:
    title = entry.get("title") or entry.get("name") if isinstance(entry, Mapping) else None
    return f"Conversation {number}" + (f" (“{title[:60]}”)" if isinstance(title, str) and title.strip() else "")


def _lines(
    messages: Sequence[ImportedMessage], ids: Mapping[str, int], source: str | None
) -> tuple[list[Line], dict[str, int]]:
    """Messages in stored form with new ids; `ids` are those of messages stored already, by key."""
    from llmtrack.ledger.chats import Line

    ids_by_key = dict(ids)
    lines: list[Line] = []
    last = max(ids_by_key.values(), default=0)
    for message in messages:
        last = next_id(last)
        kinds = (("reasoning", message.reasoning), ("text", message.text))
        meta = {_KEY: message.key} | ({_SOURCE: source} if source and not lines else {})
        lines.append(
            Line(
                last, ids_by_key.get(message.parent or ""), message.role,
                [{"type": kind, "content": text} for kind, text in kinds if text], message.provider, message.model,
                status=message.status, error=message.error, created_at=message.created_at, meta=meta,
            )
        )  # fmt: skip
        ids_by_key[message.key] = last
    return lines, ids_by_key


def _fingerprint(chat: ImportedConversation) -> str:
    """What stands for a conversation without an id: the same file again gives the same."""
    content = repr(
        (chat.title, chat.created_at, [(message.key, message.role, message.text) for message in chat.messages])
    )
    return "sha256:" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()
