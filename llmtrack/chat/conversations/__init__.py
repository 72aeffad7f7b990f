"""Conversations: stored, branched, recovered, imported and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.chat.conversations.export import to_json as to_json
    from llmtrack.chat.conversations.export import to_markdown as to_markdown
    from llmtrack.chat.conversations.history import MOST_COMPARED as MOST_COMPARED
    from llmtrack.chat.conversations.history import Conversations as Conversations
    from llmtrack.chat.conversations.history import Turn as Turn
    from llmtrack.chat.conversations.history import reply_to as reply_to
    from llmtrack.chat.conversations.imports.importer import Imported as Imported
    from llmtrack.chat.conversations.imports.importer import import_file as import_file
    from llmtrack.chat.conversations.tree import Conversation as Conversation
    from llmtrack.chat.conversations.tree import Message as Message

_HOMES = {
    "Conversation": "tree",
    "Conversations": "history",
    "Imported": "imports.importer",
    "MOST_COMPARED": "history",
    "Message": "tree",
    "Turn": "history",
    "import_file": "imports.importer",
    "reply_to": "history",
    "to_json": "export",
    "to_markdown": "export",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
