"""One user's conversations in the ledger: list, open, rename, archive, delete, judge."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from llmtrack.chat.answers.prompt import Parameters
from llmtrack.chat.conversations.folders import FolderFiles, folder_name
from llmtrack.chat.conversations.persistence import is_gone, reply_to
from llmtrack.chat.conversations.tree import (
    Conversation,
    Message,
    conversation_of,
    latest_below,
    settings_of,
)
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.model import Model
from llmtrack.statuses import IN_FLIGHT

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Figures, Heading, Line, SearchHit, Total

MOST_IN_FOLDERS = 1_000
GONE = "This conversation is not there any more: start a new one."


class ConversationStore:
    """The conversations of one user; those of others cannot be reached. Cheap to make, safe to use from any thread."""

    def __init__(self, ledger: Ledger, user_id: str, group: str | None = None) -> None:
        """`group` is the team under which answers are booked."""
        from llmtrack.chat.conversations.temporary import RoutedChats

        self.user_id = user_id
        self.group = group
        self._ledger = ledger
        self._chats = RoutedChats(ledger, user_id)
        self.folder_files = FolderFiles(ledger, user_id)
        """The files of this user's folders."""

    def list(self, search: str = "", *, archived: bool = False, limit: int = 200) -> Sequence[Heading]:
        """The latest conversations, pinned ones first; with `search`, those with all its words in title or text."""
        if search.strip():
            return [hit.heading for hit in self._chats.search(search, limit)]
        return self._chats.headings(archived=archived, limit=limit)

    def in_folders(self) -> Sequence[Heading]:
        """The conversations that lie in folders, the latest first."""
        return self._chats.headings(in_folders=True, limit=MOST_IN_FOLDERS)

    def move(self, conversation_id: int, folder: str | None) -> None:
        """Puts a conversation into the folder of that name, which begins with its first; None takes it out."""
        self._changed(self._chats.change(conversation_id, folder=folder_name(folder)))

    def search(self, text: str, limit: int = 50) -> Sequence[SearchHit]:
        """Conversations that hold all words of `text` in title or text, latest first, and where they stand."""
        return self._chats.search(text, limit)

    def open(self, conversation_id: int, head: int | None = None) -> Conversation | None:
        """A conversation with the branch last shown (or the one that ends with `head`); None if there is no such one.

        An answer whose writer is gone (a server that was killed) is settled first, with the text that was kept.
        """
        stored = self._chats.read(conversation_id)
        if stored is None:
            return None
        if lost := [line for line in stored[1] if _has_lost_writer(line)]:
            from llmtrack.chat.conversations.recovery import settle

            for line in lost:
                settle(self._ledger, self.user_id, conversation_id, stored[1], line)
            stored = self._chats.read(conversation_id)
        if stored is None:
            return None
        return replace(conversation_of(*stored, head=head), temporary=self._chats.is_temporary(conversation_id))

    def file(self, file_id: int) -> bytes | None:
        """The content of a file of this user's."""
        return self._chats.contents([file_id]).get(file_id)

    def contents(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        """The contents of files of this user's messages, by id."""
        return self._chats.contents(file_ids) if file_ids else {}

    def thumbnails(self, file_ids: Sequence[int]) -> dict[int, bytes]:
        """The small pictures of files of this user's, for those that have one."""
        return self._chats.thumbnails(file_ids)

    def figures(self, messages: Sequence[Message]) -> dict[int, Figures]:
        """Tokens, cost, time and judgement of answers, by message; those whose row is not written yet are missing."""
        from llmtrack.ledger.chats import figures

        traces = {message.id: message.trace_id for message in messages if message.trace_id}
        by_trace = figures(self._ledger, self.user_id, list(traces.values()))
        return {id: by_trace[trace] for id, trace in traces.items() if trace in by_trace}

    def total(self, conversation_id: int) -> Total | None:
        """What a conversation took so far, all branches included; None before its first row."""
        from llmtrack.ledger.chats import total

        return total(self._ledger, self.user_id, str(conversation_id))

    def choose(self, message_id: int) -> None:
        """Shows the newest branch that goes through a message."""
        chat, _ = self._message(message_id)
        self._chats.change(chat.id, head=latest_below(chat.everything, message_id))

    def configure(
        self, conversation_id: int, model: Model, parameters: Parameters, resend_files: bool = True,
        folder_files: bool | None = None,
    ) -> None:  # fmt: skip
        """Remembers model, parameters and which files go along for the next messages of a conversation."""
        settings = settings_of(model.key, parameters, resend_files, folder_files)
        self._changed(self._chats.change(conversation_id, settings=settings))

    def rename(self, conversation_id: int, title: str) -> None:
        """Gives a conversation another title."""
        line = " ".join(title.split())[:200]
        if not line:
            raise ChatError("The title is empty: write something, or leave it as it is.")
        self._changed(self._chats.change(conversation_id, title=line))

    def pin(self, conversation_id: int, pinned: bool = True) -> None:
        """Keeps a conversation at the top of the list, or lets it go."""
        self._changed(self._chats.change(conversation_id, pinned=int(pinned)))

    def archive(self, conversation_id: int, archived: bool = True) -> None:
        """Takes a conversation off the list without deleting it, or puts it back."""
        self._changed(self._chats.change(conversation_id, archived=int(archived)))

    def delete(self, conversation_id: int) -> None:
        """Deletes a conversation and stops what is in flight in it; `restore` undoes that. Its costs stay counted."""
        chat = self._opened(conversation_id)
        for message in chat.everything:
            if message.in_flight and (reply := reply_to(message.id)):
                reply.cancel()
        self._changed(self._chats.change(conversation_id, deleted_at=time.time_ns() // 1000))

    def restore(self, conversation_id: int) -> None:
        """Brings a deleted conversation back."""
        self._changed(self._chats.change(conversation_id, deleted_at=None))

    def judge(self, message_id: int, score: int, comment: str | None = None) -> None:
        """What the user thinks of an answer: 1, -1, or 0 to take it back."""
        import llmtrack

        chat, message = self._message(message_id)
        if message.trace_id is None:
            raise ChatError("Only an answer can be judged.")
        if chat.temporary:
            comment = None  # a text, and nothing but numbers is kept of it
        llmtrack.feedback(message.trace_id, score, comment, user_id=self.user_id)

    @staticmethod
    def _changed(there: bool) -> None:
        if not there:
            raise ChatError(GONE)

    def _opened(self, conversation_id: int) -> Conversation:
        chat = self.open(conversation_id)
        if chat is None:
            raise ChatError(GONE)
        return chat

    def _message(self, message_id: int) -> tuple[Conversation, Message]:
        conversation_id = self._chats.conversation_of(message_id)
        chat = self._opened(conversation_id) if conversation_id is not None else None
        message = chat.message(message_id) if chat else None
        if chat is None or message is None:
            raise ChatError("This message is not there any more: reload the page.")
        return chat, message


def _has_lost_writer(line: Line) -> bool:
    return line.status in IN_FLIGHT and reply_to(line.id) is None and is_gone(line.meta)
