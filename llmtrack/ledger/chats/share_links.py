"""Conversations shared by a link: read by everyone here who has it, until it is withdrawn.

A link shows a branch up to the message that was its last when it was made; what is written later stays its owner's.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update

from llmtrack.ledger.chats import records as rows
from llmtrack.ledger.chats.records import ATTACHMENT, CONVERSATION, MESSAGE, SHARE, USER, Heading, Line
from llmtrack.ledger.write.interning import fitted

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a conversation."""

    token: str
    head: int
    """The last message it shows."""
    created_at: int
    """Microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows."""

    owner: str
    """The user id of whose conversation it is."""
    heading: Heading
    lines: tuple[Line, ...]
    """The branch, first message first; nothing of other branches."""
    created_at: int


def share(ledger: Ledger, user_id: str, conversation_id: int, head: int) -> str | None:
    """Makes a link to a user's conversation up to a message; its token, or None where there is no such conversation."""
    token = secrets.token_urlsafe(18)

    def work(connection: Connection) -> str | None:
        owner = _owner(connection, user_id, conversation_id)
        if owner is None:
            return None
        connection.execute(
            insert(SHARE).values(
                token=token, conversation_id=conversation_id, app_user=owner, head=head, created_at=rows.now()
            )
        )
        return token

    return ledger.transact(work)


def shares(ledger: Ledger, user_id: str, conversation_id: int) -> list[Share]:
    """The links of a user's conversation that are not withdrawn, latest first."""
    with ledger.reading() as connection:
        owner = _owner(connection, user_id, conversation_id)
        query = (
            select(SHARE.c.token, SHARE.c.head, SHARE.c.created_at)
            .where(SHARE.c.conversation_id == conversation_id, SHARE.c.app_user == owner, SHARE.c.revoked_at.is_(None))
            .order_by(SHARE.c.created_at.desc())
        )
        return [Share(*row) for row in connection.execute(query)]


def withdraw(ledger: Ledger, user_id: str, token: str) -> bool:
    """Ends a link of a user's; whether there was one."""

    def work(connection: Connection) -> bool:
        owner = select(USER.c.id).where(USER.c.user_id == fitted(user_id)).scalar_subquery()
        own = (SHARE.c.token == token, SHARE.c.app_user == owner, SHARE.c.revoked_at.is_(None))
        return connection.execute(update(SHARE).where(*own).values(revoked_at=rows.now())).rowcount > 0

    return ledger.transact(work)


def read_shared(ledger: Ledger, token: str) -> Shared | None:
    """What a link shows; None where it was withdrawn, its conversation deleted, or there never was one."""
    with ledger.reading() as connection:
        link = connection.execute(select(SHARE).where(SHARE.c.token == token, SHARE.c.revoked_at.is_(None))).first()
        if link is None:
            return None
        live = select(CONVERSATION, USER.c.user_id.label("owner")).join(USER, USER.c.id == CONVERSATION.c.app_user)
        shown = live.where(CONVERSATION.c.id == link.conversation_id, CONVERSATION.c.deleted_at.is_(None))
        conversation = connection.execute(shown).mappings().first()
        if conversation is None:
            return None
        query = select(MESSAGE).where(MESSAGE.c.conversation_id == link.conversation_id)
        by_id = {row["id"]: row for row in connection.execute(query).mappings()}
        files = rows.files_of(connection, link.conversation_id)
        branch, at = [], by_id.get(link.head)
        while at is not None:
            branch.append(rows.line_of(at, files.get(at["id"], ())))
            at = by_id.get(at["parent_id"]) if at["parent_id"] is not None and at["parent_id"] < at["id"] else None
    return Shared(conversation["owner"], rows.heading(conversation), tuple(reversed(branch)), link.created_at)


def shared_files(ledger: Ledger, shared: Shared, *, thumbnails: bool = False) -> dict[int, bytes]:
    """The contents of the files that a link shows, by id; or the small pictures of those that have one."""
    ids: Sequence[int] = [file.id for line in shared.lines for file in line.files]
    column = ATTACHMENT.c.thumbnail if thumbnails else ATTACHMENT.c.content
    with ledger.reading() as connection:
        query = select(ATTACHMENT.c.id, column).where(ATTACHMENT.c.id.in_(ids))
        return {id: bytes(content) for id, content in connection.execute(query) if content is not None}


def _owner(connection: Connection, user_id: str, conversation_id: int) -> int | None:
    own = (
        select(USER.c.id)
        .join(CONVERSATION, CONVERSATION.c.app_user == USER.c.id)
        .where(
            USER.c.user_id == fitted(user_id), CONVERSATION.c.id == conversation_id, CONVERSATION.c.deleted_at.is_(None)
        )
    )
    owner = connection.execute(own).scalar_one_or_none()
    return None if owner is None else int(owner)
