"""Stores the conversations of an import: each whole or not at all, and nothing twice."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import ValidationError

from llmtrack.chat.answers.prompt import PDF, File, check_file
from llmtrack.chat.conversations.attachments import to_keep
from llmtrack.chat.conversations.folders import FolderFiles, folder_name
from llmtrack.chat.conversations.imports import archive, chatgpt, claude, librechat, open_webui, ours
from llmtrack.chat.conversations.imports.conversation import (
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    Unreadable,
)
from llmtrack.chat.conversations.imports.entries import Damaged, entries
from llmtrack.chat.conversations.tree import next_id
from llmtrack.chat.error_messages import ChatError
from llmtrack.ids import new_id
from llmtrack.settings import get_settings

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Chats, Line, NewFile

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
    files: int = 0
    """Pictures and other files of the messages that came in."""
    problems: tuple[str, ...] = ()
    """The first of those, each with its name and why."""


def import_file(ledger: Ledger, user_id: str, file: BinaryIO | bytes) -> Imported:
    """Takes conversations over for a user: from our JSON, or the export of another program (JSON, or its zip).

    What was imported before comes in once: only messages that are new are added. Messages are history: nothing is
    counted or priced for them. A conversation that is damaged is left out and named. Raises `ChatError` where none
    comes in, and for a file that is damaged or too large as a whole; what came in before that stays.
    """
    from llmtrack.ledger.chats import Chats

    attached = archive.Attached()
    importer = _Importer(Chats(ledger, user_id), FolderFiles(ledger, user_id), attached)
    seen = 0
    opened = io.BytesIO(file) if isinstance(file, bytes) else file
    for document in archive.documents(opened, attached=attached):
        for entry in (one for outer in entries(document) for one in _conversations_in(outer)):
            seen += 1
            if seen > MOST_CONVERSATIONS:
                raise ChatError(f"This file has more than {MOST_CONVERSATIONS:,} conversations: import it in parts.")
            importer.add(seen, entry)
    return importer.result(seen)


class _Importer:
    """One import on its way."""

    def __init__(self, chats: Chats, folder_files: FolderFiles, attached: archive.Attached) -> None:
        self._chats = chats
        self._folder_files = folder_files
        self._attached = attached
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
        messages, files = self._with_files(chat.messages)
        if not messages:
            return
        lines, ids = _lines(messages, {}, source)
        conversation_id = new_id()
        updated = chat.updated_at or chat.created_at
        head = ids.get(chat.head or "", lines[-1].id)
        self._chats.take_over(
            conversation_id, chat.title, chat.settings, chat.created_at, updated, lines, head,
            {ids[key]: some for key, some in files.items()}, folder_name(chat.folder),
        )  # fmt: skip
        self._fill_folder(chat)
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
        messages, files = self._with_files([message for message in chat.messages if message.key not in ids])
        lines, ids = _lines(messages, ids, None)
        count = self._count
        if not lines:
            self._count = replace(count, unchanged=count.unchanged + 1)
            return
        self._chats.append(conversation_id, lines, {ids[key]: some for key, some in files.items()})
        self._newest = max(self._newest, (chat.updated_at, conversation_id))
        self._count = replace(count, extended=count.extended + 1, messages=count.messages + len(lines))

    def _with_files(
        self, messages: Sequence[ImportedMessage]
    ) -> tuple[Sequence[ImportedMessage], dict[str, list[NewFile]]]:
        """The messages, and their files by key. One with neither text nor a file that is there is left out."""
        files: dict[str, list[NewFile]] = {}
        for message in messages:
            if some := [new for file in message.files if (new := self._file(file))]:
                files[message.key] = some
        count = self._count
        self._count = replace(count, files=count.files + sum(map(len, files.values())))
        empty = {message.key for message in messages if message.files and not message.text and message.key not in files}
        if not empty:
            return messages, files
        self._count = replace(self._count, left_out=self._count.left_out + len(empty))
        above = {message.key: message.parent for message in messages if message.key in empty}
        whole = []
        for message in messages:
            parent = message.parent
            while parent in above:
                parent = above[parent]
            if message.key not in empty:
                whole.append(replace(message, parent=parent))
        return whole, files

    def _file(self, file: ImportedFile) -> NewFile | None:
        """A file out of the zip, as it would be kept if it were sent here; None for one that could not be."""
        given = self._given(file)
        if given is None:
            return None
        try:
            check_file(given, get_settings())
            (new,) = to_keep([given])
        except ChatError:
            return None
        return new

    def _given(self, file: ImportedFile) -> File | None:
        """A file as it came, in its conversation or beside it in the zip."""
        most = int(get_settings().attachment_max_mb * 1_000_000)
        member = ("", file.content) if file.content else self._attached.content(file.id, most)
        if member is None:
            return None
        return File(file.name or member[0] or "file", _kind(member[1]) or file.media_type or "text/plain", member[1])

    def _fill_folder(self, chat: ImportedConversation) -> None:
        """Puts the files of its folder there, those that are not there yet; one that cannot be kept is named."""
        for file in chat.folder_files:
            given = self._given(file)
            try:
                if given is None:
                    raise ChatError(f"{file.name!r} is not in this export.")
                self._folder_files.add(chat.folder or "", [given])
            except ChatError as error:
                named = (*self._count.problems, f"A file of the folder {chat.folder!r}: {error}")
                self._count = replace(self._count, problems=named[:MOST_NAMED], damaged=self._count.damaged + 1)


_SIGNATURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"%PDF-", PDF))


def _kind(data: bytes) -> str | None:
    """What a file is by its first bytes; the ending of its name may be any."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in _SIGNATURES if data.startswith(begin)), None)


def _conversations_in(entry: Any) -> Sequence[Any]:
    """Some programs that save ChatGPT's or Claude's conversations put their list into an object."""
    inside = entry.get("conversations") if isinstance(entry, dict) and "format" not in entry else None
    return inside if isinstance(inside, list) else (entry,)


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
        if "conversationId" in entry and ("messages" in entry or "messagesTree" in entry):
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
