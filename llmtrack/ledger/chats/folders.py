"""The folders of one user's conversations: their files, which go with every message of the conversations in them.

A folder is a name: it is there as long as a conversation or a file is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, select, update

from llmtrack.ids import new_id
from llmtrack.ledger.chats import records as rows
from llmtrack.ledger.chats.records import CONVERSATION, FOLDER_FILE, USER
from llmtrack.ledger.write.interning import Interning, Remembered, fitted

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder, without its content."""

    id: int
    folder: str
    name: str
    media_type: str
    size: int
    pages: int | None = None
    """Of a PDF, where they could be counted."""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class NewFolderFile:
    """A file to be kept in a folder."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    pages: int | None = None


class Folders:
    """The folders of one user; those of other users are never returned or changed."""

    def __init__(self, ledger: Ledger, user_id: str) -> None:
        self._ledger = ledger
        self._name = fitted(user_id)

    def counts(self) -> dict[str, int]:
        """How many files each folder has, by its name; those without any are missing."""
        query = select(FOLDER_FILE.c.folder, func.count()).where(self._is_own()).group_by(FOLDER_FILE.c.folder)
        with self._ledger.reading() as connection:
            return {folder: int(count) for folder, count in connection.execute(query)}

    def files(self, folder: str) -> list[FolderFile]:
        """The files of a folder, in the order in which they came."""
        columns = (FOLDER_FILE.c[name] for name in ("id", "folder", "name", "media_type", "size", "pages", "sha256"))
        query = select(*columns).where(FOLDER_FILE.c.folder == folder, self._is_own()).order_by(FOLDER_FILE.c.id)
        with self._ledger.reading() as connection:
            return [FolderFile(*row) for row in connection.execute(query)]

    def contents(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        """The contents of files of this user's folders, by id."""
        query = select(FOLDER_FILE.c.id, FOLDER_FILE.c.content)
        own = query.where(FOLDER_FILE.c.id.in_(list(file_ids)), self._is_own())
        with self._ledger.reading() as connection:
            return {id: bytes(content) for id, content in connection.execute(own)}

    def add(self, folder: str, files: Sequence[NewFolderFile], most_files: int, most_bytes: int) -> bool:
        """Puts files into a folder, all or none; False where it would have more than `most_files` or `most_bytes`."""
        now = rows.now()

        def work(connection: Connection) -> bool:
            people = Interning(connection, self._ledger.dialect, Remembered())
            people.want_users({self._name: now})
            user = people.users[self._name]
            there = (FOLDER_FILE.c.app_user == user, FOLDER_FILE.c.folder == folder)
            held = select(func.count(), func.coalesce(func.sum(FOLDER_FILE.c.size), 0)).where(*there)
            count, size = connection.execute(held).one()
            if count + len(files) > most_files or size + sum(len(file.content) for file in files) > most_bytes:
                return False
            connection.execute(insert(FOLDER_FILE), [_row(file, folder, user, now) for file in files])
            return True

        return not files or self._ledger.transact(work)

    def remove(self, file_id: int) -> bool:
        """Deletes a file of a folder; whether there was one."""
        gone = FOLDER_FILE.delete().where(FOLDER_FILE.c.id == file_id, self._is_own())
        return self._ledger.transact(lambda connection: connection.execute(gone).rowcount > 0)

    def delete(self, folder: str) -> int:
        """Deletes a folder with its files; its conversations stay, outside of it. Returns how many files are gone."""

        def work(connection: Connection) -> int:
            inside = (CONVERSATION.c.folder == folder, CONVERSATION.c.app_user == self._user())
            out = update(CONVERSATION).where(*inside)
            connection.execute(out.values(folder=None, version=CONVERSATION.c.version + 1))
            gone = FOLDER_FILE.delete().where(FOLDER_FILE.c.folder == folder, self._is_own())
            return connection.execute(gone).rowcount

        return self._ledger.transact(work)

    def _user(self) -> Any:
        return select(USER.c.id).where(USER.c.user_id == self._name).scalar_subquery()

    def _is_own(self) -> Any:
        return FOLDER_FILE.c.app_user == self._user()


def _row(file: NewFolderFile, folder: str, user: int, now: int) -> dict[str, Any]:
    return {
        "id": new_id(),
        "app_user": user,
        "folder": folder,
        "name": rows.clean(file.name),
        "media_type": rows.clean(file.media_type),
        "size": len(file.content),
        "pages": file.pages,
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "content": file.content,
        "created_at": now,
    }
