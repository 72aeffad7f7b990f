"""Temporary conversations: in the memory of this process, and nowhere else.

What they took is counted like everything else; no text, file or title of theirs reaches the ledger, the journal or a
log. They are gone with the process, some hours after they were last touched, or when others take their place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llmtrack.chat.error_messages import ChatError
from llmtrack.ids import new_id
from llmtrack.ledger import Ledger
from llmtrack.ledger.chats import Chats, Filed, Heading, Line, NewFile
from llmtrack.statuses import IN_FLIGHT

IDLE_SECONDS = 6 * 3600.0
MOST_OF_ONE = 10
"""Temporary conversations of one person; the one untouched longest makes room."""
MOST_BYTES = 20_000_000
"""Bytes of files in one of them."""


@dataclass(slots=True)
class _Remembered:
    """A conversation in memory."""

    heading: Heading
    lines: dict[int, Line] = field(default_factory=dict)
    files: dict[int, NewFile] = field(default_factory=dict)
    deleted: bool = False
    touched: float = field(default_factory=time.monotonic)


_lock = threading.RLock()
_people: dict[tuple[str, str], dict[int, _Remembered]] = {}
"""By ledger and user id, as one process may serve several ledgers."""


class RoutedChats(Chats):
    """A user's conversations: temporary ones from memory, all others from the ledger."""

    def __init__(self, ledger: Ledger, user_id: str) -> None:
        super().__init__(ledger, user_id)
        self._whose = (ledger.name, user_id)

    def begin_temporary(self, conversation_id: int, settings: Mapping[str, Any], folder: str | None = None) -> None:
        """A new, empty conversation of which nothing is kept."""
        now = time.time_ns() // 1000
        with _lock:
            _forget_idle()
            own = _people.setdefault(self._whose, {})
            while len(own) >= MOST_OF_ONE:
                del own[min(own, key=lambda id: own[id].touched)]
            heading = Heading(
                conversation_id, "Temporary chat", False, False, now, now, 0, None, dict(settings), folder
            )
            own[conversation_id] = _Remembered(heading)

    def is_temporary(self, conversation_id: int) -> bool:
        """Whether a conversation is one of those in memory."""
        return self._at(conversation_id) is not None

    def keep(self, conversation_id: int, title: str) -> bool:
        """Puts a temporary conversation into the ledger, as if it had always been there; whether there was one."""
        with _lock:
            chat = self._at(conversation_id)
            if chat is None or any(line.status in IN_FLIGHT for line in chat.lines.values()):
                return False
            heading, files = chat.heading, chat.files
            by_message = {
                line.id: [files[file.id] for file in line.files] for line in chat.lines.values() if line.files
            }
            self.take_over(
                conversation_id, title, heading.settings, heading.created_at, heading.updated_at,
                [replace(line, files=()) for line in chat.lines.values()], heading.head, by_message,
                heading.folder,
            )  # fmt: skip
            del _people[self._whose][conversation_id]
        return True

    def read(self, conversation_id: int) -> tuple[Heading, list[Line]] | None:
        with _lock:
            chat = self._at(conversation_id)
            if chat is None:
                return super().read(conversation_id)
            return None if chat.deleted else (chat.heading, sorted(chat.lines.values(), key=lambda line: line.id))

    def conversation_of(self, message_id: int) -> int | None:
        with _lock:
            for id, chat in _people.get(self._whose, {}).items():
                if message_id in chat.lines:
                    return id
        return super().conversation_of(message_id)

    def contents(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        files = self._files(file_ids)
        others = [id for id in file_ids if id not in files]
        return {id: file.content for id, file in files.items()} | (super().contents(others) if others else {})

    def thumbnails(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        files = self._files(file_ids)
        others = [id for id in file_ids if id not in files]
        small = {id: file.thumbnail for id, file in files.items() if file.thumbnail is not None}
        return small | (super().thumbnails(others) if others else {})

    def append(self, conversation_id: int, lines: Sequence[Line], files: Mapping[int, Sequence[NewFile]]) -> bool:
        with _lock:
            chat = self._at(conversation_id)
            if chat is None:
                return super().append(conversation_id, lines, files)
            if chat.deleted:
                return False
            sizes = [len(file.content) for some in (chat.files.values(), *files.values()) for file in some]
            if sum(sizes) > MOST_BYTES:
                raise ChatError(f"A temporary chat holds {MOST_BYTES // 1_000_000} MB of files: begin an ordinary one.")
            now = time.time_ns() // 1000
            for line in lines:
                filed = []
                for file in files.get(line.id, ()):
                    id = new_id()
                    chat.files[id] = file
                    filed.append(Filed(id, line.id, file.name, file.media_type, len(file.content)))
                chat.lines[line.id] = replace(line, files=tuple(filed), created_at=line.created_at or now)
            self._change(chat, head=lines[-1].id, updated_at=now)
            return True

    def rewrite(self, line: Line, *, only_if_in_flight: bool = False) -> bool:
        with _lock:
            id = next((id for id, chat in _people.get(self._whose, {}).items() if line.id in chat.lines), None)
            if id is None:
                return super().rewrite(line, only_if_in_flight=only_if_in_flight)
            chat = _people[self._whose][id]
            before = chat.lines[line.id]
            late = before.status not in IN_FLIGHT and (only_if_in_flight or line.status in IN_FLIGHT)
            if not late:
                chat.lines[line.id] = replace(line, created_at=before.created_at, files=before.files)
            return not late

    def change(self, conversation_id: int, **values: Any) -> bool:
        with _lock:
            chat = self._at(conversation_id)
            if chat is None:
                return super().change(conversation_id, **values)
            if "deleted_at" in values:
                chat.deleted = values.pop("deleted_at") is not None
            self._change(chat, **values)
            return True

    def _at(self, conversation_id: int) -> _Remembered | None:
        with _lock:
            chat = _people.get(self._whose, {}).get(conversation_id)
            if chat is not None:
                chat.touched = time.monotonic()
            return chat

    def _change(self, chat: _Remembered, **values: Any) -> None:
        for name in ("pinned", "archived"):
            if name in values:
                values[name] = bool(values[name])
        chat.heading = replace(chat.heading, version=chat.heading.version + 1, **values)

    def _files(self, file_ids: Sequence[int]) -> dict[int, NewFile]:
        with _lock:
            own = [chat.files for chat in _people.get(self._whose, {}).values()]
            return {id: files[id] for files in own for id in file_ids if id in files}


def _forget_idle() -> None:
    before = time.monotonic() - IDLE_SECONDS
    for own in _people.values():
        for id in [id for id, chat in own.items() if chat.touched < before]:
            del own[id]
