"""The store of the chat page's conversations, in which each user sees only their own.

Messages form a tree: those with the same parent are versions of one turn, and a conversation's `head` is the last
message of the branch shown. Nothing is ever overwritten by another tab; it becomes another branch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, select, update

from llmtrack.ledger.chats import records as rows
from llmtrack.ledger.chats import search
from llmtrack.ledger.chats.records import (
    ATTACHMENT,
    CONVERSATION,
    MESSAGE,
    SHARE,
    USER,
    Filed,
    Heading,
    Line,
    NewFile,
)
from llmtrack.ledger.chats.search import SearchHit
from llmtrack.ledger.write.interning import Interning, Remembered, fitted
from llmtrack.statuses import IN_FLIGHT

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

__all__ = ["Chats", "Filed", "Heading", "Line", "NewFile", "SearchHit", "count", "in_flight", "purge"]

_CHUNK = 400


class Chats:
    """The conversations of one user; those of other users are never returned or changed."""

    def __init__(self, ledger: Ledger, user_id: str) -> None:
        self._ledger = ledger
        self._user_id = user_id

    # Reading

    def headings(self, *, archived: bool = False, limit: int = 200, in_folders: bool | None = None) -> list[Heading]:
        """The latest conversations without deleted ones, pinned ones first; with `in_folders`, those that lie in one,
        or in none."""
        with self._ledger.reading() as connection:
            user = self._user(connection)
            shown = self._own(user).where(CONVERSATION.c.archived == int(archived))
            if in_folders is not None:
                shown = shown.where(CONVERSATION.c.folder.is_not(None) == in_folders)
            order = (CONVERSATION.c.pinned.desc(), CONVERSATION.c.updated_at.desc(), CONVERSATION.c.id.desc())
            return [rows.heading(row) for row in connection.execute(shown.order_by(*order).limit(limit)).mappings()]

    def search(self, text: str, limit: int = 50) -> list[SearchHit]:
        """Conversations whose title or messages hold all words of `text`, latest first, with the place found."""
        with self._ledger.reading() as connection:
            user = self._user(connection)
            hits = search.matches(connection, self._ledger.dialect, user, text)
            titled = search.titled(connection.execute(self._own(user)).mappings(), text)
            ids = sorted({*hits, *titled})
            headings = []
            for start in range(0, len(ids), _CHUNK):
                chunk = self._own(user).where(CONVERSATION.c.id.in_(ids[start : start + _CHUNK]))
                headings += [rows.heading(row) for row in connection.execute(chunk).mappings()]
            headings.sort(key=lambda heading: heading.updated_at, reverse=True)
            return search.with_excerpts(connection, headings[:limit], hits, text)

    def read(self, conversation_id: int) -> tuple[Heading, list[Line]] | None:
        """A conversation with all its messages, oldest first; None where this user has no such conversation."""
        with self._ledger.reading() as connection:
            row = connection.execute(self._one(connection, conversation_id)).mappings().first()
            if row is None:
                return None
            query = select(MESSAGE).where(MESSAGE.c.conversation_id == conversation_id).order_by(MESSAGE.c.id)
            lines = list(connection.execute(query).mappings())
            files = rows.files_of(connection, conversation_id)
        return rows.heading(row), [rows.line_of(line, files.get(line["id"], ())) for line in lines]

    def conversation_of(self, message_id: int) -> int | None:
        """The conversation of this user's in which a message is."""
        with self._ledger.reading() as connection:
            wanted = select(MESSAGE.c.conversation_id).where(MESSAGE.c.id == message_id, self._is_own(connection))
            conversation_id = connection.execute(wanted).scalar_one_or_none()
        return None if conversation_id is None else int(conversation_id)

    def sources(self, name: str) -> dict[str, int]:
        """This user's conversations whose first message says in `meta`, by `name`, where they came from; by that."""
        columns = select(MESSAGE.c.conversation_id, MESSAGE.c.meta)
        with self._ledger.reading() as connection:
            live = select(CONVERSATION.c.id).where(
                CONVERSATION.c.app_user == self._user(connection), CONVERSATION.c.deleted_at.is_(None)
            )
            first = columns.where(MESSAGE.c.parent_id.is_(None), MESSAGE.c.conversation_id.in_(live))
            return {meta[name]: id for id, meta in connection.execute(first) if meta and meta.get(name)}

    def contents(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        """The contents of files of this user's, by id."""
        return self._blobs(file_ids, "content")

    def thumbnails(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        """The small pictures of those files that have one, by id."""
        return self._blobs(file_ids, "thumbnail")

    # Writing

    def create(
        self, conversation_id: int, title: str | None, settings: Mapping[str, Any], folder: str | None = None
    ) -> None:
        """A new, empty conversation."""
        self.take_over(conversation_id, title, settings, 0, 0, (), None, folder=folder)

    def take_over(
        self, conversation_id: int, title: str | None, settings: Mapping[str, Any], created_at: int, updated_at: int,
        lines: Sequence[Line], head: int | None, files: Mapping[int, Sequence[NewFile]] = {},
        folder: str | None = None,
    ) -> None:  # fmt: skip
        """A new conversation with messages from elsewhere, their files by message, and its times (0: now)."""
        now = rows.now()

        def work(connection: Connection) -> None:
            people = Interning(connection, self._ledger.dialect, Remembered())
            people.want_users({self._name: now})
            values = {
                "id": conversation_id, "app_user": people.users[self._name], "title": rows.clean(title),
                "pinned": 0, "archived": 0, "created_at": created_at or now, "updated_at": updated_at or now,
                "version": 0, "head": head, "settings": rows.plain(settings),
                "folder": rows.clean(folder),
            }  # fmt: skip
            connection.execute(insert(CONVERSATION).values(values))
            if lines:
                connection.execute(insert(MESSAGE), [rows.row_of(line, conversation_id) for line in lines])
                self._attach(connection, files)
                search.index(connection, self._ledger.dialect, lines)

        self._ledger.transact(work)

    def append(self, conversation_id: int, lines: Sequence[Line], files: Mapping[int, Sequence[NewFile]]) -> bool:
        """Adds messages, the last of which becomes the head; False where this user has no such conversation.

        `files` are by the id of the message they belong to.
        """

        def work(connection: Connection) -> bool:
            if connection.execute(self._one(connection, conversation_id)).first() is None:
                return False
            connection.execute(insert(MESSAGE), [rows.row_of(line, conversation_id) for line in lines])
            self._attach(connection, files)
            search.index(connection, self._ledger.dialect, [line for line in lines if rows.settled(line.status)])
            self._touch(connection, conversation_id, head=lines[-1].id)
            return True

        return self._ledger.transact(work)

    def rewrite(self, line: Line, *, only_if_in_flight: bool = False) -> bool:
        """Updates an answer; returns whether there was one (with `only_if_in_flight`: one still in flight)."""

        def work(connection: Connection) -> bool:
            values = rows.row_of(line, 0)
            changed = {name: values[name] for name in ("content", "status", "error", "meta")}
            change = update(MESSAGE).where(MESSAGE.c.id == line.id, self._is_own(connection)).values(changed)
            if connection.execute(change.where(MESSAGE.c.status.in_(IN_FLIGHT))).rowcount > 0:
                if rows.settled(line.status):
                    search.index(connection, self._ledger.dialect, [line])
                return True
            # An update of an answer in flight comes too late once the answer has ended.
            late = only_if_in_flight or not rows.settled(line.status)
            return not late and connection.execute(change).rowcount > 0

        return self._ledger.transact(work)

    def change(self, conversation_id: int, **values: Any) -> bool:
        """Changes ``title``, ``pinned``, ``archived``, ``deleted_at``, ``head``, ``settings``, ``folder``.

        Returns whether it existed.
        """
        for name in {"title", "folder"} & values.keys():
            values[name] = rows.clean(values[name])
        if "settings" in values:
            values["settings"] = rows.plain(values["settings"])

        def work(connection: Connection) -> bool:
            user = self._user(connection)
            own = update(CONVERSATION).where(CONVERSATION.c.id == conversation_id, CONVERSATION.c.app_user == user)
            change = own.values(version=CONVERSATION.c.version + 1, **values)
            return connection.execute(change).rowcount > 0

        return self._ledger.transact(work)

    def _attach(self, connection: Connection, files: Mapping[int, Sequence[NewFile]]) -> None:
        attached = [row for id, some in files.items() for row in rows.file_rows(id, some)]
        if attached:
            connection.execute(insert(ATTACHMENT), attached)

    def _touch(self, connection: Connection, conversation_id: int, head: int) -> None:
        changed = {"head": head, "updated_at": rows.now(), "version": CONVERSATION.c.version + 1}
        connection.execute(update(CONVERSATION).where(CONVERSATION.c.id == conversation_id).values(changed))

    # Whose

    @property
    def _name(self) -> str:
        return fitted(self._user_id)

    def _user(self, connection: Connection) -> int:
        user = connection.execute(select(USER.c.id).where(USER.c.user_id == self._name)).scalar_one_or_none()
        return -1 if user is None else int(user)  # nobody's number

    def _own(self, user: int) -> Any:
        return select(CONVERSATION).where(CONVERSATION.c.app_user == user, CONVERSATION.c.deleted_at.is_(None))

    def _one(self, connection: Connection, conversation_id: int) -> Any:
        return self._own(self._user(connection)).where(CONVERSATION.c.id == conversation_id)

    def _is_own(self, connection: Connection) -> Any:
        own = select(CONVERSATION.c.id).where(CONVERSATION.c.app_user == self._user(connection))
        return MESSAGE.c.conversation_id.in_(own)

    def _blobs(self, file_ids: Sequence[int], column: str) -> dict[int, bytes]:
        with self._ledger.reading() as connection:
            wanted = select(ATTACHMENT.c.id, ATTACHMENT.c[column]).join(
                MESSAGE, MESSAGE.c.id == ATTACHMENT.c.message_id
            )
            own = wanted.where(ATTACHMENT.c.id.in_(list(file_ids)), self._is_own(connection))
            return {row[0]: bytes(row[1]) for row in connection.execute(own) if row[1] is not None}


def in_flight(ledger: Ledger, since: int) -> list[tuple[str, int, Line]]:
    """Answers that were still in flight when they were last stored: user, conversation and message.

    `since` is the id from which on to look; ids sort by time, and the table has no index on the status.
    """
    query = (
        select(MESSAGE, USER.c.user_id)
        .join(CONVERSATION, CONVERSATION.c.id == MESSAGE.c.conversation_id)
        .join(USER, USER.c.id == CONVERSATION.c.app_user)
        .where(MESSAGE.c.id >= since, MESSAGE.c.status.in_(IN_FLIGHT))
        .order_by(MESSAGE.c.id)
    )
    with ledger.reading() as connection:
        answers = connection.execute(query).mappings()
        return [(row["user_id"], row["conversation_id"], rows.line_of(row, ())) for row in answers]


def purge(ledger: Ledger, deleted_before: int) -> int:
    """Removes conversations that were deleted before a time (microseconds since 1970) for good; returns how many."""

    def work(connection: Connection) -> int:
        gone = select(CONVERSATION.c.id).where(CONVERSATION.c.deleted_at < deleted_before)
        ids = [row[0] for row in connection.execute(gone.limit(_CHUNK))]
        if not ids:
            return 0
        lines = select(MESSAGE).where(MESSAGE.c.conversation_id.in_(ids))
        messages = [rows.line_of(row, ()) for row in connection.execute(lines).mappings()]
        search.forget(connection, ledger.dialect, [line for line in messages if rows.settled(line.status)])
        owned = select(MESSAGE.c.id).where(MESSAGE.c.conversation_id.in_(ids))
        connection.execute(ATTACHMENT.delete().where(ATTACHMENT.c.message_id.in_(owned)))
        connection.execute(MESSAGE.delete().where(MESSAGE.c.conversation_id.in_(ids)))
        connection.execute(SHARE.delete().where(SHARE.c.conversation_id.in_(ids)))
        connection.execute(CONVERSATION.delete().where(CONVERSATION.c.id.in_(ids)))
        return len(ids)

    return ledger.transact(work)


def count(ledger: Ledger, user_id: str) -> int:
    """How many conversations a user has, deleted ones left out."""
    own = select(USER.c.id).where(USER.c.user_id == fitted(user_id)).scalar_subquery()
    query = select(func.count()).where(CONVERSATION.c.app_user == own, CONVERSATION.c.deleted_at.is_(None))
    with ledger.reading() as connection:
        return int(connection.execute(query).scalar_one())
