"""Sharing a conversation with others here by a link, and going on with what was shared in one's own chat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmtrack.chat.conversations.store import GONE
from llmtrack.chat.conversations.tree import Conversation, conversation_of, next_id
from llmtrack.chat.error_messages import ChatError
from llmtrack.ids import new_id

if TYPE_CHECKING:
    from llmtrack.chat.conversations.history import Conversations
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Share

WITHDRAWN = "There is nothing behind this link: it was withdrawn, its conversation was deleted, or it is not whole."


@dataclass(frozen=True, slots=True)
class SharedConversation:
    """A conversation as its link shows it."""

    owner: str
    conversation: Conversation
    """The branch that was shared, and nothing else of it."""
    created_at: int
    """When the link was made, in microseconds since 1970."""
    thumbnails: dict[int, bytes]
    """The small pictures of its files, by id."""


def share(ledger: Ledger, user_id: str, conversation: Conversation) -> str:
    """A link's token for a conversation up to its last message. Raises `ChatError` for one that cannot be shared."""
    from llmtrack.ledger import chats

    if conversation.temporary:
        raise ChatError("A temporary chat cannot be shared: keep it first.")
    if not conversation.messages or any(message.in_flight for message in conversation.messages):
        raise ChatError("An answer is still being written: share it when it has ended.")
    token = chats.share(ledger, user_id, conversation.id, conversation.messages[-1].id)
    if token is None:
        raise ChatError(GONE)
    return token


def share_links(ledger: Ledger, user_id: str, conversation: Conversation) -> list[Share]:
    """The links of a conversation that are not withdrawn, latest first."""
    from llmtrack.ledger import chats

    return chats.shares(ledger, user_id, conversation.id)


def withdraw_link(ledger: Ledger, user_id: str, token: str) -> None:
    """Ends a link of one's own; whoever has it finds nothing behind it from now on."""
    from llmtrack.ledger import chats

    chats.withdraw(ledger, user_id, token)


def open_shared(ledger: Ledger, token: str) -> SharedConversation | None:
    """What a link shows; None where there is nothing behind it."""
    from llmtrack.ledger import chats

    shared = chats.read_shared(ledger, token)
    if shared is None or not shared.lines:
        return None
    conversation = conversation_of(shared.heading, shared.lines, head=shared.lines[-1].id)
    small = chats.shared_files(ledger, shared, thumbnails=True)
    return SharedConversation(shared.owner, conversation, shared.created_at, small)


def take_over_shared(ledger: Ledger, mine: Conversations, token: str) -> int:
    """Copies what a link shows, files included, into a conversation of one's own; its id. Costs nothing.

    Raises `ChatError` where there is nothing behind the link any more.
    """
    from llmtrack.ledger import chats

    shared = chats.read_shared(ledger, token)
    if shared is None or not shared.lines:
        raise ChatError(WITHDRAWN)
    contents = chats.shared_files(ledger, shared)
    small = chats.shared_files(ledger, shared, thumbnails=True)
    lines, files, last = [], {}, 0
    for line in shared.lines:
        parent, last = last or None, next_id(last)
        # Without its trace: what the answer took is its owner's.
        lines.append(replace(line, id=last, parent_id=parent, trace_id=None, files=(), meta={}))
        files[last] = [
            chats.NewFile(file.name, file.media_type, contents[file.id], small.get(file.id))
            for file in line.files
            if file.id in contents
        ]
    conversation_id = new_id()
    settings = {name: value for name, value in shared.heading.settings.items() if name != "system"}
    chats.Chats(ledger, mine.user_id).take_over(
        conversation_id, shared.heading.title, settings, 0, 0, lines, lines[-1].id, files
    )
    return conversation_id
